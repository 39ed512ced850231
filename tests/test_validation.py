"""From the corpus to coding sheets and back: whoever codes as the rules do agrees with them."""

import csv
import io

import numpy as np
import pytest

from analysis import cli
from analysis.coding.sheets import sample_files
from analysis.coding.validation import agreement_tables, coded_units

CHOICES = {"confidence": 0.95, "resamples": 200, "random_seed": 1}


@pytest.fixture(scope="module")
def units(tokens, codebook):
    return coded_units(tokens, codebook, "sentence", "source")


def filled(content: bytes, found, flip: int = -1) -> bytes:
    """A sheet filled in with the automatic codes; the column numbered `flip` the other way round."""
    codes = dict(zip(found.units["unit_id"], found.coded, strict=True))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    first = rows[0].index(found.frames[0])
    for row in rows[1:]:
        for n, code in enumerate(codes[row[0]]):
            row[first + n] = str(int(code) if n != flip else int(not code))
    sink = io.StringIO()
    csv.writer(sink).writerows(rows)
    return sink.getvalue().encode("utf-8")


def tables(folder, units, flip=-1):
    """The tables of a sample of 100 units that two coders filled in."""
    files = sample_files(units, 100, ["ann", "bob"], both=40, xlsx=False, allocation="proportional", random_seed=1)  # fmt: skip
    for name, content in files.items():
        coder = name.removesuffix(".csv")
        content = filled(content, units, flip if coder == "bob" else -1) if coder != "sample" else content  # fmt: skip
        (folder / name).write_bytes(content)
    return agreement_tables(folder, units, **CHOICES)


def test_every_unit_is_there_with_its_codes(units, tokens):
    """As many units as sentences, each with its own text and the frames that match in it."""
    assert len(units.units) == len(units.coded) == tokens.n_sentences
    race = units.units.loc[units.coded[:, units.frames.index("race")], "text"]
    assert race.str.contains("race|rival|lead|gap|compet|ahead|catch|domina|behind", case=False).mean() > 0.8  # fmt: skip


def test_coders_who_code_like_the_rules(tmp_path, units):
    """Nothing is wrong, alpha is 1 where codes vary, precision and recall are 1."""
    found = tables(tmp_path, units)
    assert found["problems"].empty
    assert set(found["agreement"]["alpha"].dropna()) == {1.0}
    rates = found["accuracy"][["precision", "recall"]].to_numpy(dtype=float)
    assert set(rates[~np.isnan(rates)]) == {1.0}


def test_corrected_shares_of_rules_without_error(tmp_path, units):
    """Where coders and rules agree throughout, the corrected share is the counted one."""
    table = tables(tmp_path, units)["prevalence"].dropna(subset=["corrected"])
    assert len(table) > 10
    assert table["corrected"].to_numpy() == pytest.approx(table["naive"].to_numpy(), abs=1e-9)


def test_a_coder_who_turns_a_frame_round(tmp_path, units):
    """Two coders who never agree on a frame: alpha below zero, and every unit is listed."""
    found = tables(tmp_path, units, flip=0)
    row = found["agreement"].iloc[0]
    assert (row["percent"], row["alpha"] < 0) == (0.0, True)
    assert (found["disagreements"]["variable"] == units.frames[0]).sum() == 40


def test_commands_draw_and_read_back(tmp_path, capsys):
    """`sample` writes a key and a sheet a coder, refuses to overwrite, `agree` names empty cells."""
    folder = str(tmp_path / "s")
    assert cli.main(["sample", folder, "--size", "40", "--coders", "ann,bob", "--both", "10"]) == 0
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == ["ann.csv", "bob.csv", "sample.csv"]  # fmt: skip
    assert cli.main(["sample", folder, "--size", "40", "--coders", "ann"]) == 2
    assert cli.main(["agree", folder]) == 0
    assert "cell is empty" in capsys.readouterr().out


def test_a_codebook_for_quanteda_and_back(tmp_path, root, capsys):
    """A codebook written for quanteda and read again keeps its frames; what is lost is listed."""
    there, back = str(tmp_path / "q.yaml"), str(tmp_path / "c.yaml")
    assert (
        cli.main(["dictionary", str(root / "seeds/codebook.yaml"), there, "--to", "quanteda"]) == 0
    )
    assert "a gap between words" in capsys.readouterr().out
    assert cli.main(["dictionary", there, back, "--format", "quanteda"]) == 0
    assert "self_reliance:" in (tmp_path / "c.yaml").read_text()
