"""Quotation marks of every kind, reporting verbs, and the voice of a match."""

import time

import numpy as np
import pytest

from analysis.files import line_spans
from analysis.rules import voices
from analysis.rules.voices import VOICES, Voices, reported
from analysis.store import cache
from analysis.tokens import tokenize


def inside(paragraph: str) -> list[tuple[str, int, bool]]:
    return [(paragraph[q.start : q.end], q.depth, q.closed) for q in voices._quotes(paragraph)]


@pytest.mark.parametrize(
    ("paragraph", "found"),
    [
        ('He said "we lead" today.', [("we lead", 1, True)]),
        ("He said “we lead” today.", [("we lead", 1, True)]),
        ("He said „we lead“ today.", [("we lead", 1, True)]),
        ("Il dit « oui » à tous.", [(" oui ", 1, True)]),
        ("他说「我们领先」。", [("我们领先", 1, True)]),
        ("the ‘security dilemma’ of", [("security dilemma", 1, True)]),
        ('"One" and "two".', [("One", 1, True), ("two", 1, True)]),
        (
            "“He said ‘we lead’ to us.”",
            [("He said ‘we lead’ to us.", 1, True), ("we lead", 2, True)],
        ),
        ("‘We don’t lead China’s race’", [("We don’t lead China’s race", 1, True)]),
        ("China’s and the firms’ lead", []),
        ('a 5" disk and a 3" disk', []),
        ("no opening ” here", []),
        ("", []),
    ],
)
def test_quotes(paragraph, found):
    """Straight, curly, low, angle and corner marks, nested ones, and what is no mark at all."""
    assert inside(paragraph) == found


@pytest.mark.parametrize(
    ("paragraph", "found"),
    [
        ("He said “we lead. And more.", [("we lead. And more.", 1, False)]),
        ("“He said ‘we lead” to us.", [("He said ‘we lead", 1, True), ("we lead", 2, False)]),
        ("“One ‘two", [("One ‘two", 1, False), ("two", 2, False)]),
    ],
)
def test_an_unclosed_quote_is_marked(paragraph, found):
    """It ends with the paragraph, or with the quote around it, and says that it was not closed."""
    assert inside(paragraph) == found


def test_a_few_words_mark_a_term():
    """Three words in quotation marks are a term, four are speech."""
    paragraph = "The “so called race” and “the race is lost”."
    (only,) = voices._speech(paragraph)
    assert paragraph[only.start : only.end] == "the race is lost"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("According to Liu, access is limited.", True),
        ("Lu said the firms would wait.", True),
        ("The firms would wait, said Lu Yanxia.", True),
        ("Some scholars argue that China is revisionist.", True),
        ("The report claims that exports fell.", True),
        ("She has repeatedly warned that exports fell.", True),
        ("“We lead,” Xue added.", True),
        ("We argue that China is catching up.", False),
        ("This article argues that the logic applies.", False),
        ("The United States leads.", False),
        ("The states that lead will win.", False),
        ("Its claims are disputed.", False),
        ("It governs according to the law.", False),
        ("The gap is closing.", False),
    ],
)
def test_reported(sentence, expected):
    """Reporting verbs and 'according to'; nouns that look like verbs, and the author's own words."""
    assert reported(sentence) is expected


def voices_of(tokens, word: str) -> list[str]:
    """The voice of every occurrence of a word in a corpus of one block."""
    (block,) = tokens.blocks()
    place = tokens.vocabulary.to_pylist().index(word)
    told = Voices(tokens).of(block)
    return [VOICES[told[n]] for n in np.flatnonzero(block.forms[block.ids] == place)]


def test_voices_by_hand(corpus_of):
    """Inside the marks quoted, elsewhere in a reporting sentence reported, else the author's own."""
    text = "“The race is on now,” Xi said in the race. The race goes on."
    assert voices_of(tokenize(corpus_of(text)), "race") == ["quoted", "reported", "author"]


def test_a_quote_ends_with_its_line(corpus_of):
    """A quote that was never closed reaches neither into the next line nor into the next text."""
    texts = [
        "He wrote “the race is on now.\nThe race goes on.",
        "Ünder “any race at all",
        "A race.",
    ]
    tokens = tokenize(corpus_of(*texts))
    assert voices_of(tokens, "race") == ["quoted", "author", "quoted", "author"]


def test_a_quote_is_found_in_its_own_text(corpus_of):
    """Among many short texts the words of a quote are heard, and not those beside it."""
    tokens = tokenize(corpus_of(*["a “b c d e” f"] * 30))
    assert [voices_of(tokens, word) for word in "aef"] == [["author"] * 30, ["quoted"] * 30, ["author"] * 30]  # fmt: skip


def test_quotes_of_the_five_texts(seeds):
    """The five texts hold 46 quotes, all closed, 22 of them of four words or more."""
    lines = [text[begin:end] for text in seeds.texts for begin, end in line_spans(text)]
    found = [(one, line[one.start : one.end]) for line in lines for one in voices._quotes(line)]
    long = [words for _, words in found if len(voices._WORD.findall(words)) >= 4]
    assert (len(found), all(one.closed for one, _ in found), len(long)) == (46, True, 22)


@pytest.mark.parametrize(
    "text", ["“" * 20_000, '"‘' * 10_000, "said " * 4_000, "has " * 20_000, "a " * 20_000]
)
def test_hostile_texts_are_read_in_time(text):
    """Text that is all marks, or all verbs, takes no longer than its length."""
    began = time.perf_counter()
    voices._quotes(text)
    reported(text)
    assert time.perf_counter() - began < 2


def test_what_was_heard_is_kept(tokens, monkeypatch):
    """Asked again nothing is listened to."""
    (block,) = tokens.blocks()
    first = Voices(tokens).of(block)
    monkeypatch.setattr(voices, "reported", None)
    monkeypatch.setattr(voices, "_speech", None)
    assert (Voices(tokens).of(block) == first).all()


def test_processes_hear_what_one_hears(in_blocks, monkeypatch):
    """Blocks heard by three processes are those of one, and a helper that does nothing is no harm."""
    rows = [{"id": f"d{n}", "text": f"Xi said that {n} grew. “No, it was {n},” Li wrote."} for n in range(60)]  # fmt: skip
    tokens = in_blocks(rows, (300, 900))
    alone = [Voices(tokens).of(block).tolist() for block in tokens.blocks()]
    jobs = tokens.jobs
    assert len(jobs) > 3
    for job in jobs:
        cache.drop("voices", voices._key_in(job))
    monkeypatch.setenv("WORKBOOK_WORKERS", "3")
    monkeypatch.setattr("analysis.store.blocks.WORTH_A_PROCESS", 0)
    prepared = Voices(tokens).prepared()
    assert all(cache.existing("voices", voices._key_in(job)) for job in jobs)
    assert [prepared.of(block).tolist() for block in tokens.blocks()] == alone
