"""Stories: copies and near copies found, whatever the order, and nothing else."""

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.tables import stories
from analysis.tables.stories import CorpusStories, _jaccard, _shingles, duplicate_table, stories_of
from analysis.tokens import tokenize

VOCABULARY = 5_000


@pytest.fixture(scope="module")
def wire():
    """2,000 articles of token numbers: 1,400 of their own, 300 copies, 300 edited."""
    generator = np.random.default_rng(7)
    chances = 1 / np.arange(1, VOCABULARY + 1)
    chances /= chances.sum()
    articles = [
        generator.choice(VOCABULARY, size=generator.integers(60, 600), p=chances)
        for _ in range(1_400)
    ]
    copied = [articles[number].copy() for number in generator.integers(0, 1_400, 300)]
    edited = []
    for number in generator.integers(0, 1_400, 300):
        article = articles[number].copy()
        places = generator.choice(
            len(article), size=int(len(article) * generator.uniform(0, 0.07)), replace=False
        )
        article[places] = generator.integers(0, VOCABULARY, len(places))
        edited.append(np.concatenate([generator.integers(0, VOCABULARY, 3), article]))
    return [*articles, *copied, *edited]


def all_pairs(documents, similarity: float) -> dict[tuple[int, int], float]:
    """Every pair at least this similar, by comparing all with all, of shingles as tuples."""
    known: dict[tuple, int] = {}
    rows = [
        {known.setdefault(tuple(d[n : n + 3]), len(known)) for n in range(len(d) - 2)}
        for d in documents
    ]
    sizes = np.array([len(row) for row in rows])
    columns = np.concatenate([list(row) for row in rows])
    table = sparse.csr_matrix(
        (np.ones(len(columns)), columns, np.concatenate(([0], np.cumsum(sizes))))
    )
    shared = sparse.triu(table @ table.T, k=1).tocoo()
    index = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    hits = zip(shared.row, shared.col, index, strict=True)
    return {(int(one), int(other)): value for one, other, value in hits if value >= similarity}


@pytest.fixture(scope="module")
def corpus_of_wire(wire, tmp_path_factory):
    """Make the tokens of the articles, in an order of their numbers."""

    def make(order):
        file = tmp_path_factory.mktemp("wire") / "wire.jsonl"
        texts = [" ".join(f"w{token}" for token in document) for document in wire]
        rows = [{"id": f"d{number:04d}", "text": texts[number]} for number in order]
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return tokenize(read_corpus(file))

    return make


@pytest.fixture(scope="module")
def found(corpus_of_wire, wire) -> CorpusStories:
    return stories_of(corpus_of_wire(range(len(wire))))


def pairs_of(found: CorpusStories, kind: str) -> dict[tuple[str, str], float]:
    """The pairs of documents of a kind, and how similar they are."""
    table = duplicate_table(found)
    table = table[table["kind"] == kind]
    return dict(zip(zip(table["document"], table["other"], strict=True), table["similarity"], strict=True))  # fmt: skip


def test_every_near_copy_is_found(wire, found):
    """Pairs and their similarity are those of comparing all with all, copies counted once."""
    first: dict[bytes, int] = {}
    for number, document in enumerate(wire):
        first.setdefault(document.tobytes(), number)
    firsts = set(first.values())
    expected = {
        (f"d{one:04d}", f"d{other:04d}"): value
        for (one, other), value in all_pairs(wire, 0.8).items()
        if one in firsts and other in firsts
    }
    assert len(expected) > 150
    assert pairs_of(found, "near") == pytest.approx(expected)


def test_every_copy_is_found(found):
    """Each of the 300 copies has one exact pair, and the story of its original."""
    exact = pairs_of(found, "exact")
    assert (len(exact), set(exact.values())) == (300, {1.0})
    one, other = found.found.pairs.T
    assert (found.found.story[one] == found.found.story[other]).all()


def test_stories_are_components(wire, found):
    """Documents are one story when a chain of pairs joins them; its first document names it."""
    pairs, n = found.found.pairs, len(wire)
    graph = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n))
    number, labels = connected_components(graph, directed=False)
    first = [int(np.flatnonzero(labels == label)[0]) for label in labels]
    assert (len(found), found.found.story.tolist()) == (number, first)


def test_order_is_irrelevant(corpus_of_wire, wire, found):
    """The same documents in another order are the same stories and pairs."""
    again = stories_of(corpus_of_wire(np.random.default_rng(1).permutation(len(wire))))
    assert duplicate_table(again).equals(duplicate_table(found))
    assert again.found.story.tolist() == found.found.story.tolist()


