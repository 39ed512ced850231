"""Tokens, normal forms and sentences: the design's rules on small cases and on the five texts."""

import unicodedata
from collections import Counter

import naive
import numpy as np
import pyarrow as pa
import pytest
import reading

from analysis.language.words import folded, is_stop_word, normal_form, stop_words
from analysis.rules.codebook import term_sets
from analysis.store.cache import unpacked
from analysis.store.vocabulary import types_of
from analysis.tokens import tokenize


def matched(tokens, rule: str) -> Counter[str]:
    """The texts that one rule matches."""
    return Counter(reading.matched_texts(tokens, term_sets([rule], {})))


# --- the five texts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "count"),
    [("ai", 229), ("US", 94), ("chatgpt", 66), ("security dilemma", 34), ("regulat*", 25), ("gap*", 19),
     ("national security", 16), ("start-up*", 11), ("self-reliance", 6), ("wake-up call", 3)],
)  # fmt: skip
def test_count_in_the_texts_as_given(tokens_as_given, rule, count):
    """The counts that the design states for the five texts before exclusions."""
    assert matched(tokens_as_given, rule).total() == count


def test_china_in_any_case(tokens_as_given):
    """`china` matches 158 times: 103 China, 54 China’s and the hashtag #china."""
    assert matched(tokens_as_given, "china") == {"China": 103, "China’s": 54, "china": 1}


def test_china_with_a_capital(tokens_as_given):
    """`China` matches 157 times: a capital matches exactly, so #china is left out."""
    assert matched(tokens_as_given, "China") == {"China": 103, "China’s": 54}


def test_generative_ai(tokens_as_given):
    """`generative ai` matches 83 times: 82 with a space and, as hyphens separate, generative-AI."""
    expected = {"generative AI": 76, "Generative AI": 6, "generative-AI": 1}
    assert matched(tokens_as_given, "generative ai") == expected


def test_tokens_are_those_of_nltk(tokens_as_given):
    """Token for token, the five texts come out as NLTK's RegexpTokenizer cuts them."""
    texts = tokens_as_given.corpus.texts
    assert reading.token_texts(tokens_as_given) == [
        word for text in texts for word in naive.words(text)
    ]


def test_offsets_give_the_token(tokens_as_given):
    """The text from the start of each token begins with a token of the normal form its id stands for."""
    assert list(map(normal_form, reading.token_texts(tokens_as_given))) == reading.forms(
        tokens_as_given
    )


def test_excluded_lines_hold_the_missing_tokens(seeds, tokens, tokens_as_given):
    """The tokens left out are those of the excluded lines."""
    left_out = Counter(reading.token_texts(tokens_as_given)) - Counter(reading.token_texts(tokens))
    assert left_out == Counter(
        word for line in seeds.excluded["text"] for word in naive.words(line)
    )


def test_type_counts_count_every_token(tokens):
    """Each document's row counts its folded normal forms, as a Counter does."""
    rows = np.vstack([counts.toarray() for _, counts in tokens.type_counts()])
    parts = np.split(np.array(reading.forms(tokens)), tokens.document_start[1:-1])
    for row, part in zip(rows, parts, strict=True):
        counted = zip(tokens.types.to_pylist(), row.tolist(), strict=True)
        assert {name: n for name, n in counted if n} == Counter(map(folded, part.tolist()))


def test_group_totals_add_documents_up(tokens):
    """Of groups that share documents, and of one without any, the rows are sums of the documents'."""
    rows = np.vstack([counts.toarray() for _, counts in tokens.type_counts()])
    groups = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]], dtype=bool)
    assert np.array_equal(tokens.group_totals(groups), groups.astype(int) @ rows)


