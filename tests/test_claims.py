"""Titles, alternative texts and answers, each derived again from the table that it describes."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis import plots
from analysis.coding import correction
from analysis.corpus import _rarest_joined, read_corpus
from analysis.errors import InputError
from analysis.report import corpus as report_corpus
from analysis.report import framing as report_framing
from analysis.report import trends as report_trends
from analysis.report.coding import describe_further_units
from analysis.rules.codebook import read_codebook, term_sets
from analysis.rules.evidence import find
from analysis.tables import changes, findings, framing, overview, trends
from analysis.tables import stance as stances
from analysis.tables.keyness import keyness_table
from analysis.tokens import tokenize

CHOICES = {"confidence": 0.95, "resamples": 100, "random_seed": 1}
DRAWN = {"unit": "sentence", "confidence": 0.95}
BOOK = """
frames:
  security: {rules: [security, 安全]}
  peace: {rules: [peace, 和平]}
  empty: {rules: [dragon]}
actors:
  china: [China, 中国]
  us: [America, 美国]
"""
FILLER = "The hall was full and the talk went on."


def text(security: int, peace: int, fillers: int = 6) -> str:
    """A text of so many sentences of each kind."""
    sentences = ["China wants security."] * security + ["America wants peace."] * peace
    return " ".join(sentences + [FILLER] * fillers)


def messy_rows() -> list[dict]:
    """Three months of two newspapers, between two months of which two days are there; one document
    of a third newspaper, six of none and three undated ones, all of them extreme."""
    days = [f"2024-{month:02d}-{day:02d}" for month in (2, 3, 4) for day in range(2, 30, 2)]
    rows = [
        {"source": ("Guardian", "Times")[n % 2], "date": day, "text": text(1 + n % 2, n % 3)}
        for n, day in enumerate(days)
    ]
    ends = ["2024-01-30", "2024-01-31", "2024-05-01", "2024-05-02"]
    rows += [
        {
            "source": ("Guardian", "Times")[n % 2],
            "date": day,
            "text": text(9 * (day < "2024-03"), 0),
        }
        for n in range(6)
        for day in ends
    ]
    rows += [{"source": "", "date": "2024-03-03", "text": text(20, 0, 0)} for _ in range(6)]
    rows += [{"source": "Gazette", "date": "2024-03-05", "text": text(0, 20, 0)}]
    rows += [{"source": "Times", "text": f"A unicorn. {text(1, 1)}"} for _ in range(3)]
    return rows


TWO_LANGUAGES = [
    {"source": "Herald", "date": f"{2000 + n}", "language": "en", "text": text(1 + n % 2, n % 3)}
    for n in range(12)
] + [
    {"source": "日报", "date": f"{2000 + n}", "language": "zh", "text": "中国需要和平。" * (1 + n % 3)}
    for n in range(11)
]  # fmt: skip
CORPORA = {
    "messy": messy_rows(),
    "two languages": TWO_LANGUAGES,
    "one document": [{"source": "A", "date": "2024-01-02", "text": text(2, 1)}],
    "no source": [{"date": f"2024-01-{n:02d}", "text": text(n % 3, 1)} for n in range(1, 13)],
    "all the same": [{"source": "AB"[n % 2], "text": text(1, 1)} for n in range(24)],
    "nothing matches": [{"source": "AB"[n % 2], "text": FILLER} for n in range(4)],
}


def corpus_tokens(folder, rows):
    """The tokens of rows, and a codebook."""
    (folder / "rows.jsonl").write_text(
        "\n".join(json.dumps({"id": f"d{n:03d}", **row}) for n, row in enumerate(rows)),
        encoding="utf-8",
    )
    (folder / "book.yaml").write_text(BOOK, encoding="utf-8")
    return tokenize(read_corpus(folder / "rows.jsonl")), read_codebook(folder / "book.yaml")


class Told:
    """Everything that the notebooks draw and say of a corpus."""

    def __init__(self, tokens, book, period="month"):
        self.tokens, self.drawings, self.answers = tokens, {}, {}
        self.n, group = tokens.n_documents, {"group": "source"}
        self.overview()
        self.found = find(tokens, term_sets(["security", "peace", "unicorn", "zebra"], {}))
        self.trends = trends.trend_table(self.found, **group, period=period, **CHOICES)
        self.by_group = trends.group_table(self.found, **group, **CHOICES)
        self.movers, *self.spans = trends.rising_and_falling_words(
            tokens, period=period, prior=500.0
        )
        self.split = changes.split_table(self.trends.table)
        self.in_time()
        self.coding = framing.code_units(tokens, book)
        self.shares = framing.frame_table(self.coding, "source", **CHOICES)
        self.differences = framing.difference_table(self.coding, "source", **CHOICES)
        self.keyness = overview.content_words(keyness_table(tokens, "source", prior=500.0))
        self.in_frames(framing.actor_table(self.coding), stances.count_stances(tokens, book, "sentence"))  # fmt: skip

    def draw(self, drawing):
        self.drawings[drawing.name] = drawing

    def overview(self):
        documents = overview.document_table(self.tokens)
        words = overview.vocabulary_table(self.tokens)
        pairs = overview.collocation_table(self.tokens)
        self.draw(plots.timeline(documents))
        self.draw(plots.document_lengths(documents))
        self.draw(plots.frequent_words(overview.content_words(words), self.n))
        self.draw(plots.collocations(pairs))
        self.draw(plots.lexical_diversity(documents))
        self.draw(plots.vocabulary_growth(overview.growth_table(self.tokens), self.n))
        self.draw(plots.shared_vocabulary(overview.overlap_table(self.tokens), self.n))
        self.answers["overview"] = report_corpus.describe_corpus(
            self.tokens, "source", words, pairs
        )

    def in_time(self):
        events, shown = trends._read_events(None), trends.occurring(self.by_group)
        rates, period = trends.occurring(self.trends.table), self.trends.period
        documents = self.tokens.corpus.documents.rename(columns={"id": "document"})
        self.draw(plots.term_rates(rates, events, period=period, confidence=0.95))
        self.draw(plots.term_rates_by_group(shown, group="source", confidence=0.95))
        self.draw(plots.trend_split(self.split, group="source"))
        self.draw(plots.risers_and_fallers(self.movers, *self.spans))
        self.draw(plots.term_dispersion(trends.term_places(self.found), documents))
        caveat = report_trends.describe_caveat(self.trends)
        self.answers["trends"] = report_trends.describe_trends(self.by_group, self.movers, *self.spans, caveat)  # fmt: skip
        self.answers["changes"] = report_trends.describe_changes(
            changes.change_table(self.trends.table, **CHOICES)
        )

    def in_frames(self, actors, counted):
        self.draw(plots.frame_shares(self.shares, group="source", **DRAWN))
        self.draw(plots.frame_differences(self.differences, **DRAWN))
        self.draw(plots.keyness(self.keyness, group="source", confidence=0.95))
        self.draw(plots.frame_concentration(framing.concentration_table(self.coding)))
        self.draw(plots.actor_frames(actors, **DRAWN))
        near = stances.nearest_table(counted, **CHOICES)
        objects, tone, voices = (
            table(counted, "source", **CHOICES)
            for table in (stances.object_table, stances.tone_table, stances.voice_table)
        )
        self.draw(plots.nearest_actors(near, confidence=0.95))
        self.draw(plots.frame_objects(objects, confidence=0.95))
        self.draw(plots.actor_tone(tone, group="source", confidence=0.95))
        self.draw(plots.frames_by_voice(voices, **DRAWN))
        self.answers["framing"] = report_framing.describe_framing(self.shares, self.differences)

    def claims(self) -> dict[str, str]:
        """Every title, alternative text and answer."""
        figures = {name: f"{one.title}\n{one.alt}" for name, one in self.drawings.items()}
        return figures | self.answers

    def title(self, name: str) -> str:
        return self.drawings[name].title


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Everything told of each corpus, once."""
    made = {}

    def make(name: str) -> Told:
        if name not in made:
            made[name] = Told(*corpus_tokens(tmp_path_factory.mktemp("claims"), CORPORA[name]))
        return made[name]

    return make


