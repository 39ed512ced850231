"""Who is nearest, whom sentences are about, tone and voice, worked by hand and held to their sums."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import plots
from analysis.errors import InputError
from analysis.rules.codebook import Codebook, parse_rule, term_sets
from analysis.tables import framing
from analysis.tables import stance as stances
from analysis.tokens import tokenize

FRAMES, ACTORS = ["race", "peace"], ["China", "US"]
BOOK = Codebook("made", "", term_sets(FRAMES, {}), term_sets(ACTORS, {}), {})
TEXTS = (
    "China is in a race. The US and China race. No race here.",
    "“The good race is won now,” US said. According to China peace is bad. A good peace.",
)


@pytest.fixture
def counted(corpus_of):
    """Count the two texts of the sources A and B."""

    def make(*texts: str, unit: str = "sentence", toneless=(), **choices) -> stances._Stances:
        made = corpus_of(*(texts or TEXTS), source=["A", "B"])
        book = replace(BOOK, toneless=tuple(map(parse_rule, toneless)))
        return stances.count_stances(tokenize(made), book, unit, **choices)

    return make


@pytest.fixture(scope="module")
def of_seeds(tokens, codebook) -> stances._Stances:
    return stances.count_stances(tokens, codebook)


def rows(table, *columns: str) -> list[list]:
    return table[list(columns)].to_numpy().tolist()


def test_negations_by_hand(counted):
    """One of four matches of race stands behind 'No', none of two of peace."""
    table = stances.negation_table(counted())
    assert rows(table, "frame", "matches", "negated", "window") == [
        ["race", 4, 1, 3],
        ["peace", 2, 0, 3],
    ]


def test_nearest_by_hand(counted):
    """race: China 4 words off and beside it, US 3 and 4 words off, and nobody; the weights are
    1/5 + 1/2 and 1/4 + 1/5."""
    table = stances.nearest_table(counted())
    race = table[table["frame"] == "race"]
    assert rows(race, "actor", "nearest") == [["China", 2], ["US", 1], ["both", 0], ["no actor", 1]]
    assert race["in_sentence"].tolist()[:2] == [2, 2]
    assert race["weight"].tolist()[:2] == pytest.approx([1 / 5 + 1 / 2, 1 / 4 + 1 / 5])
    assert table.groupby("frame")["share"].sum().tolist() == pytest.approx([1, 1])


def test_objects_by_hand(counted):
    """Of three sentences of A one is about China, one about both, one about nobody."""
    table = stances.object_table(counted(), "source")
    mine = table[(table["group"] == "A") & (table["frame"] == stances.ANY)]
    assert rows(mine, "object", "about") == [["China", 1], ["US", 0], ["both", 1], ["no actor", 1]]
    peace = table[(table["group"] == "all") & (table["frame"] == "peace")]
    assert rows(peace, "object", "about", "sentences")[0] == ["China", 1, 2]


def test_a_sentence_counts_once(counted):
    """Two matches in a sentence make one sentence with the frame."""
    table = stances.object_table(counted("Race after race for China.", "We rest."), "source")
    race = table[(table["frame"] == "race") & (table["group"] == "all")]
    assert rows(race, "object", "about", "sentences")[0] == ["China", 1, 1]


def test_tone_by_hand(counted):
    """'good' is 1.9 and 'won' 2.7 (mean 2.3) for the US, 'bad' -2.5 and 'peace' 2.5 for China."""
    table = stances.tone_table(counted(toneless=["no"]), "source").set_index(["actor", "group"])
    assert table.loc[("US", "all"), "tone"] == pytest.approx((1.9 + 2.7) / 2)
    assert table.loc[("China", "B"), "tone"] == pytest.approx(0)
    assert table.loc[("China", "all"), ["sentences", "scored"]].tolist() == [2, 1]


def test_words_without_tone(counted):
    """A word of a toneless rule adds nothing: 'bad' alone is left."""
    table = stances.tone_table(counted(toneless=["peace"]), "source").set_index(["actor", "group"])
    assert table.loc[("China", "all"), "tone"] == pytest.approx(-2.5)


def test_words_without_tone_may_overlap(counted):
    """Both rules hold in 'nasty bad peace', so that none of its words has a tone."""
    made = counted("China is in a nasty bad peace.", "US won.", toneless=["nasty bad", "bad peace"])
    table = stances.tone_table(made, "source").set_index(["actor", "group"])
    assert table["scored"].loc[[("China", "all"), ("US", "all")]].tolist() == [0, 1]


def test_voices_by_hand(counted):
    """Of race 3 units are the author's own and one is quoted; 'US said' is reported beside it."""
    made = counted()
    table = stances.voice_table(made, "source")
    race = table[(table["frame"] == "race") & (table["group"] == "all")]
    assert rows(race, "voice", "units", "coded") == [
        ["author", 4, 3],
        ["reported", 2, 0],
        ["quoted", 1, 1],
    ]
    spoken = stances.voice_coverage(made, "source")
    assert spoken[spoken["group"] == "all"]["tokens"].tolist() == [16, 8, 6]


