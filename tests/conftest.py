"""What every test may use: the five texts, read and tokenised once."""

from pathlib import Path

import pytest

from analysis.codebook import Codebook, read_codebook
from analysis.corpus import Corpus, read_corpus
from analysis.tokens import Tokens, tokenize

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"


@pytest.fixture(scope="session")
def seeds() -> Corpus:
    return read_corpus(SEEDS)


@pytest.fixture(scope="session")
def tokens(seeds) -> Tokens:
    """Tokens of the five texts, excluded lines left out."""
    return tokenize(seeds)


@pytest.fixture(scope="session")
def tokens_as_given(seeds) -> Tokens:
    """Tokens of the five texts, nothing excluded."""
    return tokenize(seeds.with_everything())


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return read_codebook(SEEDS / "codebook.yaml")


@pytest.fixture
def corpus_of(tmp_path):
    """Make a corpus of texts: `corpus_of("one text", "another", source=["A", "B"])`."""
    import json

    def make(*texts: str, **columns: list[str]) -> Corpus:
        file = tmp_path / "made.jsonl"
        rows = [
            {"id": f"d{n}", "text": text, **{name: values[n] for name, values in columns.items()}}
            for n, text in enumerate(texts)
        ]
        file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return read_corpus(file)

    return make


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def fresh_run(tmp_path_factory):
    """The three notebooks executed anew at their defaults: folder, outcomes and receipt."""
    from analysis import runs

    folder = tmp_path_factory.mktemp("fresh")
    plan = runs.make_plan(out=str(folder), force=True)
    outcomes, receipt = runs.execute(plan)
    return folder, outcomes, receipt
