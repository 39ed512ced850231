"""Stories: copies and near copies found, whatever the order, and nothing else."""

import numpy as np
import pytest
from scipy import sparse

from analysis.errors import InputError
from analysis.tables import near
from analysis.tables.near import _find_stories, _jaccard, _Pair, _shingles

VOCABULARY = 5_000


@pytest.fixture(scope="module")
def wire():
    """2,000 articles of token ids: 1,400 of their own, 300 copies, 300 edited; and the true pairs."""
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
    documents = [*articles, *copied, *edited]
    return [f"d{number:04d}" for number in range(len(documents))], documents


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
def found(wire):
    return _find_stories(*wire)


def test_every_near_copy_is_found(wire, found):
    """Pairs and their similarity are those of comparing all with all, copies counted once."""
    ids, documents = wire
    first = {}
    for number, document in enumerate(documents):
        first.setdefault(document.tobytes(), number)
    firsts = set(first.values())
    expected = {
        (ids[one], ids[other]): value
        for (one, other), value in all_pairs(documents, 0.8).items()
        if one in firsts and other in firsts
    }
    near = {
        (pair.document, pair.other): pair.similarity for pair in found.pairs if pair.kind == "near"
    }
    assert len(near) > 150
    assert near == pytest.approx(expected)


def test_every_copy_is_found(wire, found):
    """Each of the 300 copies has one exact pair, and the story of its original."""
    exact = [pair for pair in found.pairs if pair.kind == "exact"]
    assert (len(exact), {pair.similarity for pair in exact}) == (300, {1.0})
    story = dict(zip(wire[0], found.names, strict=True))
    assert all(story[pair.document] == story[pair.other] for pair in found.pairs)


def test_stories_are_components(wire, found):
    """Documents are one story when a chain of pairs joins them; its smallest id names it."""
    from scipy.sparse.csgraph import connected_components

    ids, _ = wire
    rank = {name: number for number, name in enumerate(ids)}
    ends = np.array([[rank[pair.document], rank[pair.other]] for pair in found.pairs]).T
    graph = sparse.coo_matrix((np.ones(ends.shape[1]), ends), shape=(len(ids), len(ids)))
    number, labels = connected_components(graph, directed=False)
    smallest = [ids[int(np.flatnonzero(labels == label)[0])] for label in labels]
    assert (len(found), list(found.names)) == (number, smallest)


def test_order_is_irrelevant(wire, found):
    """The same documents in another order are the same stories and pairs."""
    ids, documents = wire
    order = np.random.default_rng(1).permutation(len(ids))
    again = _find_stories([ids[n] for n in order], [documents[n] for n in order])
    assert again.pairs == found.pairs
    assert [again.names[place] for place in np.argsort(order)] == list(found.names)


def test_numbers_count_stories():
    """Stories are numbered in the order of their names."""
    assert _find_stories(
        ["z", "a", "b"], ["one two", "three four", "One, two."]
    ).numbers.tolist() == [1, 0, 1]


def test_texts_are_compared_by_their_words():
    """Case, punctuation and spaces are no difference; a Chinese sign is a word."""
    texts = ["The race—is ON!", "the race is on", "人工智能的竞赛。", "人工智能 的竞赛", "other"]
    assert _find_stories(list("abcde"), texts).names == ("a", "a", "c", "c", "e")


def test_stretches_and_bands_do_not_matter(wire, found, monkeypatch):
    """Documents taken seven at a time, compared with one kept in mind, are the same stories."""
    monkeypatch.setattr(near, "_BATCH", 7)
    monkeypatch.setattr(near, "_KEPT", 1)
    assert _find_stories(*wire) == found


def test_pairs_of_equal_keys_are_all_proposed():
    """Rows 0, 2, 5 share a key and rows 1, 4 another: three pairs and one, each as one number."""
    keys = np.array([7, 3, 7, 9, 3, 7], dtype=np.uint64)
    pairs = {tuple(divmod(code, 6)) for code in near._agreeing(keys).tolist()}
    assert pairs == {(0, 2), (2, 5), (0, 5), (1, 4)}


def test_chain_is_one_story():
    """A and C are one story through B, though they are less similar than asked."""
    words = [f"w{number}" for number in range(100)]
    texts = [" ".join(words[start : start + 80]) for start in (0, 8, 16)]
    found = _find_stories(["a", "b", "c"], texts)
    assert found.names == ("a", "a", "a")
    assert [(pair.document, pair.other) for pair in found.pairs] == [("a", "b"), ("b", "c")]


def test_similarity_is_exact():
    """72 of 84 shingles shared: worked by hand."""
    words = [f"w{number}" for number in range(100)]
    found = _find_stories(["a", "b"], [" ".join(words[0:80]), " ".join(words[6:86])])
    assert found.pairs == (_Pair("a", "b", 72 / 84, "near"),)


@pytest.mark.parametrize(("similarity", "stories"), [(0.85, 1), (0.86, 2), (0.5, 1), (1, 2)])
def test_limit_decides(similarity, stories):
    """Documents alike in 72 of 84 shingles (0.857) are one story up to that limit."""
    words = [f"w{number}" for number in range(100)]
    texts = [" ".join(words[0:80]), " ".join(words[6:86])]
    assert len(_find_stories(["a", "b"], texts, similarity=similarity)) == stories


@pytest.mark.parametrize("documents", [["", " ", "…"], [np.array([], dtype=np.int32)] * 3])
def test_empty_documents_are_no_story(documents):
    """Documents without a token are not each other's copies."""
    assert len(_find_stories(["a", "b", "c"], documents)) == 3


def test_short_documents():
    """One or two words are compared as they are."""
    assert _find_stories(["a", "b", "c"], ["AI", "ai", "AI race"]).names == ("a", "a", "c")


def test_token_ids_and_none():
    """Ids of any integer type are tokens; no documents are no stories."""
    assert _find_stories(
        ["a", "b"], [np.array([1, 2, 3], dtype=np.int32), np.array([1, 2, 3], dtype=np.int64)]
    ).names == ("a", "a")
    assert _find_stories([], []).names == ()


@pytest.mark.parametrize(
    ("ids", "similarity", "message"),
    [(["a", "b"], 0.4, "similarity is out of range: 0.4; allowed: 0.5 to 1"), (["a", "a"], 0.8, "every document needs an id of its own")],
)  # fmt: skip
def test_refused(ids, similarity, message):
    """A similarity out of range and a doubled id are refused."""
    with pytest.raises(InputError, match=message):
        _find_stories(ids, ["x", "y"], similarity=similarity)


def test_candidates_are_bounded(monkeypatch):
    """More candidates than the limit are refused and not compared for hours."""
    monkeypatch.setattr(near, "_MOST_CANDIDATES", 10)
    texts = [f"the same passage stands in every one of these {number}" for number in range(60)]
    with pytest.raises(InputError, match="too many documents share passages"):
        _find_stories([str(number) for number in range(60)], texts)


def test_shingles_and_jaccard():
    """Five tokens have three shingles of three; two shared of four is a half."""
    one, other = _shingles(np.array([1, 2, 3, 4, 5])), _shingles(np.array([1, 2, 3, 4, 9]))
    assert (len(one), _jaccard(one, other)) == (3, 2 / 4)


def test_shingles_keep_the_order():
    """The same tokens in another order are another shingle."""
    assert (
        len(
            np.unique(
                np.concatenate(
                    [_shingles(np.array(p)) for p in ([1, 2, 3], [3, 2, 1], [2, 1, 3], [0, 3, 3])]
                )
            )
        )
        == 4
    )
