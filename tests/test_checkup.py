"""The check-up: what was understood of a corpus is said before anything runs."""

import pytest

from analysis.corpus import read_corpus
from analysis.files import read_yaml
from analysis.reading.exclusions import read_exclusions
from analysis.report.checkup import _quoted, _rules_yaml, describe_checkup
from analysis.runs.checkup import far_dates, repeated_lines

THAI = "การแข่งขันด้านปัญญาประดิษฐ์"


def test_counts_add_up(tmp_path):
    """Documents read are those kept and those rejected, each of these named."""
    (tmp_path / "c.jsonl").write_text('{"text": "One race."}\n{oops\n{"text": ""}\n')
    told = list(describe_checkup(read_corpus(tmp_path / "c.jsonl")))
    assert told[:3] == ["documents read: 3", "documents rejected: 2", "documents kept: 1"]
    assert [line for line in told if line.startswith("rejected")] == [
        "rejected: c.jsonl, line 2: broken JSON (Expecting property name enclosed in double quotes): '{oops'",
        "rejected: c.jsonl, line 3: text is blank",
    ]


@pytest.mark.parametrize(
    ("dates", "far"),
    [
        (["2023", "2024-07", "2024"], []),
        (["2023", "2024-07", "2024", "9999-12-31"], ["9999-12-31"]),
        (["0203", "2023", "2023", "2024"], ["0203"]),
        (["1924", "2023", "2023", "2024"], ["1924"]),
        ([str(year) for year in range(1789, 2029, 4)], []),
        (["1950", "2024"], []),
        (["2024"], []),
    ],
)
def test_dates_far_from_all_others(dates, far):
    """A date is far where it lies fifty years and five interquartile ranges from the middle half."""
    assert far_dates(dates) == far


def test_span_and_missing_dates(corpus_of):
    """First and last date, and how many documents have none."""
    told = list(describe_checkup(corpus_of("a race", "b", "c", date=["2024-07", "", "2023"])))
    assert "dates: 2023 to 2024-07; 1 documents without a date stay out of trends" in told
    undated = list(describe_checkup(corpus_of("a race", date=[""])))
    assert "dates: none; no document is part of a trend" in undated


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        (THAI, "th", "NOT SEGMENTED: "),
        (f"An English text of {THAI}.", "en", "NOT SEGMENTED: "),
        ("人工智能的竞赛", "", "remark: language: not declared: 1 documents read as zh by their script, first d0"),
        ("人工智能的竞赛", "en", "remark: written in another script than declared: 1 documents (d0)"),
        ("The race.", "zh", "remark: declared as zh, but mostly not in Chinese: 1 documents (d0)"),
        ("The race – naïve.", "en", ""),
        ("人工智能的竞赛", "zh-CN", ""),
        ("Гонка", "ru", ""),
    ],
)  # fmt: skip
def test_scripts(corpus_of, text, language, told):
    """A script that is not segmented, or does not fit the declared language, is named."""
    lines = list(describe_checkup(corpus_of(text, "China.", language=[language, ""])))
    remarks = [line for line in lines if line.startswith(("remark:", "NOT SEGMENTED"))]
    assert bool(remarks) == bool(told)
    assert not told or any(line.startswith(told) for line in remarks)


def test_copies_are_listed(corpus_of):
    """Copies are counted, and the first pairs shown with how much they share."""
    words = " ".join(f"word{n}" for n in range(60))
    told = list(describe_checkup(corpus_of(words, words.upper(), f"{words} more", "Another text.")))
    assert "pairs of one story: 1 word for word, 1 nearly" in told
    assert "pair: d0 and d1 (exact, 1.00 of their three-word runs shared)" in told


# --- lines that repeat -----------------------------------------------------------------------------


@pytest.fixture
def shop(corpus_of):
    """Six documents of two sources; those of A share a line, and one but for a number."""
    foot = 'Subscribe now: "50% off" \u202e!'
    texts = [f"Text {w}.\n{n} min read\n{foot}\n42\n" for n, w in enumerate("abcd")]
    return corpus_of(*texts, "Text e.\nOther.", "Text f.\nOther.", source=list("AAAABB"))


def test_repeated_lines_of_a_source(shop):
    """A line counts from three documents and a fifth of its source on; one of no letter never."""
    assert repeated_lines(shop).to_numpy().tolist() == [
        ["A", "* min read", 4, 4],
        ["A", 'Subscribe now: "50% off" \u202e!', 4, 4],
    ]


def test_rules_to_paste_are_rules(shop, tmp_path):
    """The rules shown can be put into an exclusions file as they stand, and leave the lines out."""
    told = list(describe_checkup(shop))
    assert all(line.isprintable() for line in told)
    start = told.index("rules:")
    assert told[start - 2].endswith("put what you agree with into made.exclusions.yaml:")
    file = tmp_path / "made.exclusions.yaml"
    file.write_text("\n".join(told[start:]), encoding="utf-8")
    again = read_corpus(tmp_path / "made.jsonl")
    assert len(again.excluded) == 8
    assert repeated_lines(again).empty


def test_a_long_repeated_line_is_a_rule_of_its_start(corpus_of, tmp_path):
    """Of a long line the rule has the start, and still fits it."""
    long = "All rights reserved. " * 30
    table = repeated_lines(corpus_of(*(f"{long}{n}" for n in range(3))))
    (tmp_path / "exclusions.yaml").write_text(_rules_yaml(table))
    (rule,) = read_exclusions(tmp_path / "exclusions.yaml")
    assert len(rule.line) == 201
    assert rule.lines([f"{long}7", "other"]) == [0]


@pytest.mark.parametrize(
    "text", ["a: b", "- x", "*", "&a", "!!x", "'", '"', "\\", "\x85", "😀\u2028"]
)
def test_a_line_is_quoted_for_yaml(text, tmp_path):
    """Whatever a line holds, it comes back as it is and on one line."""
    (tmp_path / "c.yaml").write_text(f"a: {_quoted(text)}", encoding="utf-8")
    assert read_yaml(tmp_path / "c.yaml").get("a").value == text
    assert _quoted(text).isprintable()
