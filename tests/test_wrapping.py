"""Hard-wrapped text: the lines of a paragraph are joined for cutting, and only for that."""

import json
import textwrap
import time

import pytest
import reading
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import rule_set

from analysis.corpus import read_corpus
from analysis.language.wrapping import at_hyphen, joints
from analysis.report.checkup import describe_checkup
from analysis.report.pages import concordance_page, sentence_pages
from analysis.rules.evidence import concordance, evidence_table, find
from analysis.rules.voices import Voices
from analysis.tables.overview import document_table
from analysis.tables.trends import years_mentioned
from analysis.tokens import part_of, tokenize

PROSE = (
    "The harbour master wrote that export controls on deep sea cables would delay the repair of the "
    "northern line. A spokesman repeated that national security was the only reason for closing the "
    "strait to foreign survey ships. Both navies now speak of a strategic competition over the "
    "islands that neither of them has ever settled. Fishermen in the villages hardly notice the "
    "artificial reef race that the two ministries have begun to run."
)
GERMAN = (
    "Der Minister sprach im Hafen von der Sicherheit der Kabel und von den Kosten der Arbeit. Die "
    "Opposition hielt die Rede für einen Versuch, von den Problemen der Stadt abzulenken. Niemand im "
    "Saal konnte sagen, wer das Wort zuerst gebraucht hatte, und doch war es in aller Munde."
)
CHINESE = "双方都说竞争已经开始并且不会很快结束。港口的官员认为人工智能会改变海上的安全形势。渔民几乎没有注意到两个部门之间的竞赛。没有人知道谁先说了这句话。委员会要求在夏天之前举行一次投票并公布所有的文件。"
VERSE = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimmed"""
BULLETS = """- export controls on the cables of the new
- treaties on nuclear arms and the sea of
- reports of the ministry of the harbour in
- artificial reefs and races along the coast"""
NUMBERED = """1. export controls on the cables of the new
2. treaties on nuclear arms and the sea of
3. reports of the ministry of the harbour in
4. artificial reefs and races along the coast"""
YEARS = """1990 the harbour was opened by the minister of
1991 the harbour was closed by the minister of
1994 the harbour was opened by the minister of
1995 the harbour was closed by the minister of"""
NAMES = """Alice Smith, Minister of Trade and Industry
Robert Jones, Secretary of State for Health
Mary Brown, Permanent Secretary, Treasury of
John Green, Director of the Harbour Office"""
TABLE = """exports of grain and oil       1990     4,552
imports of coal and iron       1991     5,813
harbour dues and the rest      1992     1,500
loans of the two ministries    1993    35,860"""
HEADINGS = """The northern line and who will repair it
What the two ministries have said so far
Why nobody in the villages seems to notice
How the competition began, and when it may"""
SENTENCES = """The harbour master wrote about the cables.
A spokesman repeated that it was the only way.
Both navies now speak of the two islands.
Fishermen in the villages hardly notice it."""
SHORT = "export controls\non the cables of\nthe new line in\nthe sea of the\nnorth"
LONG = "\n".join([PROSE[:200].rsplit(" ", 1)[0]] * 5)


def wrap(text: str, width: int = 60, **options) -> str:
    """A text in lines of at most so many characters, no word cut."""
    return textwrap.fill(text, width, break_on_hyphens=False, break_long_words=False, **options)


def tokens_of(corpus_of, text: str, language: str = "en"):
    return tokenize(corpus_of(text, language=[language]))


WORDS = st.sampled_from(
    [
        "the",
        "of",
        "in",
        "harbour",
        "cables",
        "said",
        "that",
        "export",
        "controls",
        "national",
        "security",
        "speak",
        "and",
        "long",
        "when",
        "over",
        "a",
        "ships",
        "minister",
        "villages",
        "notice",
        "it",
        "race",
        "strategic",
        "China",
        "US",
        "repair",
        "London",
        "was",
        "not",
        "by",
    ]
)
SENTENCE = st.lists(WORDS, min_size=6, max_size=25).map(lambda words: f"The {' '.join(words)}.")


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    st.lists(SENTENCE, min_size=6, max_size=12).map(" ".join).filter(lambda t: len(t) > 600),
    st.integers(45, 100),
    st.sampled_from(["\n", "\r\n"]),
)
def test_wrapped_words_are_cut_as_on_one_line(text, width, newline):
    """The same words, wrapped at any width or not, give the same sentences of the same tokens."""
    wrapped = wrap(text, width).replace("\n", newline)
    one, other = (reading.read_block(reading.block_of(t))[0] for t in (text, wrapped))
    assert [[form for *_, form in s[2]] for s in other] == [
        [form for *_, form in s[2]] for s in one
    ]
    content = wrapped.encode()
    for _, _, found in other:
        assert all(content[at:].startswith(form.encode()) for at, _, form in found)


@pytest.mark.parametrize("width", [40, 50, 72, 100, 120])
@pytest.mark.parametrize("text", [f"{PROSE} {PROSE}", f"{GERMAN} {GERMAN} {GERMAN}"])
def test_prose_is_joined_at_every_line_end(text, width):
    """Prose is recognised from narrow to wide lines, also where nouns have capitals."""
    wrapped = wrap(text, width)
    assert len(joints(wrapped)) == wrapped.count("\n") > 3


@pytest.mark.parametrize(
    "text",
    [VERSE, BULLETS, NUMBERED, YEARS, NAMES, TABLE, HEADINGS, SENTENCES, SHORT, LONG],
    ids=[
        "verse",
        "bullets",
        "numbered",
        "years",
        "names",
        "table",
        "headings",
        "sentences",
        "short",
        "long",
    ],
)
def test_lines_that_are_no_prose_stay_lines(text):
    """Verse, lists, tables, headings, a sentence a line, short lines and long ones are not joined."""
    assert joints(text) == []


@pytest.mark.parametrize("other", [BULLETS, NUMBERED, VERSE, TABLE, NAMES])
def test_lists_beside_wrapped_prose_stay_lines(other):
    """What is joined in a document with wrapped prose is the prose."""
    text = wrap(PROSE)
    for joined in (f"{text}\n\n{other}", f"{other}\n\n{text}"):
        assert len(joints(joined)) == text.count("\n")


def test_seeds_are_not_wrapped(seeds):
    """No line of the bundled texts is joined."""
    assert [joints(text) for text in seeds.texts] == [[]] * len(seeds)


def test_sentences_keep_to_their_paragraph(corpus_of):
    """A blank line, an indented first line, and a heading end a paragraph, without a full stop too."""
    first, second = wrap(PROSE.rstrip(".")), wrap(PROSE, initial_indent="    ")
    whole = f"The northern line\n{first}\n\n{first}\n{second}"
    tokens = tokens_of(corpus_of, whole)
    lines = first.count("\n") + 1
    assert sorted(set(reading.paragraphs(tokens))) == [1, 2, lines + 3, 2 * lines + 3]
    assert tokens.n_sentences == 1 + 3 * 4


def test_short_paragraphs_of_a_wrapped_document_are_joined():
    """Once a document is known to be wrapped, two full lines are enough."""
    text = (
        wrap(PROSE)
        + "\n\n"
        + wrap("In the minutes, the chair thanked the visitors, and they rose.")
    )
    assert text.count("\n") == len(joints(text)) + 2


def test_short_lines_within_wrapped_prose_are_joined():
    """A line that is not full, and ends with a word, goes on before a small letter."""
    text = (
        wrap(PROSE).replace("speak of a", "speak of\na").replace("hardly notice", "hardly\nnotice")
    )
    assert len(joints(text)) == text.count("\n")


def test_excluded_line_parts_a_paragraph():
    """A line that is left out joins nothing."""
    text = wrap(PROSE)
    assert len(joints(text, {3})) < len(joints(text)) - 1


def test_texts_and_offsets_keep_the_line_ends(corpus_of):
    """A rule matches across a line end; its place is that of the text as given, its sentence is shown
    as one line."""
    text = "Über é:\n\n" + wrap(PROSE)
    tokens = tokens_of(corpus_of, text)
    rules = rule_set(["deep sea cables", "national security", "strategic competition"], name="all")
    found = find(tokens, {"all": rules})
    table = evidence_table(found, "sentence")
    assert tokens.corpus.texts[0] == text
    assert [text[a:b] for a, b in zip(table["start"], table["end"], strict=True)] == [
        "deep sea\ncables",
        "national security",
        "strategic competition",
    ]
    assert table["sentence"][0] == PROSE[: PROSE.index(".") + 1]


def test_pages_and_concordance_read_as_one_line(corpus_of):
    """Marked sentences and concordance lines hold no line end."""
    tokens = tokens_of(corpus_of, wrap(PROSE))
    rules = rule_set(["deep sea cables"], name="all")
    found = find(tokens, {"all": rules})
    marked = sentence_pages(found, ["all"], most=5, random_seed=0)
    assert "<mark>deep sea cables</mark> would delay the repair" in marked.html
    assert "on deep sea cables would delay the repair of the northern line." in marked.text
    page = concordance_page(found, most=5, random_seed=0)
    assert (
        "export controls on [deep sea cables] would delay the repair of the northern" in page.text
    )
    (row,) = concordance(tokens, rules).itertuples(index=False)
    assert row.match == "deep sea cables"
    assert row.right.startswith(" would delay the repair of the northern line. A")


def test_documents_and_check_say_it(corpus_of):
    """Sentences and paragraphs are counted as on one line; the check-up names the documents."""
    corpus = corpus_of(wrap(PROSE), PROSE)
    table = document_table(tokenize(corpus))
    assert table[["sentences", "paragraphs", "tokens"]].nunique().tolist() == [1, 1, 1]
    assert [line for line in describe_checkup(corpus) if "wrapped" in line] == [
        "remark: hard-wrapped text in 1 documents (d0): lines of a paragraph are joined for cutting "
        "sentences"
    ]
    assert not [line for line in describe_checkup(corpus_of(PROSE)) if "wrapped" in line]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl"])
def test_every_kind_of_file_and_line_end(tmp_path, kind, newline):
    """Text files, cells of tables and JSON lines, with the line ends of any system."""
    text = wrap(PROSE).replace("\n", newline)
    content = {
        "txt": text,
        "csv": f'id,text\na,"{text}"\n',
        "jsonl": json.dumps({"id": "a", "text": text}),
    }
    file = tmp_path / f"a.{kind}"
    file.write_bytes(content[kind].encode())
    assert tokenize(read_corpus(file)).n_sentences == 4


# --- words cut by a line end -------------------------------------------------------------------------


def test_chinese_word_cut_by_a_line_end_is_found(corpus_of):
    """Chinese lines are joined without a blank; a word on both sides of a line end is one token."""
    given = CHINESE + CHINESE
    text = "\n".join(given[n : n + 27] for n in range(0, len(given), 27))
    assert text.count("人\n工智能") == 1
    tokens = tokens_of(corpus_of, text, "zh")
    whole = tokens_of(corpus_of, given, "zh")
    assert reading.sentence_forms(tokens) == reading.sentence_forms(whole)
    table = evidence_table(find(tokens, {"a": rule_set(["人工智能"])}), "sentence")
    assert table["text"].tolist() == ["人\n工智能", "人工智能"]
    assert set(table["sentence"]) == {"港口的官员认为人工智能会改变海上的安全形势。"}


CUT = wrap(PROSE).replace(
    "cables", "cables, interna-\ntional and whole-\nhearted and short-\nand long,"
)


@pytest.mark.parametrize(
    ("more", "forms"),
    [
        ("", {"international", "wholehearted", "short", "and", "long"}),
        (
            "\n\nThey are whole-hearted.",
            {"international", "whole", "hearted", "short", "and", "long"},
        ),
    ],
)
def test_hyphen_at_a_line_end_joins_a_word(corpus_of, more, forms):
    """A hyphen before a line end and a small letter goes, unless the word has it elsewhere too or
    'and' follows."""
    sentence = set(reading.sentence_forms(tokens_of(corpus_of, CUT + more))[0])
    assert forms <= sentence
    assert sentence.isdisjoint({"interna", "tional", "shortand"})


@pytest.mark.parametrize(
    ("before", "after", "sign"),
    [
        ("of interna", "tional law", ""),
        ("the self", "reliance of", "-"),
        ("the twenty", "five states", "-"),
        ("an Anglo", "American plan", "-"),
        ("a state-of-the", "art kind", "-"),
        ("in 2010", "2015 and", "-"),
        ("on short", "and long-term", "- "),
        ("die Ein", "und Ausfuhr", "- "),
    ],
)
def test_hyphen_of_a_compound_stays(before, after, sign):
    """The hyphen of `self-reliance`, of a name, a longer compound or a range is the word's own."""
    assert at_hyphen(before, after, frozenset()) == sign