def test_a_voice_alone(counted):
    """Of the words of others there is one match of race, the quoted one."""
    table = stances.nearest_table(counted(voice="others"))
    assert table.groupby("frame", sort=False)["nearest"].sum().tolist() == [1, 1]


def test_negated_matches_are_set_apart(counted):
    """With negation on the sentence 'No race here' is no sentence with race."""
    table = stances.object_table(counted(negation=3), "source").set_index(["frame", "group"])
    assert table.loc[("race", "all"), "sentences"].tolist() == [3] * 4


@pytest.mark.parametrize("unit", ["sentence", "paragraph", "document"])
def test_voices_hold_what_is_coded(tokens, codebook, unit):
    """A unit is coded in the whole where it is coded in some voice: never less than in any one."""
    made = stances.count_stances(tokens, codebook, unit)
    table = stances.voice_table(made, "source")
    whole = framing.frame_table(framing.code_units(tokens, codebook, unit), "source")
    both = table.merge(whole, on=["frame", "group"], suffixes=("", "_whole"))
    assert (both["coded"] <= both["coded_whole"]).all()
    sums = both.groupby(["frame", "group"])["coded"].sum()
    assert (sums >= whole.set_index(["frame", "group"])["coded"].sort_index()).all()


def test_all_is_the_sum_of_groups(of_seeds):
    """Sentences, units and tokens of the groups add up to those of `all`."""
    for table, keys, columns in (
        (stances.object_table(of_seeds, "genre"), ["frame", "object"], ["sentences", "about"]),
        (stances.tone_table(of_seeds, "genre"), ["actor"], ["sentences", "scored"]),
        (stances.voice_table(of_seeds, "genre"), ["frame", "voice"], ["units", "coded"]),
        (stances.voice_coverage(of_seeds, "genre"), ["voice"], ["tokens", "units"]),
    ):
        every = table["group"] == "all"
        sums = [part.groupby(keys)[columns].sum() for part in (table[every], table[~every])]
        assert (sums[0] == sums[1]).all(axis=None)


def test_all_sentences_have_one_object(of_seeds):
    """The shares of all sentences add up to one, and so do those of every frame that occurs."""
    table = stances.object_table(of_seeds, "source")
    sums = table.groupby(["frame", "group"])["share"].sum(min_count=1).dropna()
    assert len(sums) > 40
    assert sums.tolist() == pytest.approx([1] * len(sums))


