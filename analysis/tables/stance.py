"""Stances: who is nearest to each frame, whom its sentences are about, in what tone and voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.rules.actors import (
    Tones,
    actor_distances,
    inverse_weight,
    nearest_actor,
    sentence_actors,
    sides,
)
from analysis.rules.codebook import Codebook, RuleSet
from analysis.rules.evidence import by_document, check_unit, units_of
from analysis.rules.matching import Matcher, different, ranges
from analysis.rules.negation import WINDOW, Negations
from analysis.rules.voices import VOICES, Voices, chosen_voices
from analysis.statistics import uncertainty
from analysis.tokens import Block, Tokens

ANY = "(any sentence)"
"""The name under which all sentences are listed among the frames; no frame can have it."""
_MAX_WORDS = 10
_Counts = dict[str, sparse.csr_array]
_Sums = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class _Stances:
    """Frames, actors, tone and voice in a corpus, counted in one pass.

    `counts` are tables of documents × columns. The columns of `near` (matches) and `objects`
    (sentences) are the sides (see `actors.sides`) of each frame, those of `voiced` (units) the
    voices of each frame; of `about` (sentences), `scored` (sentences with tone), `tone` and `tone²`
    (sums over these) the sides; of `units` (that hold a token of it) and `spoken` (tokens) the
    voices.

    `sums` are over the corpus. Per frame: `matches`, and how many of them are `negated`; frames ×
    actors: `named`, the matches in whose sentence the actor is named, and `weights`, the sum of
    1 / (1 + distance); sides × words of the lexicon: `uses`, and `valences`, the sum of their
    valences.
    """

    tokens: Tokens
    frames: tuple[str, ...]
    sides: tuple[str, ...]
    words: np.ndarray
    window: int
    counts: _Counts
    sums: _Sums


def count_stances(
    tokens: Tokens,
    codebook: Codebook,
    unit: str = "sentence",
    *,
    negation: int = 0,
    voice: str = "all",
) -> _Stances:
    """Count how the frames and actors of a codebook occur together, block by block.

    With `negation` above 0 negated matches do not count; `voice` chooses whose words count for
    nearness, objects and tone. Names of actors and words of the codebook's neutral rules carry no
    tone. Raises InputError for an unknown unit or voice.
    """
    check_unit(unit)
    counter = _Counter(tokens, codebook, unit, negation, chosen_voices(voice))
    parts: list[_Counts] = []
    sums: _Sums = {}
    for _, (counts, more) in tokens.each(counter.count):
        parts.append(counts)
        sums = {name: sums[name] + more[name] for name in more} if sums else more
    return _Stances(
        tokens,
        tuple(codebook.frames),
        sides(list(codebook.actors)),
        counter.tones.words,
        negation or WINDOW,
        {name: sparse.vstack([part[name] for part in parts]).tocsr() for name in parts[0]},
        sums,
    )


class _Counter:
    """Counts stances in the blocks of a corpus; what needs the vocabulary is made once."""

    def __init__(self, tokens: Tokens, codebook: Codebook, unit, negation, chosen):
        self.unit, self.drops_negated, self.chosen = unit, negation > 0, chosen
        self.n_frames, self.n_actors = len(codebook.frames), len(codebook.actors)
        self.n_sides = self.n_actors + 2
        neutral = [RuleSet(rule.text, (rule,)) for rule in codebook.toneless]
        sets = [*codebook.frames.values(), *codebook.actors.values(), *neutral]
        self.matcher = Matcher(tokens, sets)
        self.voices, self.tones = Voices(tokens).prepared(), Tones(tokens)
        self.negations = Negations(tokens, negation or WINDOW)

    def count(self, block: Block) -> tuple[_Counts, _Sums]:
        """The counts of a block by document, and its sums."""
        found = self.matcher.matches(block)
        rows = np.column_stack((found[:, :3], block.sentence_of[found[:, 1]])).astype(np.int64)
        voice = self.voices.of(block)
        frames = rows[rows[:, 0] < self.n_frames]
        actors = rows[rows[:, 0] >= self.n_frames] - [self.n_frames, 0, 0, 0]
        silent = _covered(actors, len(block.ids)) | ~self.chosen[voice]
        actors = actors[actors[:, 0] < self.n_actors]
        negated = self.negations.of(block, frames[:, 1])
        sums = {
            name: np.bincount(part[:, 0], minlength=self.n_frames)
            for name, part in (("matches", frames), ("negated", frames[negated]))
        }
        frames = frames[~negated] if self.drops_negated else frames
        counts = self.by_voice(block, frames, voice)
        frames = frames[self.chosen[voice[frames[:, 1]]]]
        about = sentence_actors(actors, block.n_sentences, self.n_actors)
        counts["about"] = by_document(block, block.sentence_document, about, self.n_sides)
        counts["objects"] = self.objects(block, frames, about)
        self.add_nearest(block, frames, actors, counts, sums)
        self.add_tone(block, about, silent, counts, sums)
        return counts, sums

    def by_voice(self, block: Block, frames: np.ndarray, voice: np.ndarray) -> _Counts:
        """Units by frame and voice, units by voice, and tokens by voice, of each document."""
        n = len(VOICES)
        columns = self.n_frames * n
        unit_of = units_of(block, self.unit).astype(np.int64)
        document = block.sentence_document[np.flatnonzero(np.diff(unit_of, prepend=-1))]
        coded = unit_of[frames[:, 3]] * columns + frames[:, 0] * n + voice[frames[:, 1]]
        coded = different(coded, len(document) * columns)
        held = different(unit_of[block.sentence_of] * n + voice, len(document) * n)
        return {
            "voiced": by_document(block, document[coded // columns], coded % columns, columns),
            "units": by_document(block, document[held // n], held % n, n),
            "spoken": by_document(block, block.document_of, voice, n),
        }

    def objects(self, block: Block, frames: np.ndarray, about: np.ndarray) -> sparse.csr_array:
        """Sentences by frame and by whom they are about."""
        cells = frames[:, 3] * self.n_frames + frames[:, 0]
        cells = different(cells, block.n_sentences * self.n_frames)
        sentence, frame = np.divmod(cells, self.n_frames)
        column = frame * self.n_sides + about[sentence]
        document = block.sentence_document[sentence]
        return by_document(block, document, column, self.n_frames * self.n_sides)

    def add_nearest(self, block: Block, frames, actors, counts: _Counts, sums: _Sums) -> None:
        """Count matches by frame and nearest side; add up matches named with, and weights."""
        distance = actor_distances(frames, actors, self.n_actors)
        column = frames[:, 0] * self.n_sides + nearest_actor(distance)
        document = block.sentence_document[frames[:, 3]]
        counts["near"] = by_document(block, document, column, self.n_frames * self.n_sides)
        places = frames[:, 0], np.arange(len(frames))
        shape = (self.n_frames, len(frames))
        together = sparse.csr_array((np.ones(len(frames)), places), shape=shape)
        sums["named"] = (together @ ~np.isnan(distance)).astype(np.int64)
        sums["weights"] = together @ inverse_weight(distance)

    def add_tone(self, block: Block, about, silent, counts: _Counts, sums: _Sums) -> None:
        """Count sentences with tone, and the words that make it.

        The tone of a sentence is the mean valence of its words that have one.
        """
        at, word, valence = self.tones.of(block, silent)
        sentence, together = np.unique(block.sentence_of[at], return_inverse=True)
        tone = np.bincount(together, valence, len(sentence)) / np.bincount(together)
        document, side = block.sentence_document[sentence], about[sentence]
        for name, weights in (("scored", None), ("tone", tone), ("tone²", tone**2)):
            counts[name] = by_document(block, document, side, self.n_sides, weights)
        shape = (self.n_sides, len(self.tones.words))
        cells = about[block.sentence_of[at]] * shape[1] + word
        for name, weights in (("uses", None), ("valences", valence)):
            sums[name] = np.bincount(cells, weights, shape[0] * shape[1]).reshape(shape)


def _covered(rows: np.ndarray, n_tokens: int) -> np.ndarray:
    """Which tokens lie in a match; rows are (set, first, last, sentence)."""
    inside = np.zeros(n_tokens, dtype=bool)
    inside[ranges(rows[:, 1], rows[:, 2] - rows[:, 1] + 1)] = True
    return inside


# --- tables ------------------------------------------------------------------------------------------


def negation_table(stances: _Stances) -> pd.DataFrame:
    """Negated matches of each frame: `frame_negation.csv`.

    Columns frame, matches, negated, share, window (words before a match that are looked at).
    """
    matches, negated = stances.sums["matches"], stances.sums["negated"]
    table = pd.DataFrame({"frame": stances.frames, "matches": matches, "negated": negated})
    return table.assign(share=uncertainty.ratio(negated, matches), window=stances.window)


def nearest_table(
    stances: _Stances, *, confidence: float = 0.95, resamples: int = 2000, random_seed: int = 0
) -> pd.DataFrame:
    """Who is nearest to each frame: `nearest_actors.csv`.

    Columns frame, actor, matches (of the frame), in_sentence (those in whose sentence the actor is
    named), weight (sum of 1 / (1 + distance) over the matches), nearest (matches to which the
    actor is the nearest), share (of the matches), low, high, documents, interval. 'both' or
    'several' are ties, 'no actor' sentences that name none.
    """
    near = stances.counts["near"]
    totals, of = _frame_totals(near, len(stances.sides))
    cells = _cells({"frame": stances.frames, "actor": stances.sides})
    table = _share_table(cells, near, totals, of, ("matches", "nearest"), confidence)
    missing = np.full((len(stances.frames), 2), np.nan)
    for place, (name, sums) in enumerate((("in_sentence", "named"), ("weight", "weights")), 3):
        table.insert(place, name, np.hstack((stances.sums[sums], missing)).ravel())
    return table


def object_table(
    stances: _Stances,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Whom the sentences with each frame are about: `frame_objects.csv`.

    Columns frame, group, object, sentences (with the frame), about (those about the object),
    share, low, high, documents, interval. The rows of the frame '(any sentence)' are all sentences.
    """
    every, framed = stances.counts["about"], stances.counts["objects"]
    counts = sparse.hstack((every.tocsc(), framed.tocsc()), format="csc").tocsr()
    totals, of = _frame_totals(counts, len(stances.sides))
    cells = _cells({"frame": (ANY, *stances.frames), "object": stances.sides})

    def table(name: str, documents: np.ndarray) -> pd.DataFrame:
        mine = counts[documents], totals[documents]
        return _share_table(cells, *mine, of, ("sentences", "about"), confidence)

    return _by_group(stances, group, ["frame", "group", "object"], table)


