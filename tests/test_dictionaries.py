"""Dictionaries of four programs become codebooks, and what is lost on the way is told."""

import os

import pytest

from analysis.errors import InputError
from analysis.rules import dictionaries
from analysis.rules.codebook import read_codebook
from analysis.rules.dictionaries import codebook_yaml, quanteda_yaml, read_dictionary

QUANTEDA = """\
# nested as quanteda writes it
Politics:
  State: [minist*, "prime minister"]
  Party:
    Left: labour
  __: [govern*]
Money: [tax*, "value_added_tax", "tax*"]
"""
LIWC = """\
%
1\tfunct
\t2\tpronoun (Pronouns)
3\taffect
%
i\t1\t2
happ*\t3
kind of\t1 3
like\t(02 134)125/464
weird\t9
:)\t3
"""
LEXICODER = "stray\r\n+NEGATIVE#AA0000\r\na lie\r\nabandon*\n+NEG_POSITIVE\nnot good\nnot * good\n"
WORDSTAT = """\
AFRICA
   \tSOUTH
   \t\tBOTSWAN* (1)
   \t\tSOUTH_AFRICA (1)
   \t\tGREAT (0.5)
   \t\t@NEAR_RULE [CAPE NEAR TOWN] (1)
   \tNORTH
   \t\tEGYPT (1)
"""


@pytest.fixture
def imported(tmp_path):
    """Read a dictionary of this content."""

    def make(content: str, name: str, **choices) -> dictionaries._Imported:
        (tmp_path / name).write_bytes(content.encode("utf-8"))
        return read_dictionary(tmp_path / name, **choices)

    return make


def texts(imported) -> dict[str, list[str]]:
    return {name: [r.text for r in one.rules] for name, one in imported.codebook.frames.items()}


def told(imported) -> list[tuple[str, str, str]]:
    columns = imported.report[["entry", "problem", "became"]]
    return list(columns.itertuples(index=False, name=None))


def test_quanteda(imported):
    """Lists under nested keys; a category's own entries stand under its own name."""
    got = imported(QUANTEDA, "d.yml")
    assert texts(got) == {
        "Politics - State": ["minist*", "prime minister"],
        "Politics - Party - Left": ["labour"],
        "Politics": ["govern*"],
        "Money": ["tax*", "value added tax"],
    }
    assert told(got) == [
        ("value_added_tax", "a compounded token", "value added tax"),
        ("tax*", "appears twice", "tax*"),
        ("", "nested categories", "Politics - State"),
        ("", "nested categories", "Politics - Party - Left"),
    ]


def test_liwc(imported):
    """Words by number of category, indented categories nested, names without brackets."""
    got = imported(LIWC, "d.dic")
    assert texts(got) == {
        "funct": ["i", "kind of"],
        "funct - pronoun _Pronouns_": ["i"],
        "affect": ["happ*", "kind of"],
    }
    assert told(got)[:3] == [
        ("like\t(02 134)125/464", "not a word and numbers of categories", ""),
        ("weird", "category is not in the legend", ""),
        (":)\t3", "not a word and numbers of categories", ""),
    ]


def test_lexicoder(imported):
    """Patterns under lines with +; a wildcard for a word is no rule."""
    got = imported(LEXICODER, "d.lc3")
    assert texts(got) == {"NEGATIVE": ["a lie", "abandon*"], "NEG_POSITIVE": ["not good"]}
    assert told(got) == [
        ("stray", "is before the first category", ""),
        ("not * good", "* is any whole word, for which rules have no sign (~1 is at most one)", ""),
    ]


def test_wordstat(imported):
    """Tabs nest, _ is a space, weights and rules of proximity are told."""
    got = imported(WORDSTAT, "d.cat")
    assert texts(got) == {
        "AFRICA - SOUTH": ["botswan*", "south africa", "great"],
        "AFRICA - NORTH": ["egypt"],
    }
    assert told(got)[:2] == [
        ("GREAT", "weight 0.5", "GREAT"),
        ("@NEAR_RULE [CAPE NEAR TOWN] (1)", "a rule of proximity or a reference to a category", ""),
    ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("gr(e|a)y", "a character that no word holds"),
        ("^war$", "a character that no word holds"),
        ("gr?y", "? is any one letter, for which rules have no sign"),
        ("a ~3 b", "a character that no word holds"),
        ("🙂", "a part without a letter or digit"),
        ("x" * 300, "longer than 200 characters"),
        (" ".join("abcdefghijklmnopqrstu"), "more than 20 words"),
    ],
)
def test_what_is_no_rule_is_told(imported, entry, problem):
    """A regular expression, a `?`, an emoticon and a monster are left out, each with its line."""
    got = imported(f"+A\nwar\n{entry}\n", "d.lc3")
    assert texts(got) == {"A": ["war"]}
    (loss,) = got.losses
    assert (loss.where, loss.entry, loss.problem) == ("d.lc3, line 3", entry[:200], problem)