@pytest.fixture(scope="module")
def messy(told) -> Told:
    return told("messy")


# --- what may be named -------------------------------------------------------------------------------


def test_no_claim_names_a_missing_value_or_a_small_group(messy):
    """'(none)' (six documents) and Gazette (one) are extreme, and no claim names them."""
    for where, claim in messy.claims().items():
        assert "(none)" not in claim, where
        assert "Gazette" not in claim, where


def test_no_claim_names_a_partial_period(messy):
    """January and May hold two days each; only the timeline names their days."""
    for where, claim in messy.claims().items():
        if where != "timeline":
            assert not re.search("2024-0[15]", claim), where


@pytest.mark.parametrize("name", CORPORA)
def test_every_corpus_has_claims(told, name):
    """No corpus breaks a figure, and no title holds a missing number."""
    for drawing in told(name).drawings.values():
        assert drawing.title
        assert not re.search(r"\bnan\b|– of|NaT", drawing.title), drawing.name


def test_documents_without_a_value_are_listed_but_not_compared(messy):
    """They have a share of their own, and are part of all, but of no comparison and no rest."""
    shares = messy.shares.set_index(["frame", "group"])["units"]
    assert shares["peace", "(none)"] == 120
    assert "(none)" not in {*messy.differences["group"], *messy.differences["other"]}
    assert "(none)" not in set(messy.keyness["group"])
    row = messy.differences.set_index(["frame", "group"]).loc[("security", "Guardian")]
    coded = messy.shares.set_index(["frame", "group"]).loc["security"]
    rest = coded.loc[["Gazette", "Times"], ["coded", "units"]].sum()
    assert row["other_share"] == pytest.approx(rest["coded"] / rest["units"])


