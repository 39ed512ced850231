"""Rules: words, `*` and `~N`, and nothing else; codebooks refused where they are wrong."""

import pytest
import reading

from analysis.errors import InputError
from analysis.language.words import normal_form
from analysis.rules.codebook import _NEVER_IN_A_WORD, parse_rule, read_codebook, term_sets
from analysis.tokens import tokenize


@pytest.fixture
def codebook_of(tmp_path):
    """Read a codebook with this content."""

    def make(content: str):
        (tmp_path / "c.yaml").write_text(content, encoding="utf-8")
        return read_codebook(tmp_path / "c.yaml")

    return make


@pytest.mark.parametrize(
    ("text", "words", "gaps"),
    [
        ("race", ["race"], []),
        ("  arms   race ", ["arms", "race"], [0]),
        ("narrow* ~3 gap", ["narrow*", "gap"], [3]),
        ("a ~1 b c ~20 d", ["a", "b", "c", "d"], [1, 0, 20]),
        ("start-up*", ["start", "up*"], [0]),
        ("US–China ~2 race", ["US", "China", "race"], [0, 2]),
        ("*reli*ce", ["*reli*ce"], []),
        ("U.S.", ["US"], []),
        ("U.S.’s China’s China's don’t", ["US", "China", "China", "don't"], [0, 0, 0]),
        ("J.K.Rowling", ["JK", "Rowling"], [0]),
        ("4.0 R&D, race", ["4", "0", "R", "D", "race"], [0, 0, 0, 0]),
        ("cafe\u0301", ["caf\u00e9"], []),
        ("大语言模型", ["大语言模型"], []),
    ],
)
def test_grammar(text, words, gaps):
    """A rule is its words in normal form (NFC), with the most words that may stand between two."""
    rule = parse_rule(text)
    assert (rule.text, list(rule.words), list(rule.gaps)) == (text, words, gaps)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, "no word") for text in ("", "  ")),
        *((text, "a * without any letter") for text in ("*", "a * b", "*’s", "clos.*")),
        *((text, "a gap stands between two words") for text in ("~3 a", "a ~3", "a ~3 ~2 b")),
        *((f"a {gap} b", "a gap is ~1 to ~20") for gap in ("~", "~0", "~21", "~x", "~-1", "~0199")),
        *((text, "a part without a letter or digit") for text in ("a & b", "😀")),
        *(
            (f"a{sign}b", "a character that no word holds")
            for sign in sorted(_NEVER_IN_A_WORD - {"\\"})
        ),
        (" ".join("abcdefghijklmnopqrstu"), "more than 20 words"),
        ("a~3 b", "a gap stands between two words"),
    ],
)
def test_rule_refused(text, problem):
    """What is no rule is refused with its place, the rule and the grammar."""
    with pytest.raises(InputError) as error:
        parse_rule(text, "c.yaml, line 7")
    assert str(error.value).startswith(f"c.yaml, line 7: {problem}")
    assert f": '{text}'; allowed: words, * for any letters" in str(error.value)


def test_rule_reads_words_as_tokens_do(tokens_as_given):
    """Every token of the five texts, written as a rule, is the one word of its normal form."""
    texts = set(reading.token_texts(tokens_as_given))
    assert [t for t in sorted(texts) if parse_rule(t).words != (normal_form(t),)] == []


@pytest.mark.parametrize("text", ["U.S2", "U.S.\u0939\u093f", "U.S.A", "a.b.cd", "x.ai", "EU.S"])
def test_rule_reads_dots_as_tokens_do(corpus_of, text):
    """An abbreviation that runs into another word is read in a rule as it is in a text."""
    assert parse_rule(text).words == tuple(reading.forms(tokenize(corpus_of(text))))


def test_a_codebook_may_list_no_words_without_tone(codebook_of):
    """An empty list is as good as none."""
    assert codebook_of("neutral: []\n").toneless == codebook_of("name: x\n").toneless == ()


def test_the_old_name_of_neutral_words_is_read(codebook_of):
    """`toneless:` is `neutral:`, with the same fingerprint; both at once are refused."""
    books = [codebook_of(f"{key}: [war, wars]\n") for key in ("neutral", "toneless")]
    assert books[0].fingerprint == books[1].fingerprint
    assert [rule.text for rule in books[1].toneless] == ["war", "wars"]
    with pytest.raises(InputError, match="line 2: is the old name of 'neutral'"):
        codebook_of("neutral: [war]\ntoneless: [wars]\n")


def test_codebook_content(codebook_of):
    """Frames with about, rules and exceptions, actors and terms as bare lists, version as text."""
    book = codebook_of(
        "version: 1.10\nframes:\n  race:\n    about: rivalry\n    rules: [race, no]\n"
        "    except: [race condition]\nactors:\n  us: [US]\nterms:\n  gap: [gap*]\n"
    )
    race = book.frames["race"]
    assert (book.name, book.version, race.about) == ("c", "1.10", "rivalry")
    assert [rule.text for rule in race.rules + race.exceptions] == ["race", "no", "race condition"]
    assert (list(book.actors), list(book.terms)) == (["us"], ["gap"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("frames:\n  race:\n    about: x\n", "line 3: key is missing: 'rules'"),
        ("frames:\n  race:\n    rules: []\n", "line 3: 'race' has no rules; allowed: at least one"),
        ("frames:\n  race: x\n", "line 2: a mapping"),
        ("frame: {}\n", "line 1: unknown key (is 'frames' meant?): 'frame'; allowed: name, version"),
        ("frames:\n  race: {rulez: [x]}\n", "line 2: unknown key (is 'rules' meant?): 'rulez'; allowed: about"),
        ("toneless: [like, '*']\n", "line 1: a * without any letter, in rule: '*'; allowed: words"),
        ("toneless: [{rule: like, mach: [x]}]\n", "line 1: a text is expected here"),
        ("toneless: [like, like]\n", "line 1: rule of 'toneless' appears twice (first in c.yaml, line 1): 'like'"),
        ("terms:\n  a:\n    - a-b\n    - a b\n", "line 4: rule of 'a' appears twice (first in c.yaml, line 3): 'a b'"),
        ("frames:\n  race:\n    - a\n    - b*[\n", "line 4: a character that no word holds"),
        ("frames:\n  ../race: [x]\n", "line 2: is not a name: '../race'; allowed: up to 60 letters"),
        ("frames:\n  race: [x]\n  race: [y]\n", "line 3: key appears twice: 'race'"),
    ],
)  # fmt: skip
def test_codebook_refused(codebook_of, content, message):
    """A mistake in a codebook is named with file and line, the value and what is allowed."""
    with pytest.raises(InputError) as error:
        codebook_of(content)
    assert str(error.value).startswith(f"c.yaml, {message}")


def test_term_is_a_group_or_a_rule(codebook_of):
    """A term that names a group is the group; any other is a single rule under its own text."""
    sets = term_sets(["gap", "gap*"], codebook_of("terms: {gap: [chasm, rift]}").terms)
    texts = {name: [rule.text for rule in one.rules] for name, one in sets.items()}
    assert texts == {"gap": ["chasm", "rift"], "gap*": ["gap*"]}


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (["a", "a"], "terms: term appears twice: 'a'"),
        ([7], "terms: a term is a text: 7"),
        (["a["], "terms: a character that no word holds, in rule: 'a['"),
    ],
)
def test_terms_refused(terms, message):
    """A doubled term, one that is no text and one that is no rule are refused."""
    with pytest.raises(InputError) as error:
        term_sets(terms, {})
    assert str(error.value).startswith(message)