@pytest.mark.parametrize("part", [False, True])
def test_offsets_of_a_word_cut_by_a_hyphen(corpus_of, part):
    """The match is the word as it stands, with hyphen and line end, in tables and the concordance; in
    some documents of a corpus as in all."""
    tokens = tokenize(corpus_of("A line of its own.", "é " + CUT))
    if part:
        tokens = part_of(tokens, (tokens.corpus.documents["id"] == "d1").to_numpy())
    rules = rule_set(["international"], name="a")
    table = evidence_table(find(tokens, {"a": rules}), "sentence")
    text = tokens.corpus.texts[-1]
    assert text[table["start"][0] : table["end"][0]] == "interna-\ntional" == table["text"][0]
    assert concordance(tokens, rules)["match"].tolist() == ["interna- tional"]


def test_hyphens_in_many_lines_take_linear_time():
    """A long text of nothing but cut words is joined at once, beside a very long word too."""
    text = "the delegates in the old harbour hall spoke interna-\n" * 20_000 + "\n" + "竞" * 300_000
    start = time.process_time()
    assert len(joints(text)) == 19_999
    assert time.process_time() - start < 20  # a hundred times longer where it is quadratic


# --- what else reads lines ---------------------------------------------------------------------------


def test_speech_goes_on_behind_a_line_end(corpus_of):
    """A quotation over several lines of a paragraph is one, closed where it closes."""
    text = wrap(PROSE.replace("export controls", "“export controls").replace("settled", "settled”"))
    tokens = tokens_of(corpus_of, text)
    (block,) = tokens.blocks()
    quoted = sum(Voices(tokens).of(block) == 2)
    one = tokens_of(corpus_of, text.replace("\n", " "))
    (block,) = one.blocks()
    assert quoted == sum(Voices(one).of(block) == 2) > 40


def test_citation_over_a_line_end(corpus_of):
    """A year in a citation that a line end cuts is a year cited."""
    cited = "(Li and the other members of the committee for the ports of the North, 2023) northern"
    text = wrap(PROSE.replace("northern", cited))
    assert years_mentioned(tokens_of(corpus_of, text))["citations"].sum() == 1
