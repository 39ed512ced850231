"""Examples in a codebook: sentences that its rules must find and must not, tried as tests."""

import pytest

from analysis import cli
from analysis.coding.audit import _tokens_of, example_table
from analysis.errors import InputError
from analysis.report.coding import describe_failures
from analysis.rules.codebook import read_codebook, without
from analysis.rules.dictionaries import codebook_yaml

BOOK = """frames:
  peace:
    about: ending war
    match: ["They signed a ceasefire.", "Peace holds. So far."]
    not_match: ["A piece of cake.", "The peace sign of a shop."]
    rules:
      - ceasefire*
      - {rule: peace*, match: ["Peaceful days."], not: ["At a ceasefire."]}
    except: ["peace sign"]
terms:
  war: [war, {rule: "arm* race", match: ["An arms race."]}]
"""


@pytest.fixture
def book(tmp_path):
    """Write a codebook, `book(old=new)` with texts replaced, and return its file."""

    def make(**replaced: str):
        text = BOOK
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "book.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return make


def test_examples_that_hold(book):
    """A match in any sentence, an exception, one rule alone, a term's rule: all as expected."""
    table = example_table(read_codebook(book()))
    assert table["passes"].tolist() == [True] * 7
    assert table["found"].tolist() == ["ceasefire*", "peace*", "", "", "peace*", "", "arm* race"]


@pytest.mark.parametrize("text", [r'"a \0 ceasefire"', '"..."'])
def test_what_no_document_could_hold_is_no_example(book, text):
    """A NUL or no letter at all: refused with its line, so that no other example moves up."""
    with pytest.raises(InputError, match=r"book\.yaml, line 4: is not an example: "):
        read_codebook(book(**{'"They signed a ceasefire."': text}))


def test_what_should_match_and_does_not_is_named(book):
    """The line of the file, the frame and the sentence."""
    table = example_table(read_codebook(book(signed="saw", **{"a ceasefire": "a truce"})))
    assert describe_failures(table)[0] == (
        "book.yaml, line 4: frame 'peace' does not match, and should: 'They saw a truce.'"
    )


def test_a_failure_says_where_and_by_which_rule(book):
    """What matches and should not is told with the rule that matched."""
    table = example_table(read_codebook(book(piece="peaceful piece")))
    assert describe_failures(table) == [
        "book.yaml, line 5: frame 'peace' matches, and should not (by 'peace*'): "
        "'A peaceful piece of cake.'"
    ]


def test_an_example_of_one_rule_is_not_helped_by_others(book):
    """The frame finds the sentence by another rule; the rule's own example fails."""
    table = example_table(read_codebook(book(Peaceful="Ceasefire")))
    assert describe_failures(table) == [
        "book.yaml, line 8: frame 'peace', rule 'peace*' does not match, and should: "
        "'Ceasefire days.'"
    ]


def test_examples_change_nothing_that_is_counted(book):
    """A codebook with examples has the fingerprint of one without, and keeps them when written."""
    with_examples = read_codebook(book())
    file = book()
    file.write_text(codebook_yaml(with_examples), encoding="utf-8")
    again = read_codebook(file)
    assert again.fingerprint == with_examples.fingerprint
    assert example_table(again)["text"].tolist() == example_table(with_examples)["text"].tolist()


def test_chinese_examples_are_read_as_chinese():
    """The language of an example is told by its signs, as a codebook declares none."""
    languages = _tokens_of(["中国与美国", "China and the US"]).corpus.documents["language"]
    assert languages.tolist() == ["zh", "en"]


def test_check_tries_a_codebook_without_a_corpus(book, capsys):
    """Exit status 0 where every example holds, 2 and the failing line where one does not."""
    assert cli.main(["check", "--codebook", str(book())]) == cli._DONE
    assert "examples: 7 tried, 0 fail" in capsys.readouterr().out
    assert cli.main(["check", "--codebook", str(book(piece="peace"))]) == cli._WRONG_USE
    assert "book.yaml, line 5" in capsys.readouterr().err


def test_check_needs_something_to_check(capsys):
    """Neither a corpus nor a codebook is a mistake of use."""
    assert cli.main(["check"]) == cli._WRONG_USE
    assert "nothing to check" in capsys.readouterr().err


def test_the_bundled_codebook_has_examples_of_every_frame(codebook):
    """Three sentences at least that each frame must find, three that it must not; all hold."""
    table = example_table(codebook)
    assert not describe_failures(table)
    counts = table.groupby(["name", "expected"]).size().unstack()
    assert set(counts.index) == set(codebook.frames)
    assert (counts >= 3).all(axis=None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("race", "no such frame|no such rule"),
        ("peace: pea", "no such rule"),
        ("war: war", "no such frame"),
    ],
)
def test_what_cannot_be_left_out_is_named(book, text, told):
    """An unknown frame or rule is an error by its text."""
    with pytest.raises(InputError, match=told):
        without(read_codebook(book()), [text])


def test_a_frame_keeps_one_rule(book):
    """The last rule of a frame cannot be left out."""
    less = without(read_codebook(book()), ["peace: peace*"])
    assert [rule.text for rule in less.frames["peace"].rules] == ["ceasefire*"]
    with pytest.raises(InputError, match="only rule of its frame"):
        without(less, ["peace: ceasefire*"])
