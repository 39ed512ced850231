"""Stances: who is nearest to each frame, whom its sentences are about, in what tone, in whose voice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from analysis.rules.evidence import check_unit, units_of
from analysis.rules.matching import Matcher, different, ranges
from analysis.rules.negation import WINDOW, Negations
from analysis.rules.voices import VOICES, Voices, chosen_voices
from analysis.statistics import uncertainty
from analysis.tokens import Block, Tokens

ANY = "(any sentence)"
"""Stands among the frames for all sentences, framed or not; no frame can have this name."""
_MOST_TONED = 10


@dataclass(frozen=True, eq=False)
class _Counts:
    """What is counted in some documents, each table documents × columns.

    Columns of `near` (matches) and `objects` (sentences) are frame by frame the sides (see
    `actors.sides`), those of `voiced` (units) frame by frame the voices; `about` (sentences)
    and the three of `tone` (sentences with tone, sum and sum of squares of their tones) the sides;
    `units` (those that hold a token of it) and `spoken` (tokens) the voices.
    """

    near: sparse.csr_array
    objects: sparse.csr_array
    voiced: sparse.csr_array
    about: sparse.csr_array
    tone: tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]
    units: sparse.csr_array
    spoken: sparse.csr_array


@dataclass(frozen=True, eq=False)
class _Sums:
    """What is added up over a corpus.

    Per frame: `matches`, and how many of them are `negated`; frames × actors: `named`, the matches
    in whose sentence the actor is named, and `weights`, the sum of 1 / (1 + distance); sides ×
    words of the lexicon: `toned`, how often each stands, and `valence`, the sum of its valences.
    """

    matches: np.ndarray
    negated: np.ndarray
    named: np.ndarray
    weights: np.ndarray
    toned: np.ndarray
    valence: np.ndarray

    def __add__(self, other: _Sums) -> _Sums:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Sums(*(mine + theirs for mine, theirs in pairs))


@dataclass(frozen=True, eq=False)
class _Stances:
    """How frames, actors, tone and voice stand together in a corpus, counted in one pass."""

    tokens: Tokens
    frames: tuple[str, ...]
    sides: tuple[str, ...]
    words: np.ndarray
    window: int
    counts: _Counts
    sums: _Sums

    @property
    def actors(self) -> tuple[str, ...]:
        return self.sides[:-2]


def count_stances(
    tokens: Tokens,
    codebook: Codebook,
    unit: str = "sentence",
    *,
    negation: int = 0,
    voice: str = "all",
) -> _Stances:
    """Count how the frames and actors of a codebook stand together, block by block.

    With `negation` above 0 negated matches do not count; `voice` chooses whose words count for
    nearness, objects and tone. Words of the codebook's toneless rules carry no tone, as names of
    actors never do. Raises InputError for an unknown unit or voice.
    """
    check_unit(unit)
    counter = _Counter(tokens, codebook, unit, negation, chosen_voices(voice))
    counts, sums = [], None
    for _, (count, part) in tokens.each(counter.count):
        counts.append(count)
        sums = part if sums is None else sums + part
    return _Stances(
        tokens,
        tuple(codebook.frames),
        sides(list(codebook.actors)),
        counter.tones.words,
        negation or WINDOW,
        _stacked(counts),
        sums,
    )


def _stacked(parts: Sequence[_Counts]) -> _Counts:
    """Counts of documents that follow each other."""
    tables = {
        name: sparse.vstack([getattr(part, name) for part in parts]).tocsr()
        for name in ("near", "objects", "voiced", "about", "units", "spoken")
    }
    tones = (sparse.vstack(column).tocsr() for column in zip(*(p.tone for p in parts), strict=True))
    return _Counts(**tables, tone=tuple(tones))


class _Counter:
    """Counts stances in the blocks of a corpus; what needs the vocabulary is made once."""

    def __init__(self, tokens: Tokens, codebook: Codebook, unit, negation, voices):
        self.unit, self.apart, self.chosen = unit, negation > 0, voices
        self.n_frames, self.n_actors = len(codebook.frames), len(codebook.actors)
        silent = [RuleSet(rule.text, (rule,)) for rule in codebook.toneless]
        sets = [*codebook.frames.values(), *codebook.actors.values(), *silent]
        self.matcher = Matcher(tokens, sets)
        self.voices, self.tones = Voices(tokens).prepared(), Tones(tokens)
        self.negations = Negations(tokens, negation or WINDOW)

    def count(self, block: Block) -> tuple[_Counts, _Sums]:
        """The counts of a block by document, and its sums."""
        found = self.matcher.matches(block)
        rows = np.column_stack((found[:, :3], block.sentence_of[found[:, 1]])).astype(np.int64)
        voice = self.voices.of(block)
        frames = rows[rows[:, 0] < self.n_frames]
        actors = rows[(rows[:, 0] >= self.n_frames)] - [self.n_frames, 0, 0, 0]
        silent = _covered(actors, len(block.ids))
        actors = actors[actors[:, 0] < self.n_actors]
        negated = self.negations.of(block, frames[:, 1])
        sums = [
            np.bincount(part[:, 0], minlength=self.n_frames) for part in (frames, frames[negated])
        ]
        frames = frames[~negated] if self.apart else frames
        voiced, units, spoken = self.by_voice(block, frames, voice)
        frames = frames[self.chosen[voice[frames[:, 1]]]]
        near, named, weights = self.near(block, frames, actors)
        about = sentence_actors(actors, block.n_sentences, self.n_actors)
        tone, *toned = self.toned(block, about, silent | ~self.chosen[voice])
        table = _Cells(block, self.n_actors + 2)
        counts = _Counts(
            near,
            self.objects(block, frames, about),
            voiced,
            table.of(block.sentence_document, about),
            tone,
            units,
            spoken,
        )
        return counts, _Sums(*sums, named, weights, *toned)

    def by_voice(self, block: Block, frames: np.ndarray, voice: np.ndarray) -> tuple:
        """Units by frame and voice, units by voice, and tokens by voice, of each document."""
        n = len(VOICES)
        unit_of = units_of(block, self.unit).astype(np.int64)
        document = block.sentence_document[np.flatnonzero(np.diff(unit_of, prepend=-1))]
        columns = self.n_frames * n
        coded = unit_of[frames[:, 3]] * columns + frames[:, 0] * n + voice[frames[:, 1]]
        coded = different(coded, len(document) * columns)
        held = different(unit_of[block.sentence_of] * n + voice, len(document) * n)
        voiced = _Cells(block, columns).of(document[coded // columns], coded % columns)
        table = _Cells(block, n)
        return voiced, table.of(document[held // n], held % n), table.of(block.document_of, voice)

    def near(self, block: Block, frames: np.ndarray, actors: np.ndarray) -> tuple:
        """Matches by frame and nearest side; frames × actors: matches named with, weights."""
        distance = actor_distances(frames, actors, self.n_actors)
        column = frames[:, 0] * (self.n_actors + 2) + nearest_actor(distance)
        document = block.sentence_document[frames[:, 3]]
        near = _Cells(block, self.n_frames * (self.n_actors + 2)).of(document, column)
        together = sparse.csr_array(
            (np.ones(len(frames)), (frames[:, 0], np.arange(len(frames)))),
            shape=(self.n_frames, len(frames)),
        )
        named = (together @ ~np.isnan(distance)).astype(np.int64)
        return near, named, together @ inverse_weight(distance)

    def objects(self, block: Block, frames: np.ndarray, about: np.ndarray) -> sparse.csr_array:
        """Sentences by frame and by whom they are about."""
        n = self.n_actors + 2
        cells = frames[:, 3] * self.n_frames + frames[:, 0]
        cells = different(cells, block.n_sentences * self.n_frames)
        sentence, frame = np.divmod(cells, self.n_frames)
        document = block.sentence_document[sentence]
        return _Cells(block, self.n_frames * n).of(document, frame * n + about[sentence])

    def toned(self, block: Block, about: np.ndarray, silent: np.ndarray) -> tuple:
        """Sentences with tone, sums and squares of their tones; uses and valences of each word.

        The tone of a sentence is the mean valence of its words that have one.
        """
        at, word, valence = self.tones.of(block, silent)
        sentence, together = np.unique(block.sentence_of[at], return_inverse=True)
        tone = np.bincount(together, valence, len(sentence)) / np.bincount(together)
        table = _Cells(block, self.n_actors + 2)
        where = block.sentence_document[sentence], about[sentence]
        shape = (self.n_actors + 2, len(self.tones.words))
        cells = about[block.sentence_of[at]] * shape[1] + word
        words = [
            np.bincount(cells, weights, shape[0] * shape[1]).reshape(shape)
            for weights in (None, valence)
        ]
        return tuple(table.of(*where, weights) for weights in (None, tone, tone**2)), *words


class _Cells:
    """Makes tables of the documents of a block with so many columns."""

    def __init__(self, block: Block, columns: int):
        self.shape = (block.n_documents, columns)

    def of(self, document, column, weights=None) -> sparse.csr_array:
        """How much falls on each document and column: 1 a row, or its weight."""
        if weights is None:
            cells = np.asarray(document, dtype=np.int64) * self.shape[1] + column
            counts = np.bincount(cells, minlength=self.shape[0] * self.shape[1])
            return sparse.csr_array(counts.astype(np.int32).reshape(self.shape))
        places = np.asarray(document, dtype=np.int32), np.asarray(column, dtype=np.int32)
        return sparse.coo_array((weights, places), shape=self.shape).tocsr()


def _covered(rows: np.ndarray, n_tokens: int) -> np.ndarray:
    """Which tokens lie in a match; rows are (set, first, last, sentence)."""
    inside = np.zeros(n_tokens, dtype=bool)
    inside[ranges(rows[:, 1], rows[:, 2] - rows[:, 1] + 1)] = True
    return inside


# --- tables ------------------------------------------------------------------------------------------


def negation_table(stances: _Stances) -> pd.DataFrame:
    """Matches of each frame that stand behind a negation: `frame_negation.csv`.

    Columns frame, matches, negated, share, window (words before a match that are looked at).
    """
    sums = stances.sums
    return pd.DataFrame(
        {
            "frame": stances.frames,
            "matches": sums.matches,
            "negated": sums.negated,
            "share": uncertainty.ratio(sums.negated, sums.matches),
            "window": stances.window,
        }
    )


def nearest_table(
    stances: _Stances, *, confidence: float = 0.95, resamples: int = 2000, random_seed: int = 0
) -> pd.DataFrame:
    """Who stands nearest to each frame: `nearest_actors.csv`.

    Columns frame, actor, matches (of the frame), in_sentence (those in whose sentence the actor is
    named), weight (sum of 1 / (1 + distance) over the matches), nearest (matches to which the
    actor is the nearest), share (of the matches), low, high, documents, interval. 'both' or
    'several' are ties, 'no actor' sentences that name none.
    """
    n, sums = len(stances.sides), stances.sums
    totals, of = _frame_totals(stances.counts.near, n)
    table = _cell_table(stances.frames, stances.sides, ("frame", "actor"))
    table["matches"] = totals.sum(axis=0)[of]
    rest = np.full((len(stances.frames), 2), np.nan)
    table["in_sentence"] = np.hstack((sums.named, rest)).ravel()
    table["weight"] = np.hstack((sums.weights, rest)).ravel()
    table["nearest"] = stances.counts.near.sum(axis=0)
    estimates = uncertainty.share_estimates(stances.counts.near, totals, of, confidence=confidence)
    return _with_estimates(table, estimates, _documents_of(totals)[of], "share")


def _frame_totals(counts: sparse.csr_array, n: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Sums over the n columns of each frame, and the frame of each column."""
    frame = np.repeat(np.arange(counts.shape[1] // n), n)
    member = sparse.csr_array((np.ones(len(frame), counts.dtype), (np.arange(len(frame)), frame)))
    return (counts @ member).tocsr(), frame


def _documents_of(totals) -> np.ndarray:
    """How many documents have a total above 0, of each column."""
    return (totals > 0).sum(axis=0)


def _cell_table(outer: Iterable[str], inner: Iterable[str], names: tuple[str, str]) -> pd.DataFrame:
    """Every pair of two lists, the first list the slower."""
    inner = list(inner)
    return pd.DataFrame([(one, two) for one in outer for two in inner], columns=list(names))


def _with_estimates(table: pd.DataFrame, estimates, documents, name: str) -> pd.DataFrame:
    """A table with estimates, their intervals and how many documents are behind them."""
    columns = {name: estimates.values, "low": estimates.low, "high": estimates.high}
    return table.assign(**columns, documents=documents, interval=estimates.over)


def _in_order(parts: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Tables by group as one: by their cells first, then by group."""
    table = pd.concat(parts).rename_axis("cell").reset_index()
    table = table.sort_values("cell", kind="stable", ignore_index=True).drop(columns="cell")
    return table[names + [name for name in table if name not in names]]


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
    n = len(stances.sides)
    every, framed = stances.counts.about.tocsc(), stances.counts.objects.tocsc()
    counts = sparse.hstack((every, framed), format="csc").tocsr()
    totals, of = _frame_totals(counts, n)
    parts = []
    for name, documents in stances.tokens.corpus.group_masks(group):
        table = _cell_table((ANY, *stances.frames), stances.sides, ("frame", "object"))
        mine, size = counts[documents], totals[documents]
        table = table.assign(group=name, sentences=size.sum(axis=0)[of], about=mine.sum(axis=0))
        estimates = uncertainty.share_estimates(mine, size, of, confidence=confidence)
        parts.append(_with_estimates(table, estimates, _documents_of(size)[of], "share"))
    return _in_order(parts, ["frame", "group", "object"])


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
    size, total, squares = stances.counts.tone
    parts = []
    for name, documents in stances.tokens.corpus.group_masks(group):
        rng = uncertainty.generator(random_seed, f"tone {group} {name}")
        drawn = {"confidence": confidence, "resamples": resamples, "rng": rng}
        mine = [part[documents] for part in (total, squares, size)]
        table = pd.DataFrame({"actor": stances.sides, "group": name})
        table["sentences"] = stances.counts.about[documents].sum(axis=0)
        table["scored"] = mine[2].sum(axis=0)
        estimates = uncertainty.mean_estimates(*mine, **drawn)
        parts.append(_with_estimates(table, estimates, _documents_of(mine[2]), "tone"))
    return _in_order(parts, ["actor", "group"])


def tone_words(stances: _Stances, *, most: int = _MOST_TONED) -> pd.DataFrame:
    """The words that move the tone of each actor most: `tone_words.csv`.

    Columns actor, word, count (in sentences about the actor), valence (mean there, negations
    turned round), weight (sum of the valences); by actor and the size of the weight.
    """
    parts = []
    for number, actor in enumerate(stances.sides):
        count, weight = stances.sums.toned[number], stances.sums.valence[number]
        words = pd.DataFrame({"word": stances.words, "count": count, "weight": weight})
        words = words.groupby("word", as_index=False)[["count", "weight"]].sum()
        words = words[words["count"] > 0]
        order = np.lexsort((words["word"], -words["weight"].abs().round(9)))[:most]
        words = words.iloc[order].astype({"count": int})
        words.insert(2, "valence", words["weight"] / words["count"])
        words.insert(0, "actor", actor)
        parts.append(words)
    return pd.concat(parts, ignore_index=True)


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
    of = np.tile(np.arange(len(VOICES)), len(stances.frames))
    parts = []
    for name, documents in stances.tokens.corpus.group_masks(group):
        table = _cell_table(stances.frames, VOICES, ("frame", "voice"))
        mine, size = stances.counts.voiced[documents], stances.counts.units[documents]
        table = table.assign(group=name, units=size.sum(axis=0)[of], coded=mine.sum(axis=0))
        estimates = uncertainty.share_estimates(mine, size, of, confidence=confidence)
        parts.append(_with_estimates(table, estimates, _documents_of(size)[of], "share"))
    return _in_order(parts, ["frame", "group", "voice"])


def voice_coverage(stances: _Stances, group: str) -> pd.DataFrame:
    """How much is said in each voice: `voices.csv`: columns voice, group, tokens, share, units."""
    parts = []
    for name, documents in stances.tokens.corpus.group_masks(group):
        tokens = stances.counts.spoken[documents].sum(axis=0)
        table = pd.DataFrame({"voice": VOICES, "group": name, "tokens": tokens})
        table["share"] = tokens / max(tokens.sum(), 1)
        parts.append(table.assign(units=stances.counts.units[documents].sum(axis=0)))
    return _in_order(parts, ["voice", "group"])