def test_sentences_of_the_documents(tokens):
    """As many sentences as the reference codings have units, but 244 for 242 in zeng-2025.

    The reference keeps "at stake. Generative AI is" and "the US. AI supremacy" together.
    """
    ids = tokens.corpus.documents["id"]
    assert dict(zip(ids, np.diff(tokens.sentence_start), strict=True)) == {
        "china-tech-2025": 39,
        "qubax-2026": 45,
        "scmp-2023": 17,
        "shenzhen-post-2024": 36,
        "zeng-2025": 244,
    }


def test_sentences_stand_in_order_within_their_line(tokens_as_given):
    """Sentences do not overlap, hold no newline and begin and end without white space."""
    tokens = tokens_as_given
    every = reading.sentences(tokens)
    assert [s for s in every if s != s.strip() or len(s.splitlines()) != 1] == []
    for block in tokens.blocks():
        same = np.diff(block.sentence_document) == 0
        assert np.all(block.span[1:, 0][same] >= block.span[:-1, 1][same])


# --- tokens ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("self-reliance", "self reliance"),
        ("US–China race—now", "US China race now"),
        ("don't don’t don\uff07t", "don't don't don't"),
        ("O’Hanlon rock'n'roll", "O'Hanlon rock'n'roll"),
        ("‘quoted’ users’ 'tis", "quoted users tis"),
        ("China’s China's CHINA’S", "China China CHINA"),
        ("U.S. U.S U.S.’s U.S.'s", "US US US US"),
        ("U.S.-led D.C., (e.g. this)", "US led DC eg this"),
        ("J.K.Rowling end.Next", "JK Rowling end Next"),
        ("4.0 1,000 GPT-4 V4.0 2023a ٣٤ m² Ⅳ", "4 0 1 000 GPT 4 V4 0 2023a ٣٤ m"),
        ("x\u0323y हिन्दी", "x\u0323y हिन्दी"),
        ("人工智能，竞赛 AI模型", "人工智能 竞赛 AI 模型"),
        ("go😀now 👍🏽", "go now"),
        ("a_b #ai#china @x R&D <b>", "a b ai china x R D b"),
        ("soft\u00adhyphen zero\u200bwidth non\u00a0breaking", "soft hyphen zero width non breaking"),
    ],
)  # fmt: skip
def test_normal_forms(corpus_of, text, expected):
    """Letters, marks and digits with apostrophes inside make a token; everything else separates."""
    assert reading.forms(tokenize(corpus_of(text))) == expected.split()


def test_offsets_refer_to_nfc(corpus_of):
    """After cafe and an accent, the second word begins at 5 of the text in NFC, é being one."""
    tokens = tokenize(corpus_of("cafe\u0301 race"))
    places = [place for _, place in reading.token_places(tokens)]
    assert (reading.forms(tokens), places) == (["caf\u00e9", "race"], [0, 5])


# --- sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("talent cultivation. iFLYTEK’s launch", ["talent cultivation.", "iFLYTEK’s launch"]),
        ("arms (e.g. nuclear arms) here", ["arms (e.g. nuclear arms) here"]),
        ("the information. (CAC, 2023)", ["the information. (CAC, 2023)"]),
        ("his sovereignty. 1", ["his sovereignty."]),
        ("of warfare. 2 While this", ["of warfare.", "While this"]),
        ("competition . . . We need", ["competition . . . We need"]),
        ("threat to the US. AI supremacy", ["threat to the US.", "AI supremacy"]),
        ("Mr. Xi met Dr. Li. They left.", ["Mr. Xi met Dr. Li.", "They left."]),
        ("The U.S. firms lead. Yes.", ["The U.S. firms lead.", "Yes."]),
        ("Li et al. (2023) say so. Yes.", ["Li et al. (2023) say so.", "Yes."]),
        ("See Fig. 3 in D.C. then. Yes.", ["See Fig. 3 in D.C. then.", "Yes."]),
        ("The V4.0 model, GPT-4. Yes.", ["The V4.0 model, GPT-4.", "Yes."]),
        ("“Go.” He left. Why? Yes!", ["“Go.”", "He left.", "Why?", "Yes!"]),
    ],
)
def test_sentences(corpus_of, line, expected):
    """Boundaries of the measured hard cases."""
    assert reading.sentences(tokenize(corpus_of(line, language=["en"]))) == expected