def test_case(imported):
    """Entries match in any case as in those programs; a lost capital that mattered is told."""
    content = "+A\nUS\nChina\n"
    assert texts(imported(content, "d.lc3")) == {"A": ["us", "china"]}
    assert told(imported(content, "d.lc3")) == [
        ("US", "capitals, without which it is a function word", "us")
    ]
    assert texts(imported(content, "d.lc3", case="as written")) == {"A": ["US", "China"]}


def test_names_stay_apart(imported):
    """Categories whose names become the same are numbered; the reserved one is marked."""
    got = imported("a+b: [x]\na/b: [y]\na:b: [z]\nno actor: [w]\n", "d.yml", kind="actors")
    assert list(got.codebook.actors) == ["a_b", "a_b 2", "a_b 3", "_no actor"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("a: &x [b]\n", "d.yml", "d.yml, line 1: anchors and aliases are not allowed: 'x'"),
        ("a: !!python/object:os.system [b]\n", "d.yml", "d.yml, line 1: tags are not allowed"),
        ("[" * 50 + "]" * 50, "d.yml", "d.yml, line 1: nested deeper than 20"),
        ("- a\n", "d.yml", "d.yml, line 1: a mapping"),
        ("war\t1\n", "d.dic", "d.dic, line 1: is not a LIWC dictionary"),
        ("<dictionary/>\n", "d.lcd", "d.lcd, line 1: is XML, which is not read"),
        ("\n", "d.cat", "d.cat: no rule could be read; allowed: a wordstat dictionary"),
        ("x", "d.txt", "d.txt: unknown format of a dictionary: ''; allowed: quanteda, liwc"),
    ],
)
def test_refused(imported, content, name, message):
    """Hostile YAML, a file that is not of its format and an unknown one are refused with the place."""
    with pytest.raises(InputError) as error:
        imported(content, name)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("name", ["d.dic", "d.yml"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    """What might never end is refused before it is opened."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match=f"^{name}: is not a regular file"):
        read_dictionary(tmp_path / name)


def test_encoding_is_never_guessed(tmp_path):
    """A file that is not UTF-8 is refused until its encoding is named."""
    file = tmp_path / "d.lc3"
    file.write_bytes("+A\ncafé\n".encode("cp1252"))
    with pytest.raises(
        InputError, match=r"cannot be read as utf-8 .*position 6.*; allowed: another"
    ):
        read_dictionary(file)
    assert texts(read_dictionary(file, encoding="cp1252")) == {"A": ["café"]}


def test_codebook_comes_back_as_written(imported, tmp_path, codebook):
    """An imported and the project's own codebook, written and read again, have their fingerprints."""
    for number, book in enumerate((imported(QUANTEDA, "d.yml").codebook, codebook)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(codebook_yaml(book), encoding="utf-8")
        assert read_codebook(file).fingerprint == book.fingerprint


def test_quanteda_comes_back(imported):
    """What a quanteda dictionary can say is the same after it was written and read again."""
    frames = imported(QUANTEDA, "d.yml").codebook.frames
    text, report = quanteda_yaml(frames)
    again = imported(text, "again.yml").codebook.frames
    rules = [{name: s.rules for name, s in sets.items()} for sets in (frames, again)]
    assert rules[0] == rules[1]
    assert report.empty


def test_quanteda_tells_what_it_cannot_say(tmp_path):
    """Gaps, exceptions, descriptions and capitals are reported, yes and no stay words."""
    file = tmp_path / "c.yaml"
    file.write_text(
        "frames:\n  a: {about: it, rules: [no, US, narrow ~3 gap, start-up*], except: [us army]}\n"
        "  b: [clos* ~2 gap]\n",
        encoding="utf-8",
    )
    text, report = quanteda_yaml(read_codebook(file).frames)
    assert text.splitlines()[-4:] == ["a:", "- 'no'", "- US", "- start up*"]
    assert report[["category", "entry", "problem"]].to_numpy().tolist() == [
        ["a", "us army", "an exception"],
        ["a", "it", "a description"],
        ["a", "US", "capitals, which match any case"],
        ["a", "narrow ~3 gap", "a gap between words"],
        ["b", "clos* ~2 gap", "a gap between words"],
        ["b", "", "no rule is left of this category"],
    ]