def test_two_groups_and_missing_values_make_one_comparison(tmp_path):
    """A against B, as without the third document."""
    rows = [{"source": name, "text": text(1, 1)} for name in ("A", "B", "")]
    tokens, book = corpus_tokens(tmp_path, rows)
    table = framing.difference_table(framing.code_units(tokens, book), "source", **CHOICES)
    assert set(zip(table["group"], table["other"], strict=True)) == {("A", "B")}
    assert report_framing.describe_groups(tokens.corpus, "source") == (
        "2 groups by source: A, B. Documents without a source, compared with nothing: 1"
    )


def test_missing_values_cannot_be_chosen_for_a_comparison(tmp_path):
    """compare: (none) is an error that says why."""
    rows = [{"source": name, "text": text(1, 1)} for name in ("A", "B", "")]
    corpus = corpus_tokens(tmp_path, rows)[0].corpus
    with pytest.raises(InputError, match="without a source are compared with nothing"):
        framing.group_names(corpus, "source", ["A", "(none)"])


def test_missing_values_are_one_group_however_many_values_and_languages(tmp_path):
    """'(none)' is not joined with the rare values, and not split by language."""
    values = pd.Series(["a", "a", "b", "(none)"])
    assert _rarest_joined(values, 1).tolist() == ["a", "a", "(others)", "(none)"]
    rows = [{"text": "race", "language": "en"}, {"text": "中国", "language": "zh"}]
    assert set(corpus_tokens(tmp_path, rows)[0].corpus.groups("source")) == {"(none)"}


def test_corrected_differences_leave_missing_values_out():
    """Of A 1/2, B 0/2, C 1/2 and '(none)' 2/2: A against the rest is 1/2 - 1/4."""
    groups = np.repeat(["A", "B", "C", "(none)"], 2).astype(object)
    automatic = np.array([1, 0, 0, 0, 1, 0, 1, 1], dtype=bool)[:, None]
    strata = np.zeros(8, dtype=object)
    study = correction.make_study(["f"], automatic, [0], [[1.0]], strata, groups, groups)
    table = correction.corrected_difference_table(study).set_index("group")
    assert list(table.index) == ["A", "B", "C"]
    assert table.loc["A", "naive"] == pytest.approx(0.25)


def test_a_statement_is_not_compared_with_missing_values(messy):
    """'More than the others' means the others that have a source."""
    claim = findings.Claim("x", "x", "larger_share", "peace", {"source": "Times"}, {}, "x")
    _, others = findings._two_sides(messy.tokens.corpus, claim)
    sources = messy.tokens.corpus.documents["source"]
    assert set(sources[others]) == {"Guardian", "Gazette"}


def trend_of(folder, rows, period="month"):
    """The trend of two terms in rows, and its figure."""
    found = find(corpus_tokens(folder, rows)[0], term_sets(["security", "peace"], {}))
    result = trends.trend_table(found, group="source", period=period, **CHOICES)
    events = trends._read_events(None)
    return result, plots.term_rates(result.table, events, period=period, confidence=0.95)


# --- over time ---------------------------------------------------------------------------------------


