"""What every test may use: a cache of its own, and the five texts, read and tokenised once."""

import json
from pathlib import Path

import pytest

from analysis.corpus import Corpus, read_corpus
from analysis.rules.codebook import Codebook, read_codebook
from analysis.tokens import Tokens, tokenize

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """A cache of its own for this session and every kernel it starts; the user's is never touched."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("WORKBOOK_CACHE", str(folder))
        yield folder


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

    def make(*texts: str, **columns: list[str]) -> Corpus:
        file = tmp_path / "made.jsonl"
        rows = [
            {"id": f"d{n}", "text": text, **{name: values[n] for name, values in columns.items()}}
            for n, text in enumerate(texts)
        ]
        file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return read_corpus(file)

    return make


@pytest.fixture
def in_blocks(tmp_path):
    """Make the tokens of rows, cut into blocks of some bytes or one document: `in_blocks(rows, (least, most))`."""
    import analysis.tokens

    def make(rows: list[dict], cut: tuple[int, int] = (10**9, 10**9)) -> Tokens:
        patch.setattr(analysis.tokens, "_BLOCK_BYTES", max(cut[0], 1))
        file = tmp_path / "rows.jsonl"
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return tokenize(read_corpus(file))

    with pytest.MonkeyPatch.context() as patch:
        yield make


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def fresh_run(tmp_path_factory):
    """The notebooks executed anew at their defaults: folder, outcomes and receipt."""
    from analysis.runs import batch

    folder = tmp_path_factory.mktemp("fresh")
    plan = batch.make_plan(out=str(folder), force=True)
    outcomes, receipt = batch.execute(plan)
    return folder, outcomes, receipt