def test_case_and_punctuation_are_no_difference(corpus_of):
    """Case, punctuation and spaces are no difference; a Chinese text is compared by its words."""
    texts = ["The RACE—is on!", "the race is on", "人工智能的竞赛。", "人工智能 的竞赛", "other"]
    languages = ["en", "en", "zh", "zh", "en"]
    found = stories_of(tokenize(corpus_of(*texts, language=languages)))
    assert found.found.story.tolist() == [0, 0, 2, 2, 4]


def test_batches_and_blocks_do_not_matter(in_blocks, monkeypatch):
    """Documents taken seven at a time from many blocks, compared with one kept in mind, are the
    same stories."""
    words = np.random.default_rng(4).choice(400, 200).astype(str)
    rows = [{"id": f"d{n:02}", "text": f"{n // 4} {' '.join(words[n // 4 :])}"} for n in range(60)]
    whole = stories_of(in_blocks(rows))
    monkeypatch.setattr(stories, "_BATCH", 7)
    monkeypatch.setattr(stories, "_KEPT_DOCUMENTS", 1)
    monkeypatch.setattr(stories, "_KEPT_BLOCKS", 1)
    tokens = in_blocks(rows, (2_000, 6_000))
    assert len(tokens.keys) > 3
    cut = stories._find_pairs(tokens, 0.8)[0]
    assert len(cut.pairs) > 100
    for name, values in vars(whole.found).items():
        assert (getattr(cut, name) == values).all()


def test_pairs_of_equal_keys_are_all_proposed():
    """Rows 0, 2, 5 share a key and rows 1, 4 another: three pairs and one, each as one number."""
    keys = np.array([7, 3, 7, 9, 3, 7], dtype=np.uint64)
    pairs = {tuple(divmod(code, 6)) for code in stories._equal_pairs(keys).tolist()}
    assert pairs == {(0, 2), (2, 5), (0, 5), (1, 4)}


WORDS = [f"w{number}" for number in range(100)]


def test_similarity_is_exact(corpus_of):
    """72 of 84 shingles shared: worked by hand."""
    found = stories_of(tokenize(corpus_of(" ".join(WORDS[0:80]), " ".join(WORDS[6:86]))))
    assert pairs_of(found, "near") == {("d0", "d1"): 72 / 84}


@pytest.mark.parametrize(("similarity", "n"), [(0.85, 1), (0.86, 2), (0.5, 1), (1, 2)])
def test_limit_decides(corpus_of, similarity, n):
    """Documents alike in 72 of 84 shingles (0.857) are one story up to that limit."""
    tokens = tokenize(corpus_of(" ".join(WORDS[0:80]), " ".join(WORDS[6:86])))
    assert len(stories_of(tokens, similarity=similarity)) == n


def test_empty_documents_are_no_story(corpus_of):
    """Documents without a token are not each other's copies."""
    assert len(stories_of(tokenize(corpus_of("…", "—", "…", "word")))) == 4


def test_short_documents(corpus_of):
    """One or two words are compared as they are."""
    found = stories_of(tokenize(corpus_of("AI", "ai", "AI race")))
    assert found.found.story.tolist() == [0, 0, 2]


@pytest.mark.parametrize("similarity", [0.4, 1.1])
def test_refused(tokens, similarity):
    """A similarity out of range is refused."""
    message = f"similarity is out of range: {similarity}; allowed: 0.5 to 1"
    with pytest.raises(InputError, match=message):
        stories_of(tokens, similarity=similarity)


def test_candidates_are_bounded(monkeypatch, corpus_of):
    """More candidates than the limit are refused and not compared for hours."""
    monkeypatch.setattr(stories, "_MAX_CANDIDATES", 10)
    texts = [f"the same passage appears in every one of these {number}" for number in range(60)]
    found = stories_of(tokenize(corpus_of(*texts)))
    assert "too many documents share passages" in found.problem
    assert len(found) == 60


def test_shingles_and_jaccard():
    """Five tokens have three shingles of three; two shared of four is a half."""
    one, other = (np.unique(_shingles(np.array([1, 2, 3, 4, last]))) for last in (5, 9))
    assert (len(one), _jaccard(one, other)) == (3, 2 / 4)


def test_shingles_keep_the_order():
    """The same tokens in another order are another shingle."""
    orders = ([1, 2, 3], [3, 2, 1], [2, 1, 3], [0, 3, 3])
    assert len(np.unique([_shingles(np.array(one)) for one in orders])) == 4
