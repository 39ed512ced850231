"""The whole way: a sample drawn, coded in sheets, read back, agreed on and corrected with.

The coders are the two machine codings of tests/data/reference/README.md; no human coded anything.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.coding import agreement, correction, sampling, sheets, validation
from analysis.errors import InputError

REFERENCE = Path(__file__).parent / "data" / "reference"
FRAMES = ("race", "security", "market")
WORDS = ("race", "securi", "compan")


def rows_of(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def corpus():
    """Units of the five texts, a crude automatic coder, and the two machine codings of every unit."""
    texts = {(row["document"], row["unit"]): row["text"] for row in rows_of("units.csv")}
    both = [{(r["document"], r["unit"]): r for r in rows_of(f"coder_{c}.csv")} for c in "ab"]
    keys = list(both[0])
    units = sampling.unit_table([key[0] for key in keys], [texts[key] for key in keys])
    automatic = np.array([[word in text.lower() for word in WORDS] for text in units["text"]])
    codes = np.array(
        [[[f in one[key]["frames"].split(";") for f in FRAMES] for key in keys] for one in both]
    )
    groups = np.where(units["document"] == "zeng-2025", "article", "news").astype(object)
    return units, automatic, codes.astype(float), groups


@pytest.fixture
def coded(corpus, tmp_path):
    """A folder with a sample of 150 units that both coders have coded, one of them in XLSX."""
    units, automatic, codes, groups = corpus
    strata = sampling.frame_strata(automatic, groups)
    drawn = sampling.draw(strata, 150, random_seed=4)
    found = validation._CodedUnits(units, FRAMES, automatic, groups)
    files = sheets.sample_files(found, 150, ["a", "b"], both=150, random_seed=4)
    place = {unit: n for n, unit in enumerate(units["unit_id"])}
    for number, coder in enumerate("ab"):
        (tmp_path / f"{coder}.csv").write_bytes(files[f"{coder}.csv"])
        sheet = [row for _, row in sheets.read_sheet(tmp_path / f"{coder}.csv")]
        table = units.iloc[[place[row["unit_id"]] for row in sheet]]
        filled = sheets._sheet_table(table, FRAMES)
        for column, frame in enumerate(FRAMES):
            answers = codes[number, [place[row["unit_id"]] for row in sheet], column]
            filled[frame] = [str(int(one)) for one in answers]
        if coder == "b":
            (tmp_path / "b.xlsx").write_bytes(sheets._sheet_xlsx(filled, FRAMES))
        else:
            (tmp_path / "a.csv").write_bytes(sheets.sheet_csv(filled))
    (tmp_path / sheets.KEY).write_bytes(files[sheets.KEY])
    return tmp_path, drawn


def test_what_was_coded_comes_back(corpus, coded):
    """Key and codes are those that were given, unit by unit, without a problem."""
    _, _, codes, _ = corpus
    folder, drawn = coded
    key, read = sheets.read_sample(folder, FRAMES)
    assert read.problems.empty
    assert read.coders == ("a", "b")
    assert np.array_equal(read.codes, codes[:, key["place"]])
    assert key["weight"].to_numpy() == pytest.approx(drawn["weight"].to_numpy())


def test_agreement_of_the_sample(coded):
    """Alpha of the sample is near that of all units (race 0.968, security 0.976, market 0.941)."""
    _, read = sheets.read_sample(coded[0], FRAMES)
    table = agreement.agreement_table(agreement.frame_codes(read.codes, FRAMES), resamples=500)
    assert (table["alpha"] > 0.85).all()
    assert (table["low"] <= table["alpha"]).all()


def test_corrected_shares_hold_the_true_ones(corpus, coded):
    """Every corrected interval holds the share over all units; the crude coder's are far off."""
    units, automatic, codes, groups = corpus
    key, read = sheets.read_sample(coded[0], FRAMES)
    strata = sampling.frame_strata(automatic, groups)
    study = correction.make_study(
        FRAMES, automatic, key["place"], read.codes[0], strata, groups, units["document"]
    )
    table = correction.prevalence_table(study)
    for row in table.itertuples():
        inside = (groups == row.group) | (row.group == "all")
        true = codes[0, inside, FRAMES.index(row.frame)].mean()
        assert row.low <= true <= row.high
    naive = table[(table["frame"] == "security") & (table["group"] == "all")].iloc[0]
    assert abs(naive["naive"] - codes[0, :, 1].mean()) > 0.03


def test_a_sheet_that_is_not_there_is_named(coded):
    """A coder's missing file is an error by its name, not a coder without codes."""
    (coded[0] / "a.csv").unlink()
    with pytest.raises(InputError, match=r"sheet of a coder is not there: 'a\.csv'"):
        sheets.read_sample(coded[0], FRAMES)


def test_two_filled_sheets_are_refused(coded):
    """A coder who filled in both files has to say which counts."""
    content = (coded[0] / "a.csv").read_bytes()
    (coded[0] / "b.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"b\.csv and b\.xlsx are both filled in"):
        sheets.read_sample(coded[0], FRAMES)


def test_the_key_is_not_a_coder(corpus):
    """A coder named 'sample' would overwrite the key."""
    units, automatic, _, groups = corpus
    found = validation._CodedUnits(units, FRAMES, automatic, groups)
    with pytest.raises(InputError, match="name of a coder is reserved: 'sample'"):
        sheets.sample_files(found, 20, ["Sample"], both=20, random_seed=1)


def test_a_sample_finds_its_units_in_the_corpus(corpus, coded):
    """Units are found by their ids wherever they stand now; a changed text is no longer there."""
    units, *_ = corpus
    key = sheets.read_key(coded[0] / sheets.KEY)
    turned = units.iloc[::-1].reset_index(drop=True)
    places = sheets.places_in(key, turned)
    assert turned["text"].iloc[places].tolist() == units["text"].iloc[key["place"]].tolist()
    with pytest.raises(InputError, match="1 units of the sample are not in the corpus"):
        sheets.places_in(key, turned.drop(index=places[0]))


def test_what_is_no_key_is_refused(tmp_path):
    """A sheet in the place of the key is refused."""
    (tmp_path / sheets.KEY).write_text("unit_id,text\nx,y\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not the key of a sample"):
        sheets.read_key(tmp_path / sheets.KEY)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("place", "9" * 20),
        ("place", "-1"),
        ("population", "0"),
        ("probability", "-0.5"),
        ("weight", "nan"),
        ("weight", "1e999"),
    ],
)
def test_a_key_with_numbers_of_no_draw_is_refused(coded, column, value):
    """Numbers that are too large, below zero or none are named, never reckoned with."""
    file = coded[0] / sheets.KEY
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))
    rows[0][column] = value
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError, match=r"^sample\.csv.*: is not the key of a sample"):
        sheets.read_key(file)