def test_the_trend_title_compares_whole_periods(messy):
    """Security falls from the two days in January to those in May; from February to April not."""
    assert messy.title("term_rates") == "No term changes clearly between 2024-02 and 2024-04"
    data = messy.drawings["term_rates"].data
    ends = data[data["term"] == "security"].set_index("period")
    assert ends.loc["2024-01", "low"] > ends.loc["2024-05", "high"]
    assert ends.loc["2024-02", "low"] < ends.loc["2024-04", "high"]


def test_the_trend_title_counts_the_terms_that_change(tmp_path):
    """Of two terms one rises clearly: the rates are those of its first and last period."""
    rows = [
        {"date": f"{year}", "text": text(1 + (n + year) % 2 + 6 * (year > 2021), 1 + n % 2)}
        for year in (2020, 2021, 2022)
        for n in range(12)
    ]
    _, drawing = trend_of(tmp_path, rows, "year")
    rates = drawing.data.set_index(["term", "period"])["per_million"]
    assert drawing.title == (
        f"‘security’ rises most, from {rates['security', '2020']:,.0f} per million in 2020 to "
        f"{rates['security', '2022']:,.0f} in 2022; 1 of 2 terms change clearly"
    )


def test_an_end_that_dates_do_not_cover_is_not_compared(tmp_path):
    """Monthly on the 15th, but the first month on the 28th and the last on the 2nd."""
    days = ["2023-11-28", *(f"2024-{month:02d}-15" for month in range(1, 12)), "2024-12-02"]
    rows = [{"date": day, "text": text(9 * (day < "2024") + n % 3, 1)} for day in days for n in range(10)]  # fmt: skip
    assert (
        trend_of(tmp_path, rows)[1].title == "No term changes clearly between 2024-01 and 2024-11"
    )


def test_thin_periods_beside_thick_ones_are_not_compared(tmp_path):
    """A last year of three documents is not set against those with twelve."""
    sizes = {2020: 12, 2021: 12, 2022: 3}
    rows = [{"date": f"{y}", "text": text(9 * (y == 2022), 1 + n % 2)} for y, size in sizes.items() for n in range(size)]  # fmt: skip
    result, drawing = trend_of(tmp_path, rows, "year")
    assert drawing.title == "No term changes clearly between 2020 and 2021"
    assert "Only the 2 whole periods" in report_trends.describe_caveat(result)


def test_partial_periods_are_in_no_half_and_no_split(messy):
    """The halves of three whole months; the change is split between whole months only."""
    assert messy.spans == ["2024-02", "2024-03–2024-04"]
    assert not re.search("2024-0[15]", messy.split[["before", "after"]].to_csv())


def test_a_split_takes_no_missing_value_for_a_source():
    """Only documents without a source in both periods: no source speaks twice."""
    rows = [
        ("race", year, group, 1, 10) for year in ("2020", "2021") for group in ("all", "(none)")
    ]
    rows += [("race", "2020", "A", 1, 10), ("race", "2021", "B", 1, 10)]
    table = changes.split_table(
        pd.DataFrame(rows, columns=["term", "period", "group", "count", "tokens"])
    )
    assert table["common"].tolist() == [0]


def test_a_term_of_undated_documents_is_in_the_corpus(messy):
    """'unicorn' is in three undated documents, 'zebra' in none."""
    lines = report_trends.describe_missing_terms(messy.found, messy.trends).splitlines()
    assert lines[0] == "Not in this corpus: zebra."
    assert lines[1] == "Only in documents that are left out of the trend: unicorn (3)."
    every = messy.trends.table[messy.trends.table["group"] == "all"]
    total, dated = messy.found.totals.sum(), every["count"].sum()
    assert lines[2] == (
        f"The trend counts {dated:,} of {total:,} occurrences: {total - dated} are in the 3 "
        "documents left out."
    )


def test_every_term_occurs_is_said_of_all_documents(messy):
    """Without 'zebra' every term occurs, though 'unicorn' only undated."""
    found = find(messy.tokens, term_sets(["security", "unicorn"], {}))
    result = trends.trend_table(found, group="source", period="month", **CHOICES)
    assert report_trends.describe_missing_terms(found, result).startswith(
        "Every term occurs.\nOnly in documents"
    )


# --- between groups ----------------------------------------------------------------------------------