def voice_table(
    stances: _Stances,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Each frame in each voice: `frames_by_voice.csv`.

    Columns frame, group, voice, units (that hold a token of the voice), coded (with a match in that
    voice), share, low, high, documents, interval.
    """
    voiced, units = stances.counts["voiced"], stances.counts["units"]
    of = np.tile(np.arange(len(VOICES)), len(stances.frames))
    cells = _cells({"frame": stances.frames, "voice": VOICES})

    def table(name: str, documents: np.ndarray) -> pd.DataFrame:
        mine = voiced[documents], units[documents]
        return _share_table(cells, *mine, of, ("units", "coded"), confidence)

    return _by_group(stances, group, ["frame", "group", "voice"], table)


def voice_coverage(stances: _Stances, group: str) -> pd.DataFrame:
    """How much is said in each voice: `voices.csv`: columns voice, group, tokens, share, units."""

    def table(name: str, documents: np.ndarray) -> pd.DataFrame:
        tokens = stances.counts["spoken"][documents].sum(axis=0)
        units = stances.counts["units"][documents].sum(axis=0)
        share = tokens / max(tokens.sum(), 1)
        return pd.DataFrame({"voice": VOICES, "tokens": tokens, "share": share, "units": units})

    return _by_group(stances, group, ["voice", "group"], table)


def tone_table(
    stances: _Stances,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """The mean tone of the sentences about each actor: `actor_tone.csv`.

    Columns actor, group, sentences (about the actor), scored (those with a word that has a
    valence), tone (mean over these of the mean valence of their words, -4 to 4), low, high,
    documents, interval.
    """

    def table(name: str, documents: np.ndarray) -> pd.DataFrame:
        rng = uncertainty.generator(random_seed, f"tone {group} {name}")
        drawn = {"confidence": confidence, "resamples": resamples, "rng": rng}
        about, total, squares, scored = (
            stances.counts[column][documents] for column in ("about", "tone", "tone²", "scored")
        )
        sizes = {"sentences": about.sum(axis=0), "scored": scored.sum(axis=0)}
        estimates = uncertainty.mean_estimates(total, squares, scored, **drawn)
        cells = pd.DataFrame({"actor": stances.sides, **sizes})
        return _with_estimates(cells, estimates, _documents_of(scored), "tone")

    return _by_group(stances, group, ["actor", "group"], table)


def tone_words(stances: _Stances, *, most: int = _MAX_WORDS) -> pd.DataFrame:
    """The words that move the tone of each actor most: `tone_words.csv`.

    Columns actor, word, count (in sentences about the actor), valence (mean there, reversed by
    negations), weight (sum of the valences); by actor and the size of the weight.
    """
    parts = []
    for number, actor in enumerate(stances.sides):
        count, weight = stances.sums["uses"][number], stances.sums["valences"][number]
        words = pd.DataFrame({"word": stances.words, "count": count, "weight": weight})
        words = words.groupby("word", as_index=False)[["count", "weight"]].sum()
        words = words[words["count"] > 0]
        order = np.lexsort((words["word"], -words["weight"].abs().round(9)))[:most]
        words = words.iloc[order].astype({"count": int})
        words.insert(2, "valence", words["weight"] / words["count"])
        words.insert(0, "actor", actor)
        parts.append(words)
    return pd.concat(parts, ignore_index=True)


def _cells(keys: dict[str, Iterable[str]]) -> pd.DataFrame:
    """A row for every combination of the values of some columns, the first varying slowest."""
    return pd.MultiIndex.from_product(keys.values(), names=keys).to_frame(index=False)


def _frame_totals(counts: sparse.csr_array, n: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Sums over the n columns of each frame, and the frame of each column."""
    frame = np.repeat(np.arange(counts.shape[1] // n), n)
    member = sparse.csr_array((np.ones(len(frame), counts.dtype), (np.arange(len(frame)), frame)))
    return (counts @ member).tocsr(), frame


def _share_table(
    cells: pd.DataFrame, counts, totals, of: np.ndarray, names: tuple[str, str], confidence: float
) -> pd.DataFrame:
    """The total and the count of each cell under these names, and the share with its interval.

    `of` is the column of `totals` that each column of `counts` is a share of.
    """
    total, count = names
    table = cells.assign(**{total: totals.sum(axis=0)[of], count: counts.sum(axis=0)})
    estimates = uncertainty.share_estimates(counts, totals, of, confidence=confidence)
    return _with_estimates(table, estimates, _documents_of(totals)[of], "share")


def _documents_of(totals) -> np.ndarray:
    """How many documents have a total above 0, of each column."""
    return (totals > 0).sum(axis=0)


def _with_estimates(table: pd.DataFrame, estimates, documents, name: str) -> pd.DataFrame:
    """A table with estimates, their intervals and how many documents are behind them."""
    columns = {name: estimates.values, "low": estimates.low, "high": estimates.high}
    return table.assign(**columns, documents=documents, interval=estimates.over)


def _by_group(
    stances: _Stances, group: str, keys: list[str], make: Callable[[str, np.ndarray], pd.DataFrame]
) -> pd.DataFrame:
    """The tables that are made of each group (name, documents), sorted by cell and then by group.

    The key columns come first.
    """
    masks = stances.tokens.corpus.group_masks(group)
    table = pd.concat([make(name, documents).assign(group=name) for name, documents in masks])
    table = table.sort_index(kind="stable").reset_index(drop=True)
    return table[keys + [name for name in table if name not in keys]]