def test_blocks_change_nothing(in_blocks):
    """Cut into small blocks a corpus has the very same counts."""
    texts = [text * 3 for text in TEXTS] * 8
    made = [{"id": f"d{n}", "text": text, "source": f"s{n % 3}"} for n, text in enumerate(texts)]
    whole, cut = (
        stances.count_stances(in_blocks(made, size), BOOK) for size in ((10**9, 10**9), (200, 600))
    )
    assert len(cut.tokens.keys) > 3 > len(whole.tokens.keys)
    for table in (stances.object_table, stances.tone_table, stances.voice_table):
        one, other = (table(part, "source") for part in (whole, cut))
        assert one.equals(other)
    pd.testing.assert_frame_equal(stances.nearest_table(whole), stances.nearest_table(cut))
    assert whole.sums["valences"] == pytest.approx(cut.sums["valences"])
    assert whole.sums["uses"].any()


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        (
            {"voice": "mine"},
            "unknown voice: 'mine'; allowed: all, author, reported, quoted, others",
        ),
        ({"unit": "page"}, "unknown unit"),
    ],
)
def test_refused(counted, choices, told):
    """The error names the choice, its value and what is allowed."""
    with pytest.raises(InputError, match=told.replace("*", r"\*")):
        counted(**choices)


def test_without_actors_everything_is_nobodys(corpus_of):
    """A codebook without actors gives tables without them."""
    book = Codebook("made", "", BOOK.frames, {}, {})
    made = stances.count_stances(tokenize(corpus_of(*TEXTS)), book)
    table = stances.nearest_table(made)
    assert table["actor"].tolist() == ["several", "no actor"] * 2
    assert table["nearest"].tolist() == [0, 4, 0, 2]
    assert np.isnan(stances.tone_table(made, "source")["tone"][0])


# --- figures -----------------------------------------------------------------------------------------


@pytest.fixture
def drawn(of_seeds) -> dict[str, plots.Drawing]:
    """The four figures of the five texts by name."""
    made = (
        plots.nearest_actors(stances.nearest_table(of_seeds), confidence=0.95),
        plots.frame_objects(stances.object_table(of_seeds, "source"), confidence=0.95),
        plots.actor_tone(stances.tone_table(of_seeds, "source"), group="source", confidence=0.95),
        plots.frames_by_voice(
            stances.voice_table(of_seeds, "source"), unit="sentence", confidence=0.95
        ),
    )
    return {drawing.name: drawing for drawing in made}


def test_titles_are_findings(drawn, of_seeds):
    """A title names the numbers of the table: here those of its first frame."""
    table = stances.nearest_table(of_seeds).set_index(["frame", "actor"])["share"]
    frame = drawn["nearest_actors"].title.split("‘")[1].split("’")[0]
    assert f"{table[(frame, 'china')] * 100:.0f} %" in drawn["nearest_actors"].title
    assert all(drawing.alt and drawing.data.size for drawing in drawn.values())


def test_a_title_claims_no_difference_within_the_intervals():
    """Two tones with overlapping intervals are not said to differ, clear ones are."""
    table = pd.DataFrame(
        [("a", 0.5, 0.2, 0.8), ("b", 0.0, -0.3, 0.3), ("both", 0, -1, 1), ("no actor", 0, -1, 1)],
        columns=["actor", "tone", "low", "high"],
    ).assign(group="all", scored=9, interval="texts", documents=3)
    near = plots.actor_tone(table, group="source", confidence=0.95).title
    assert near.endswith("do not clearly differ in tone")
    clear = table.assign(low=table["tone"] - 0.1, high=table["tone"] + 0.1)
    assert plots.actor_tone(clear, group="source", confidence=0.95).title.endswith("differ in tone")


def test_without_actors_there_is_no_figure(corpus_of):
    """Figures of actors say that the codebook names none."""
    made = stances.count_stances(
        tokenize(corpus_of(*TEXTS)), Codebook("made", "", BOOK.frames, {}, {})
    )
    for drawing in (
        plots.nearest_actors(stances.nearest_table(made), confidence=0.95),
        plots.frame_objects(stances.object_table(made, "source"), confidence=0.95),
        plots.actor_tone(stances.tone_table(made, "source"), group="source", confidence=0.95),
    ):
        assert drawing.title == "The codebook names no actors"
