"""Samples are drawn with the probabilities they state."""

import numpy as np
import pytest

from analysis.coding import sampling
from analysis.errors import InputError

# --- units -------------------------------------------------------------------------------------------


def test_units_know_their_neighbours():
    """Before and after are the neighbours in the same document, '' at its ends."""
    table = sampling.unit_table(["a", "a", "b"], ["One.", "Two.", "Three."])
    assert table["before"].tolist() == ["", "One.", ""]
    assert table["after"].tolist() == ["Two.", "", ""]
    assert table["unit"].tolist() == [1, 2, 1]


def test_unit_ids_follow_document_number_and_text():
    """The same unit has the same id; another text, number or document another."""
    ids = {
        sampling._unit_id(*key)
        for key in [("a", 1, "x"), ("a", 2, "x"), ("b", 1, "x"), ("a", 1, "y")]
    }
    assert len(ids) == 4
    assert sampling._unit_id("a", 1, "x") == "a:1:2d711642"


def test_frame_strata():
    """A unit with any frame is coded; strata cross that with the group."""
    strata = sampling.frame_strata([[1, 0], [0, 0], [0, 1]], ["A", "A", "B"])
    assert strata.tolist() == ["A, coded", "A, not coded", "B, coded"]


# --- drawing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("populations", "size", "allocation", "drawn"),
    [
        ({"a": 100, "b": 300}, 40, "proportional", {"a": 10, "b": 30}),
        ({"a": 100, "b": 300}, 40, "equal", {"a": 20, "b": 20}),
        ({"a": 5, "b": 300}, 40, "equal", {"a": 5, "b": 35}),
        ({"a": 1, "b": 999}, 20, "proportional", {"a": 1, "b": 19}),
        ({"a": 10, "b": 990}, 20, "proportional", {"a": 2, "b": 18}),
        ({"a": 3, "b": 4}, 7, "equal", {"a": 3, "b": 4}),
    ],
)
def test_allocation(populations, size, allocation, drawn):
    """In proportion or in equal parts, never more than there are, two of each where there are two."""
    assert sampling._allocate(populations, size, allocation, 2) == drawn


@pytest.mark.parametrize(
    ("size", "allocation", "message"),
    [
        (
            3,
            "equal",
            "sample of units is out of range (2 from each of 2 strata): 3; allowed: 4 to 20",
        ),
        (21, "equal", "sample of units is out of range (2 from each of 2 strata): 21"),
        (9, "optimal", "unknown allocation: 'optimal'; allowed: proportional, equal"),
    ],
)
def test_allocation_refused(size, allocation, message):
    """A sample too small for its strata or larger than the units is refused with what is allowed."""
    with pytest.raises(InputError) as error:
        sampling._allocate({"a": 10, "b": 10}, size, allocation, 2)
    assert str(error.value).startswith(message)


def test_weights_count_the_population():
    """The weights of the drawn units of each stratum sum to its size."""
    strata = ["a"] * 30 + ["b"] * 70
    drawn = sampling.draw(strata, 20, random_seed=3, allocation="equal")
    sums = drawn.groupby("stratum")["weight"].sum()
    assert sums.to_dict() == pytest.approx({"a": 30, "b": 70})
    assert drawn["probability"].unique() == pytest.approx([1 / 3, 1 / 7])
    assert [strata[place] for place in drawn["place"]] == drawn["stratum"].tolist()
    assert drawn["place"].is_unique


def test_draws_follow_the_seed():
    """The same seed draws the same units, another seed others."""
    places = [sampling.draw(["a"] * 50, 10, random_seed=s)["place"].tolist() for s in (1, 1, 2)]
    assert places[0] == places[1] != places[2]


def test_units_are_drawn_with_the_stated_probability():
    """Over 2,000 seeds each of ten units is drawn about as often as its probability says."""
    strata = ["a"] * 4 + ["b"] * 6
    drawn = [sampling.draw(strata, 5, random_seed=s, allocation="equal") for s in range(2000)]
    often = np.bincount(np.concatenate([one["place"] for one in drawn]), minlength=10) / 2000
    table = drawn[0].set_index("stratum")["probability"]
    stated = np.repeat([table["a"].iloc[0], table["b"].iloc[0]], [4, 6])
    assert np.abs(often - stated).max() < 4 * np.sqrt(0.25 / 2000)


def test_shared_units_go_to_every_coder():
    """Of ten units four go to both coders, the other six to one each."""
    parts = sampling.assign(10, ["ann", "bob"], 4, 1)
    both = set(parts["ann"]) & set(parts["bob"])
    assert (len(both), len(parts["ann"]), len(parts["bob"])) == (4, 7, 7)
    assert set(parts["ann"]) | set(parts["bob"]) == set(range(10))


@pytest.mark.parametrize(
    ("coders", "both", "message"),
    [
        (["../x"], 1, "coders: is not a coder's name: '../x'"),
        (["Ann", "ann"], 1, "coders: coder appears twice: 'Ann'"),
        ([], 1, "coders: there are no coders"),
        (["ann"], 11, "units for all coders are out of range: 11; allowed: 0 to 10"),
    ],
)
def test_assignment_refused(coders, both, message):
    """Names that are no file names, doubled ones, and more shared units than there are."""
    with pytest.raises(InputError) as error:
        sampling.assign(10, coders, both, 1)
    assert str(error.value).startswith(message)