def group_rates(**groups: tuple[float, float, float, int]) -> pd.DataFrame:
    """Rates of one term: for each group the rate, its interval, and documents."""
    rows = [("race", name, 5, 1000, n, *rate) for name, (*rate, n) in groups.items()]
    columns = ["term", "group", "count", "tokens", "documents", "per_million", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(interval="documents")


def groups_title(**groups) -> str:
    table = group_rates(all=(100, 90, 110, 99), **groups)
    return plots.term_rates_by_group(table, group="source", confidence=0.95).title


def test_no_clear_difference_is_said_only_if_all_intervals_overlap():
    """The highest rate is uncertain, but the second is clear of the third."""
    title = groups_title(A=(300, 10, 900, 20), B=(200, 150, 250, 20), C=(50, 40, 60, 20))
    assert title == "‘race’ differs most clearly by source: 200 per million in B, 50 in C"


def test_a_small_group_is_not_named_beside_large_ones():
    """A and B hold ten documents and overlap; C holds nine and lies apart."""
    title = groups_title(A=(100, 90, 110, 10), B=(100, 90, 110, 10), C=(900, 800, 999, 9))
    assert title == "No term is clearly more frequent in one source than in another"


def test_small_groups_alone_are_these_texts():
    """No group holds ten documents: the title speaks of these texts."""
    title = groups_title(A=(100, 90, 110, 1), C=(900, 800, 999, 9))
    assert title.startswith("In these texts ‘race’ differs most clearly by source: 900")


def test_one_large_group_is_compared_with_none():
    """Beside one group of ten documents the small ones are not named."""
    title = groups_title(A=(100, 90, 110, 10), C=(900, 800, 999, 9))
    assert title == "Fewer than two groups by source are large enough to compare"


def difference_rows(*rows: tuple) -> pd.DataFrame:
    columns = ["frame", "group", "other", "share", "other_share", "difference", "low", "high", "p"]
    columns += ["q", "documents", "other_documents", "interval", "no_test"]
    return pd.DataFrame(rows, columns=columns)


NAN = float("nan")
SURE = ("race", "A", "the rest", 0.3, 0.2, 0.1, 0.05, 0.15, 0.001, 0.01, 20, 40, "documents", "")
UNSURE = ("race", "B", "the rest", 0.5, 0.2, 0.3, -0.1, 0.7, 0.3, 0.4, 20, 40, "documents", "")
SMALL = ("race", "C", "the rest", 0.9, 0.1, 0.8, 0.1, 0.9, NAN, NAN, 3, 57, "texts", "too few")


@pytest.mark.parametrize(
    ("rows", "answer", "title", "alt"),
    [
        (
            [SURE, UNSURE, SMALL],
            "1 of 2 tested differences hold at a false discovery rate of 0.05. "
            "Largest of them: race, A 30% against the rest 20%.",
            "1 of 2 tested differences hold at a false discovery rate of 5 %; 1 could not be tested",
            "Largest of those that hold: race, A minus the rest, +10 points.",
        ),
        (
            [UNSURE, SMALL],
            "0 of 1 tested differences hold at a false discovery rate of 0.05.",
            "0 of 1 tested differences hold at a false discovery rate of 5 %; 1 could not be tested",
            "could not be tested.",
        ),
        (
            [SMALL],
            "No difference between groups can be tested.",
            "None of 1 differences can be tested; the intervals of 1 are clear of zero in these texts",
            "in these texts.",
        ),
        (
            [(*SMALL[:11], 2, *SMALL[12:])],
            "No difference between groups can be tested. "
            "Largest counted one in these texts: race, C 90% against the rest 10%.",
            "None of 1 differences can be tested; the intervals of 1 are clear of zero in these texts",
            "Largest counted in these texts: race, C minus the rest, +80 points.",
        ),
    ],
)
def test_differences_are_named_by_their_test(messy, rows, answer, title, alt):
    """A larger difference that is untested, unsure or of few documents is not the headline."""
    table = difference_rows(*rows)
    assert report_framing.describe_framing(messy.shares, table).splitlines()[-1] == answer
    drawing = plots.frame_differences(table, **DRAWN)
    assert drawing.title == title
    assert drawing.alt.endswith(alt)


def test_the_joined_rare_values_are_not_named(messy):
    """'(others)' is no group that an answer can name."""
    table = difference_rows((SURE[0], "(others)", *SURE[2:]))
    answer = report_framing.describe_framing(messy.shares, table)
    assert answer.endswith("1 of 1 tested differences hold at a false discovery rate of 0.05.")


def test_the_most_frequent_frame_names_groups_that_clearly_differ(messy):
    """Derived from the plotted shares: the intervals of the two named groups do not overlap."""
    data = messy.drawings["frame_shares"].data
    rows = data[(data["frame"] == "security") & data["group"].isin(["Guardian", "Times"])]
    clear = rows["low"].max() > rows["high"].min()
    assert ("against" in messy.title("frame_shares")) == clear
    assert ("no two groups clearly differ" in messy.title("frame_shares")) != clear


def test_frames_of_equal_share_are_named_together(told):
    """Security and peace are in one sentence of eight each."""
    assert told("all the same").title("frame_shares").startswith(
        "‘security’ and ‘peace’ are the most frequent frames: 12 % of sentences each"
    )  # fmt: skip


def test_no_frame_is_called_frequent_where_none_occurs(told):
    """Not one sentence holds a match."""
    assert told("nothing matches").title("frame_shares") == ("No sentence holds a match of a frame")


def test_a_word_that_fails_the_test_sets_no_group_apart():
    """The first word by z has q .4, the second .01: the second is named."""
    row = {"group": "A", "count": 9, "tokens": 90, "rest_count": 1, "rest_tokens": 90, "p": 0.1}
    row |= {"documents": 12, "rest_documents": 12}
    table = pd.DataFrame(
        [row | {"token": "one", "z": 5.0, "q": 0.4}, row | {"token": "two", "z": 4.0, "q": 0.01}]
    )
    assert plots.keyness(table, group="source", confidence=0.95).title.startswith("‘two’ sets A")
    none = plots.keyness(table.assign(q=0.4), group="source", confidence=0.95).title
    assert none == "No word passes the test at a false discovery rate of 5 %"
    few = plots.keyness(table.assign(documents=9), group="source", confidence=0.95).title
    assert few == "No two sides with 10 documents or more: no word is tested"


# --- languages, one document --------------------------------------------------------------------------


def test_every_language_has_its_most_frequent_frame(told):
    """Each panel is of one language: the title names the top frame of each."""
    drawing = told("two languages").drawings["frame_shares"]
    every = drawing.data[drawing.data["group"] == "all"]
    tops = every.loc[every.groupby("language")["share"].idxmax(), "frame"]
    assert set(tops) == {"security (en)", "peace (zh)"}
    assert all(top in drawing.title for top in tops)
    words = told("two languages").title("frequent_words")
    assert re.match(r"Most frequent content word of each language: .* \(en\), .* \(zh\);", words)


def test_texts_of_two_languages_are_not_ranked(told):
    """Neither diversity, growth nor shared words set an English text against a Chinese one."""
    both = told("two languages")
    for name in ("lexical_diversity", "vocabulary_growth"):
        assert "compare texts of one language only" in both.title(name)
    assert "in no other document of its language" in both.title("shared_vocabulary")
    assert "occur in every document of its language" in both.title("frequent_words")


def test_one_document_is_compared_with_none(told):
    """No title speaks of disagreement, of every document or of a difference."""
    one = told("one document")
    for name, drawing in one.drawings.items():
        assert not re.search(
            "disagree|every document|most clearly|most different", drawing.title
        ), name
    assert one.title("frame_differences") == "Fewer than two groups: nothing to compare"


def test_sources_are_counted_without_missing_values(messy, told):
    """Three sources, six documents without one; and a corpus without any."""
    assert "from 3 sources (6 without a source)" in messy.title("timeline")
    assert "source" not in told("no source").title("timeline")
    assert "(3 values of source, 6 documents without one)" in messy.answers["overview"]


def test_words_that_tie_are_not_ranked(told):
    """In equal texts several words are the most frequent."""
    title, words = told("nothing matches").title("frequent_words"), {"hall", "full", "talk", "went"}
    assert title.startswith(f"{len(words)} words are the most frequent content words")


# --- evidence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [2, 100_000])
def test_the_evidence_says_whether_it_is_complete(messy, tmp_path, keep):
    """Two matches a rule are kept, or all; the sentence gives the rows of the table."""
    book = corpus_tokens(tmp_path, [{"text": "x"}])[1]
    coding = framing.code_units(messy.tokens, book, keep=keep, negation=3)
    rows, said = (
        len(framing.evidence_of(coding)),
        report_framing.describe_evidence(coding, "evidence"),
    )
    total = int(coding.found.totals.sum() + coding.apart.totals.sum())
    if keep == 2:
        assert said.startswith(
            f"{rows:,} of {total:,} matches are in evidence.parquet (at most 2 of"
        )
    else:
        assert said == f"Every match is in evidence.parquet ({rows:,})."


def test_notebook_3_does_not_promise_every_sentence(root):
    """The promise is computed, not written."""
    notebook = (root / "notebooks" / "03-framing-comparison.ipynb").read_text(encoding="utf-8")
    assert "each number below" not in notebook
    assert "describe_evidence(coding" in notebook


# --- codings -------------------------------------------------------------------------------------------

TOLD = {"coders": "a and b", **DRAWN}


def test_agreement_counts_the_frames_that_have_an_interval():
    """Two of three intervals lie above 0.8; a frame with alpha 1 and none is not counted."""
    rows = [("a", 0.9, 0.85), ("b", 0.95, 0.9), ("c", 0.7, 0.5), ("d", 1.0, np.nan), ("e", np.nan, np.nan)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["variable", "alpha", "low"])
    table = table.assign(high=table["low"] + 0.1, units=50, percent=0.9, reason="never differ")
    assert plots.coder_agreement(table, **TOLD).title == (
        "The interval of 2 of 3 frames lies above 0.8; 2 more have no interval; "
        "coders agree least on ‘c’ (alpha = 0.70)"
    )


def test_agreement_without_any_interval_says_so():
    """Coders that never differ are not said to agree least on anything."""
    table = pd.DataFrame({"variable": ["a"], "alpha": [1.0], "low": [np.nan], "high": [np.nan]})
    title = plots.coder_agreement(table.assign(units=50, percent=1.0, reason="x"), **TOLD).title
    assert title.startswith("None of 1 frames has an interval of alpha; coders never differ")


def test_corrected_shares_are_told_for_each_panel():
    """Inside the interval by the rules, outside by the learnt coder, which is moved most."""
    rows = [("rules", 0.2, 0.21), ("learnt", 0.5, 0.21)]
    table = pd.DataFrame(rows, columns=["coder", "naive", "corrected"])
    table = table.assign(frame="f", group="all", coded=50, low=0.1, high=0.3, rogan_gladen=0.2, by_coders=np.nan)  # fmt: skip
    assert plots.corrected_shares(table, **TOLD).title == (
        "Correction moves ‘f’ (learnt) most, by -29.0 points; counted shares outside the corrected "
        "interval: rules 0 of 1, learnt 1 of 1"
    )


def test_automatic_coders_are_compared_on_the_frames_of_both():
    """The learnt coder knows one frame, on which the rules do as well: means over that one."""
    rows = [("rules", "f", 0.8), ("rules", "g", 0.2), ("learnt", "f", 0.7), ("learnt", "g", np.nan)]
    table = pd.DataFrame(rows, columns=["coder", "frame", "f1"]).assign(against="a")
    assert plots.automatic_coders(table).title == (
        "Mean F1 on the 1 frame that both code: rules 0.80, learnt 0.70 (not tested)"
    )


def test_no_more_units_are_asked_for_where_enough_are_coded():
    """Nothing 'needs most' where all need none."""
    shares = pd.DataFrame({"coder": ["rules"], "group": ["all"], "frame": ["f"], "further_units": [0.0]})  # fmt: skip
    assert describe_further_units(shares, "unit") == (
        "To know each share to ±3 points: 1 of 1 frames need no more units."
    )


def test_the_least_coverage_is_not_rounded_up():
    """94.6 % of samples are not '95 % or more'."""
    rows = [("rules, counted", 0.5), ("rules, corrected", 0.946)]
    table = pd.DataFrame(rows, columns=["estimator", "coverage"])
    table = table.assign(size=50, frame="f", draws=100, half_width=0.1)
    assert "in 94 % of samples or more" in plots.correction_coverage(table, **TOLD).title


def test_the_public_names_are_there():
    """What the notebooks call."""
    for name in ("describe_evidence", "describe_periods", "describe_shared_words"):
        assert callable(getattr(analysis, name))
