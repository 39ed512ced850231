"""Proposals: a table whose columns have other names gets the option that renames them."""

import json
import shlex

import pandas as pd
import pytest

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.reading.proposals import columns_option, propose_columns
from analysis.runs.parameters import parse_value

LONG = "A treaty was signed, and both sides say that it will hold."


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["ID", "Headline", "Body", "Published"], "text=Body,date=Published,title=Headline"),
        (["Full Text", "Publication Date", "Publisher"],
         "text=Full Text,date=Publication Date,source=Publisher"),
        (["TEXT", "date", "Lang"], "text=TEXT,language=Lang"),
        (["标题", "正文", "日期"], "text=正文,date=日期,title=标题"),
        (["article", "content"], "text=content"),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_names(columns, expected):
    """Upper case, blanks and underlines do not hide the names that exports use."""
    found = propose_columns({name: ["x"] for name in columns})
    assert found == parse_value(expected, "dict", "--columns")


def test_longest_column_is_the_text_where_no_name_is_known():
    """A column of long values is proposed; where all are short none is."""
    assert propose_columns({"a": ["1"], "b": [LONG]}) == {"text": "b"}
    assert propose_columns({"a": ["1"], "b": ["two words"]}) == {}


@pytest.mark.parametrize("name", ["Body", "Full Text", "it's", "a,b", "a=b", "[x]"])
def test_option_is_read_back_as_it_was_meant(name):
    """The proposed option, typed into a shell, renames the very column, whatever its name."""
    words = shlex.split(columns_option({"text": name}))
    assert words[0] == "--columns"
    assert parse_value(words[1], "dict", "--columns") == {"text": name}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_error_names_the_option_that_works(kind, tmp_path):
    """What the error proposes makes the table readable."""
    table = pd.DataFrame({"Nr": ["1"], "Body": [LONG], "Published": ["2020-01-02"]})
    file = tmp_path / f"table.{kind}"
    if kind == "csv":
        table.to_csv(file, index=False)
    elif kind == "jsonl":
        file.write_text(json.dumps(table.iloc[0].to_dict()), encoding="utf-8")
    else:
        table.to_parquet(file)
    with pytest.raises(InputError, match="column is missing: 'text'") as told:
        read_corpus(file)
    option = str(told.value).rpartition("; try ")[2]
    columns = parse_value(shlex.split(option)[1], "dict", "--columns")
    corpus = read_corpus(file, columns=columns)
    assert list(corpus.texts) == [LONG]
    assert corpus.documents["date"].tolist() == ["2020-01-02"]