def test_footnote_number_is_a_token(corpus_of):
    """The number of a footnote is in no sentence's text, but counts as a token of the one before."""
    tokens = tokenize(corpus_of("of warfare. 2 While this"))
    assert reading.sentence_forms(tokens) == [["of", "warfare", "2"], ["While", "this"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])  # fmt: skip
def test_no_sentence_crosses_a_line(corpus_of, newline):
    """Every kind of newline ends a sentence and a paragraph, whatever stands around it."""
    tokens = tokenize(corpus_of(f"the US{newline}and China{newline}{newline}race"))
    assert reading.sentences(tokens) == ["the US", "and China", "race"]
    assert reading.paragraphs(tokens) == [1, 2, 4]


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u3000"])
def test_wide_space_before_a_full_stop(corpus_of, space):
    """A lone capital, a space that is not ASCII and a full stop are read like any text."""
    assert reading.forms(tokenize(corpus_of(f"Plan A{space}. Then B"))) == [
        "Plan",
        "A",
        "Then",
        "B",
    ]


@pytest.mark.parametrize("language", ["", "EN", "en-GB", "zz", "../.."])
def test_language_without_a_splitter(corpus_of, language):
    """A language that is unknown or badly written is split like any other."""
    assert tokenize(corpus_of("One. Two.", language=[language])).n_sentences == 2


# --- types and stop words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "expected"),
    [("China", "china"), ("AI", "ai"), ("US", "US"), ("us", "us"), ("Us", "us"), ("WHO", "WHO"), ("A", "a")],
)  # fmt: skip
def test_folded(form, expected):
    """Types are lower case, but a name in capitals is not folded into a function word."""
    assert folded(form) == expected


@pytest.mark.parametrize("word", ["US", "AI", "China", "cn", "state", "billion", "new"])
def test_topic_is_no_stop_word(word):
    """No word of this topic is a function word."""
    assert not is_stop_word(folded(word))


@pytest.mark.parametrize("word", ["us", "the", "don't", "x", "2023", "٣"])
def test_stop_word(word):
    """Function words, a lone letter and numbers are stop words."""
    assert is_stop_word(word)


@pytest.mark.parametrize("language", ["zz", "../stopwords/en", ""])
def test_language_without_a_list(language):
    """A language without a list has no stop words, and its name is never a path."""
    assert stop_words(language) == frozenset()


def test_a_number_that_begins_a_sentence_stays_in_it(corpus_of):
    """Only a number before a function word is taken for a footnote's."""
    tokens = tokenize(corpus_of("It grew. 12 Chinese firms joined. It blurs warfare. 2 While so."))
    assert reading.sentences(tokens) == [
        "It grew.",
        "12 Chinese firms joined.",
        "It blurs warfare.",
        "While so.",
    ]


def test_every_form_is_folded_as_by_itself():
    """Lower case, type and whether it is a content word: the same for a vocabulary of every
    letter, mark and digit and every function word in three cases as for each form alone."""
    signs = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n))[0] in "LMN"]
    words = [case(word) for word in stop_words() for case in (str.lower, str.upper, str.title)]
    odd = ["2024b", "2024B", "20244", "ΟΔΟΣ", "İT", "ſo", "ＵＳ", "٣٤"]
    forms = sorted({*signs, *(sign + "S" for sign in signs[::50]), *words, *odd})
    found = types_of(pa.array(forms, pa.large_string()))
    lower, types = (unpacked(found, name).to_pylist() for name in ("lower", "types"))
    assert lower == [form.lower() for form in forms]
    assert [types[n] for n in found["type_of"]] == [folded(form) for form in forms]
    assert found["is_content"].astype(bool).tolist() == [not is_stop_word(name) for name in types]
