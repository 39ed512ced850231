"""How sources frame the matter: coded units, shares, differences, keyness, actors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.corpus import EVERY, NO_VALUE, OTHERS, Corpus, comparable_groups, others_told
from analysis.errors import InputError, shown_lines
from analysis.rules import quoting
from analysis.rules.codebook import Codebook, RuleSet
from analysis.rules.evidence import KEPT, Found, Gatherer, check_unit, evidence_table, units_of
from analysis.rules.marks import CountedMatches, marks_of
from analysis.rules.matching import different
from analysis.rules.negation import WINDOW
from analysis.statistics import measures, uncertainty
from analysis.store.ahead import ahead
from analysis.tables.stories import CorpusStories, beside
from analysis.tables.trends import informative_prior
from analysis.tokens import Block, Tokens, workers

_MOST_WORDS, _MOST_LISTED = 20_000, 100_000
_TOO_FEW_MATCHES = 5
ONE_RULE_SHARE = 0.5
ONE_DOCUMENT_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class Coding:
    """Units coded with frames: a unit is coded when it holds at least one match.

    `coded` is how many units of each document (rows) carry each frame (columns), `units` how many
    units each document has. `named` is how many units name each actor, last those that name
    none; `together` how many of them carry each frame (actors × frames). `found` are the matches
    that count, `apart` those that were set apart as negated (none where negation is off).
    """

    found: Found
    unit: str
    frames: tuple[str, ...]
    actors: tuple[str, ...]
    coded: sparse.csr_array
    units: np.ndarray
    named: np.ndarray
    together: np.ndarray
    apart: Found | None = None

    @property
    def tokens(self) -> Tokens:
        return self.found.tokens

    @cached_property
    def measured(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Numbers of frames, and the mask of the documents in whose language they have rules."""
        return list(self.found.measured(self.found.has_rules_in))

    @property
    def measured_in(self) -> np.ndarray:
        """For each frame (rows) the documents (columns) in whose language it has rules."""
        table = np.zeros((len(self.frames), self.tokens.n_documents), dtype=bool)
        for frames, documents in self.measured:
            table[frames] = documents
        return table

    @property
    def n_units(self) -> int:
        return int(self.units.sum())

    def by_document(self, inside: np.ndarray | None = None) -> uncertainty.Clusters:
        """Coded units of each frame, and units, in each document (or each of some)."""
        if inside is None:
            return uncertainty.Clusters(self.coded, self.units)
        return uncertainty.Clusters(self.coded[inside], self.units[inside])


def code_units(
    tokens: Tokens,
    codebook: Codebook,
    unit: str = "sentence",
    *,
    keep: int = KEPT,
    threshold: int = 1,
    random_seed: int = 0,
    negation: int = 0,
    voice: str = "all",
) -> Coding:
    """Code every unit of the corpus with the frames and actors of a codebook.

    A unit carries a frame from `threshold` matches on. Of each rule at most `keep` matches are kept
    for reading. With `negation` above 0 a match with a negation among so many words before it is
    set apart and codes nothing; `voice` says in whose voice a match must stand to count (see
    `quoting.CHOICES`). Raises InputError for an unknown unit or voice, or no frames.
    """
    check_unit(unit)
    check_frames(codebook.frames)
    frames, actors = codebook.frames, codebook.actors
    gatherer, set_apart = (Gatherer(tokens, frames, keep, random_seed) for _ in range(2))
    matcher = CountedMatches(tokens, codebook, negation, voice)
    coded, units = [], []
    named = np.zeros(len(actors) + 1, dtype=np.int64)
    together = np.zeros((len(actors) + 1, len(frames)), dtype=np.int64)

    def matched(block: Block) -> tuple:
        rows, apart = matcher.matches(block)
        mine = gatherer.counted(block, rows[rows[:, 0] < len(frames)])
        return rows, mine, set_apart.counted(block, apart)

    for block, (rows, mine, apart) in tokens.each(matched):
        gatherer.add(block, mine)
        set_apart.add(block, apart)
        unit_of = units_of(block, unit)
        firsts = np.flatnonzero(np.diff(unit_of, prepend=-1))
        document = block.sentence_document[firsts]
        enough = reached(block, rows, unit_of, threshold, len(frames))
        presence = presence_of(block, enough, unit_of, len(firsts), len(frames) + len(actors))
        framed, holders = presence[:, : len(frames)], presence[:, len(frames) :]
        nobody = sparse.csr_array((holders.sum(axis=1) == 0).astype(np.int64).reshape(-1, 1))
        holders = sparse.hstack([holders, nobody]).tocsr()
        named += np.asarray(holders.sum(axis=0)).ravel()
        together += (holders.T @ framed).toarray()
        units_at = np.arange(len(firsts), dtype=np.int32)
        member = (np.ones(len(firsts), dtype=np.int64), (document, units_at))
        shape = (block.n_documents, len(firsts))
        coded.append(sparse.csr_array(member, shape=shape) @ framed)
        units.append(np.bincount(document, minlength=block.n_documents))
    return Coding(
        gatherer.found(),
        unit,
        tuple(frames),
        tuple(actors),
        sparse.vstack(coded).tocsr(),
        np.concatenate(units),
        named,
        together,
        set_apart.found() if negation else None,
    )


def evidence_of(coding: Coding, *, negation: int = 0) -> pd.DataFrame:
    """The kept matches as readers follow them: `evidence.parquet`.

    The columns of `evidence.evidence_table`, then voice ('author', 'reported' or 'quoted') and
    negated (a negation stands before it, within `negation` words or, if that is 0, WINDOW).
    Matches that were set apart stand among the others.
    """
    parts = [found for found in (coding.found, coding.apart) if found is not None]
    table = pd.concat([evidence_table(found, coding.unit) for found in parts], ignore_index=True)
    kept = pd.concat([found.kept for found in parts], ignore_index=True)
    voice, negated = marks_of(coding.tokens, kept, negation or WINDOW)
    table = table.assign(voice=np.array(quoting.VOICES, dtype=object)[voice], negated=negated)
    rank = kept["name"].map({name: n for n, name in enumerate(coding.frames)})
    return table.iloc[np.lexsort((kept["first"], rank))].reset_index(drop=True)


def describe_evidence(coding: Coding, parameter: str) -> str:
    """Whether `evidence.parquet` holds every match, and if not, how many and which."""
    parts = [found for found in (coding.found, coding.apart) if found is not None]
    total, kept = sum(int(part.totals.sum()) for part in parts), sum(len(p.kept) for p in parts)
    if kept == total:
        return f"Every match is in evidence.parquet ({total:,})."
    return (
        f"{kept:,} of {total:,} matches are in evidence.parquet (at most {coding.found.keep:,} of each "
        f"rule, drawn at random; parameter {parameter}). Counts are of all matches."
    )


def presence_of(
    block: Block, rows: np.ndarray, unit_of: np.ndarray, n_units: int, n_sets: int
) -> sparse.csr_array:
    """Which units (rows) of a block hold a match of which rule set (columns), as ones."""
    sentence = np.searchsorted(block.sentence_start, rows[:, 1], side="right") - 1
    cells = different(unit_of[sentence] * n_sets + rows[:, 0], n_units * n_sets)
    where = tuple(part.astype(np.int32) for part in np.divmod(cells, max(n_sets, 1)))
    ones = np.ones(len(cells), dtype=np.int64)
    return sparse.csr_array((ones, where), shape=(n_units, n_sets))


def reached(
    block: Block, rows: np.ndarray, unit_of: np.ndarray, threshold: int, n_frames: int
) -> np.ndarray:
    """The matches but those of a frame that has fewer than `threshold` of them in their unit."""
    if threshold < 2 or not len(rows):
        return rows
    sentence = np.searchsorted(block.sentence_start, rows[:, 1], side="right") - 1
    cells = unit_of[sentence] * (rows[:, 0].max() + 1) + rows[:, 0]
    _, which, counts = np.unique(cells, return_inverse=True, return_counts=True)
    return rows[(counts[which] >= threshold) | (rows[:, 0] >= n_frames)]


def check_frames(frames: Mapping[str, RuleSet]) -> None:
    """Raise InputError where there are no frames to code with."""
    if not frames:
        raise InputError(
            "the codebook has no frames",
            allowed="frames in the corpus folder's codebook.yaml or in --codebook; "
            "notebooks 01 and 02 run without",
        )


def group_names(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> list[str]:
    """The groups that are compared: two named ones, or every one but '(none)'.

    Raises InputError unless `compare` is empty or two different values of the group column.
    """
    values = comparable_groups(corpus.groups(group))
    if not compare:
        return values
    for name in compare:
        if name == NO_VALUE:
            told = f"documents without a {group} are compared with nothing"
            raise InputError(told, where="compare", value=name, allowed=values)
        if name not in values:
            raise InputError(
                f"no document with this {group}", where="compare", value=name, allowed=values
            )
    if len(compare) != 2 or compare[0] == compare[1]:
        raise InputError("compare takes two different values", value=list(compare), allowed=values)
    spoken = [corpus.languages[(corpus.groups(group) == name).to_numpy()][0] for name in compare]
    if spoken[0] != spoken[1]:
        told = "two groups of one language, as words and rates of two languages do not compare"
        raise InputError("compare names two languages", value=list(compare), allowed=told)
    return list(compare)


def frame_table(
    coding: Coding,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Share of units coded with each frame, for all and by group: `frames.csv`.

    A frame is measured in the documents in whose language it has rules; elsewhere it has no units
    and no share. A corpus of several languages has the rows of each as well (column language,
    'all' for every document). Columns frame, group, units, coded, share, low, high, documents, interval.
    Nothing is drawn: `resamples` and `random_seed` are taken as every table takes them.
    """
    rows = []
    masks, spoken = coding.tokens.corpus.group_masks(group), coding.tokens.corpus.spoken
    for (more, mask), (name, within), (frames, measured) in product(spoken, masks, coding.measured):
        inside = within & measured & mask
        mine = coding.by_document(inside).only(frames)
        interval = uncertainty.rate_intervals(mine, confidence=confidence)
        coded, units = mine.counts.sum(axis=0), int(mine.sizes.sum())
        for n, frame in enumerate(frames.tolist()):
            share = coded[n] / units if units else np.nan
            limits = (interval.low[n], interval.high[n])
            counted = (units, int(coded[n]), share, *limits, int(inside.sum()), interval.over)
            rows.append((frame, coding.frames[frame], name, *counted, *more.values()))
    columns = ["rank", "frame", "group", "units", "coded", "share", "low", "high", "documents"]
    table = pd.DataFrame(rows, columns=[*columns, "interval", *spoken[0][0]])
    return table.sort_values("rank", kind="stable", ignore_index=True).drop(columns="rank")


def frames_by_document(coding: Coding) -> pd.DataFrame:
    """Coded units of each frame in each document: `frames_by_document.csv`.

    Of more than MOST_LISTED documents only those are listed that carry the frame.
    """
    ids, n = coding.tokens.corpus.documents["id"], len(coding.units)
    if n > _MOST_LISTED:
        found = coding.coded.tocsc().tocoo()
        frame, document, coded = found.col, found.row, found.data
    else:
        frame, document = np.divmod(np.arange(len(coding.frames) * n), n)
        coded = coding.coded.toarray().T.ravel()
    units = coding.units[document] * coding.measured_in[frame, document]
    coded = coded * (units > 0)
    table = {
        "frame": np.array(coding.frames, dtype=object)[frame],
        "document": ids.take(document).array,
        "units": units.astype(int),
        "coded": coded.astype(int),
        "share": uncertainty.ratio(coded, units),
    }
    return pd.DataFrame(table)


def _share_of(count, units) -> float:
    """The share, NaN of no units."""
    return float(count) / float(units) if units else float("nan")


def _sides(groups: np.ndarray, names: Sequence[str], inside: np.ndarray, rest: str = "the rest"):
    """(group, other, mask of the group, mask of the other) of every comparison to be made.

    Only documents `inside` count. Two groups make one comparison, more are each set against the
    rest.
    """
    if len(names) == 2:
        first, second = names
        yield first, second, groups == first, groups == second
    elif len(names) > 2:
        for name in names:
            yield name, rest, groups == name, (groups != name) & inside


def _comparable(corpus: Corpus, groups: np.ndarray, names: Sequence[str]):
    """For each language: its groups, its documents that belong to one, and the name of the rest.

    Words and shares of two languages are never set against each other; documents without a value
    are in no rest. A language without a group is passed over.
    """
    for language, inside in corpus.strata:
        inside = inside & (groups != NO_VALUE)
        spoken = set(groups[inside])
        rest = "the rest" if len(corpus.strata) == 1 else f"the rest ({language or 'no language'})"
        if spoken:
            yield [name for name in names if name in spoken], inside, rest


def difference_table(
    coding: Coding,
    group: str,
    compare: Sequence[str] = (),
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Differences of frame shares between groups, with interval, p and q, or why there is no p.

    Columns frame, group, other, share, other_share, difference, low, high, p, q, documents,
    other_documents, interval (the weaker of the two sides), no_test. p is the level at which the
    interval touches zero (`uncertainty.rate_difference`), q its false discovery rate over all rows
    with a p. Both are missing, and `no_test` says why, where a side has fewer than ten documents or
    the frame is too rare; such a row has an interval, but no claim can rest on it. Nothing is drawn:
    `resamples` and `random_seed` are taken as every table takes them.
    """
    corpus = coding.tokens.corpus
    groups = corpus.groups(group).to_numpy()
    names = group_names(corpus, group, compare)
    documents = coding.by_document()

    def rows_of(side: tuple) -> list[tuple]:
        frames, name, other, *masks = side
        kept, part = tuple(coding.frames[n] for n in frames), documents.only(frames)
        return _difference_rows(kept, part, (name, other), masks, confidence)

    compared = ahead(_measured_sides(coding, groups, names), rows_of, workers())
    rows = [row for _, found in compared for row in found]
    columns = ["frame", "group", "other", "share", "other_share", "difference", "low", "high", "p"]
    table = pd.DataFrame(
        rows, columns=[*columns, "documents", "other_documents", "interval", "no_test"]
    )
    table.insert(9, "q", uncertainty.false_discovery(table["p"].to_numpy(dtype=float)))
    return table


def _measured_sides(coding: Coding, groups: np.ndarray, names: Sequence[str]):
    """The comparisons of every language (see `_sides`), before each the frames that have rules in it."""
    for spoken, inside, rest in _comparable(coding.tokens.corpus, groups, names):
        frames = np.flatnonzero(coding.measured_in[:, np.flatnonzero(inside)[0]])
        for side in _sides(groups, spoken, inside, rest):
            yield frames, *side


def _difference_rows(frames, documents, names, masks, confidence) -> list[tuple]:
    """The rows of one comparison, one a frame; documents without a unit do not count."""
    masks = [mask & (documents.sizes > 0) for mask in masks]
    n, m = int(masks[0].sum()), int(masks[1].sum())
    parts = [documents.some(mask) for mask in masks]
    found = uncertainty.rate_difference(*parts, confidence=confidence)
    numbers = (found.rate, found.other, found.rate - found.other, found.low, found.high, found.p)
    return [
        (frame, *names, *row, n, m, found.over, why)
        for frame, *row, why in zip(frames, *numbers, found.no_test, strict=True)
    ]


def keyness_table(
    tokens: Tokens,
    group: str,
    compare: Sequence[str] = (),
    *,
    prior: float,
    most_words: int = _MOST_WORDS,
) -> pd.DataFrame:
    """Words that set each group apart from its counterpart: `keyness.csv`.

    The `most_words` types with the largest |z| of every group, by z. log_odds and z: log-odds with
    an informative Dirichlet prior of `prior` tokens; g2: 4-cell log-likelihood, signed; log_ratio:
    binary logarithm of the two rates' ratio. p: a binomial test adjusted for the clumping of words
    in documents (`uncertainty.word_p`), with its false discovery rate q over all tested types of the
    group. Both are missing, and `no_test` says why, where a side has fewer than ten documents or the
    word is in too few: it is ranked but not tested. Columns end with documents, rest_documents,
    g2_two_cell (log-likelihood from the word's own two cells, signed), percent_difference (%DIFF) and
    no_test. log_odds, z, g2, log_ratio and percent_difference always have one sign.
    """
    groups = tokens.corpus.groups(group).to_numpy()
    names = group_names(tokens.corpus, group, compare)
    columns = ["token", "group", "count", "tokens", "rest_count", "rest_tokens", "log_odds", "z"]
    columns += ["g2", "log_ratio", "p", "q", "documents", "rest_documents"]
    columns += ["g2_two_cell", "percent_difference", "no_test"]
    parts = [pd.DataFrame(columns=columns)]
    for spoken, inside, rest in _comparable(tokens.corpus, groups, names):
        pairs = list(_sides(groups, spoken, inside, rest))
        parts += _keyness_parts(tokens, pairs, prior, most_words) if pairs else []
    table = pd.concat(parts[1:] or parts, ignore_index=True).reindex(columns=columns)
    return table.sort_values(
        ["group", "z", "token"], ascending=[True, False, True], ignore_index=True
    )


def _keyness_parts(
    tokens: Tokens, pairs: Sequence[tuple], prior: float, most_words: int
) -> list[pd.DataFrame]:
    """The rows of each group of the comparisons (see `_sides`) of one language."""
    masks = np.array([mine for *_, mine, _ in pairs] + [theirs for *_, theirs in pairs[:1]])
    masks = masks & (tokens.document_sizes > 0)
    masks = masks if len(pairs) == 1 else masks[:-1]
    parts = []
    for (name, other, mine, theirs), (own, rest) in zip(
        pairs, _word_sums(tokens, masks), strict=False
    ):
        cells = [(name, own, rest, mine, theirs)]
        cells += [(other, rest, own, theirs, mine)] if len(pairs) == 1 else []
        for label, one, another, inside, outside in cells:
            part = _keyness_of(one, another, prior, most_words)
            part = part.assign(documents=int(inside.sum()), rest_documents=int(outside.sum()))
            part.insert(0, "token", tokens.types.take(part.pop("type").to_numpy()).to_pylist())
            parts.append(part.assign(group=label))
    return parts


def _word_sums(
    tokens: Tokens, masks: np.ndarray
) -> Iterator[tuple[uncertainty.WordSums, uncertainty.WordSums]]:
    """The sums of each group of documents (rows of masks), and of all other groups together.

    What only a test needs is summed for words in enough documents to be tested, and is 0 for others.
    The weight h of a document as one of the others is the largest that it has in any comparison.
    With two groups that is exact; with more it makes the test slightly conservative, and one sum
    serves all groups.
    """
    totals, m = tokens.group_totals(masks), tokens.document_sizes.astype(float)
    every, sizes, documents = totals.sum(axis=0), masks @ m, masks.sum(axis=1)
    others = sizes.sum() - sizes
    of = masks.argmax(axis=0)
    fewest = np.array([np.delete(others, group).min() for group in range(len(masks))])
    weights = np.array([_document_weights(m, total[of]) for total in (sizes, fewest)])
    n = max(int(documents.sum()), 1)
    smaller = np.minimum(documents, n - documents)
    share = np.max(smaller[smaller >= uncertainty.FEWEST_DOCUMENTS], initial=0) / n
    often = tokens.spread.sum(axis=0) * share >= uncertainty.MIN_EXPECTED_WORD_CARRIERS
    columns = np.flatnonzero(often)
    squares, products, carriers = _clumping(tokens, masks, weights, columns)
    weighted = (weights * m**2) @ masks.T
    shared = sizes, masks @ m**2, masks @ m**4, documents

    def side(counts, by_word, size, size_squares, size_fourths, documents, weighted):
        found = np.zeros((3, len(every)))
        found[:, columns] = by_word
        powers = float(size_squares), float(size_fourths)
        return uncertainty.WordSums(
            counts, *found, float(size), *powers, float(weighted), int(documents)
        )

    for group, count in enumerate(totals):
        own = [part[group, 0] for part in (squares, products)] + [carriers[group]]
        rest = [np.delete(part[:, -1], group, axis=0).sum(axis=0) for part in (squares, products)]
        rest += [np.delete(carriers, group, axis=0).sum(axis=0)]
        mine = [part[group] for part in (*shared, weighted[0])]
        theirs = [part.sum() - part[group] for part in (*shared, weighted[1])]
        yield side(count, own, *mine), side(every - count, rest, *theirs)


def _document_weights(sizes: np.ndarray, total: np.ndarray) -> np.ndarray:
    """h of each document (see `uncertainty.WordSums`) in a side of so many tokens."""
    return total / np.maximum(total - sizes, 1)


def _clumping(tokens: Tokens, masks: np.ndarray, weights: np.ndarray, columns: np.ndarray):
    """Sums over the documents of each group: weight × count² and weight × size × count (groups ×
    weights × words each), and documents with the word (groups × words)."""
    squares, products = np.zeros((2, len(masks), len(weights), len(columns)))
    carriers = np.zeros((len(masks), len(columns)))
    for documents, counts in tokens.type_counts() if len(columns) else ():
        x = counts[:, columns].astype(float)
        inside = sparse.csr_array(masks[:, documents].astype(float))
        _add(carriers, inside @ (x > 0).astype(float))
        for k, weight in enumerate(weights[:, documents]):
            by_weight = inside.multiply(weight[None, :]).tocsr()
            _add(squares[:, k], by_weight @ x.multiply(x))
            _add(products[:, k], by_weight.multiply(tokens.document_sizes[documents][None, :]) @ x)
    return squares, products, carriers


def _add(total: np.ndarray, part: sparse.sparray) -> None:
    """Add a sparse table to a full one."""
    part = part.tocoo()
    total[part.coords] += part.data


def _keyness_of(
    own: uncertainty.WordSums, rest: uncertainty.WordSums, prior: float, most_words: int
) -> pd.DataFrame:
    """The rows of one group against its counterpart, `type` the number of the word."""
    used = np.flatnonzero(own.counts + rest.counts)
    count, others = own.counts[used], rest.counts[used]
    size, rest_size = int(count.sum()), int(others.sum())
    if not size or not rest_size:
        return pd.DataFrame({"type": np.empty(0, dtype=np.int64)})
    delta, z = measures.log_odds(count, others, informative_prior(count + others, prior))
    even = count * float(rest_size) == others * float(size)  # rounding must not give it a sign
    p = uncertainty.word_p(own, rest)[used]
    table = pd.DataFrame(
        {
            "type": used,
            "count": count,
            "tokens": size,
            "rest_count": others,
            "rest_tokens": rest_size,
            "log_odds": np.where(even, 0.0, delta),
            "z": np.where(even, 0.0, z),
            **{
                name: measure(count, size, others, rest_size)
                for name, measure in measures.KEYNESS.items()
            },
            "p": p,
            "q": uncertainty.false_discovery(p),
            "no_test": np.where(np.isnan(p), _no_word_test(own, rest), ""),
        }
    )
    if len(table) <= most_words:
        return table
    return table.iloc[np.sort(np.argsort(-np.abs(z), kind="stable")[:most_words])]


def _no_word_test(own: uncertainty.WordSums, rest: uncertainty.WordSums) -> str:
    """Why a word without a p has none."""
    n = own.documents, rest.documents
    if min(n) < uncertainty.FEWEST_DOCUMENTS:
        return (
            f"{n[0]} against {n[1]} documents: fewer than {uncertainty.FEWEST_DOCUMENTS} on a side"
        )
    least = -(-uncertainty.MIN_EXPECTED_WORD_CARRIERS * sum(n) // min(n))
    return f"too rare to test: fewer than {least:,} documents have it"


def codebook_table(codebook: Codebook) -> pd.DataFrame:
    """The frames of a codebook: columns frame, about, rules, exceptions (counts)."""
    rows = [
        (name, rules.about, len(rules.rules), len(rules.exceptions))
        for name, rules in codebook.frames.items()
    ]
    return pd.DataFrame(rows, columns=["frame", "about", "rules", "exceptions"])


def actor_table(coding: Coding, *, confidence: float = 0.95) -> pd.DataFrame:
    """Frames in the units that name each actor: columns actor, frame, units, coded, share, low, high.

    A unit may name several actors; the rows 'no actor' are the units that name none. Intervals
    are Wilson's over units and speak of these texts only.
    """
    both, units = coding.together, coding.named
    low, high = uncertainty.wilson(both, units[:, None], confidence)
    rows = [
        (
            actor,
            frame,
            int(units[a]),
            int(both[a, f]),
            _share_of(both[a, f], units[a]),
            low[a, f],
            high[a, f],
        )
        for a, actor in enumerate([*coding.actors, "no actor"])
        for f, frame in enumerate(coding.frames)
    ]
    return pd.DataFrame(rows, columns=["actor", "frame", "units", "coded", "share", "low", "high"])


def concentration_table(coding: Coding) -> pd.DataFrame:
    """What each frame rests on: columns frame, matches, rules, top_rule, top_rule_share,
    documents, top_document, top_document_share, warning ('' for none).

    A warning stands where half the matches come from one rule or three quarters from one document, or where
    there are fewer than five.
    """
    ids = coding.tokens.corpus.documents["id"]
    counts = coding.found.counts.tocsc()
    rows = []
    for number, frame in enumerate(coding.frames):
        column = slice(*counts.indptr[number : number + 2])
        by_document = pd.Series(counts.data[column], index=ids.iloc[counts.indices[column]])
        rule, rule_share, rules = _largest(coding.found.rule_counts[number])
        document, document_share, documents = _largest(by_document)
        matches = int(by_document.sum())
        warning = _warning_of(matches, rule_share, document_share, coding.tokens.n_documents)
        by_rule, where = (rules, rule, rule_share), (documents, document, document_share)
        rows.append((frame, matches, *by_rule, *where, warning))
    columns = ["frame", "matches", "rules", "top_rule", "top_rule_share", "documents"]
    return pd.DataFrame(rows, columns=[*columns, "top_document", "top_document_share", "warning"])


def _largest(counts: pd.Series) -> tuple[str, float, int]:
    """The label with the highest count (first in order of two as high), its share, how many have any."""
    counts = counts[counts > 0].sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty:
        return "", float("nan"), 0
    return str(counts.index[0]), float(counts.iloc[0] / counts.sum()), len(counts)


def _warning_of(matches: int, rule_share: float, document_share: float, n_documents: int) -> str:
    """What a frame's matches warn of, '' for nothing."""
    if matches < _TOO_FEW_MATCHES:
        return f"fewer than {_TOO_FEW_MATCHES} matches"
    parts = []
    if rule_share >= ONE_RULE_SHARE:
        parts.append("one rule")
    if document_share >= ONE_DOCUMENT_SHARE and n_documents > 1:
        parts.append("one document")
    return "rests on " + " and ".join(parts) if parts else ""


def concentration_warnings(table: pd.DataFrame) -> str:
    """The warnings of a concentration table, a line a frame."""
    warned = table[table["warning"] != ""]
    lines = [
        f"WARNING {row.frame}: {row.warning}"
        + (f" ({row.top_rule}; {row.top_document})" if row.matches else "")
        for row in warned.itertuples()
    ]
    return (
        shown_lines("\n".join(lines))
        or "No frame rests on one rule, one document or too few matches."
    )


def tests_told(differences: pd.DataFrame) -> str:
    """How many differences could be tested, and why the others could not (three reasons at most)."""
    if differences.empty:
        return "Fewer than two groups: no difference to test."
    tested = int(differences["p"].notna().sum())
    reasons = list(dict.fromkeys(differences["no_test"][differences["no_test"] != ""]))
    told = [f"{len(differences)} differences, {tested} of them tested."]
    told += [f"Not tested: {reason}." for reason in reasons[:3]]
    if len(reasons) > 3:
        told.append(f"{len(reasons) - 3} more reasons are in the column no_test.")
    return " ".join(told)


def largest_difference(
    differences: pd.DataFrame, confidence: float = 0.95
) -> tuple[pd.Series | None, bool]:
    """The largest difference that may be named, None for none, and whether all documents are few.

    It is one that holds at a false discovery rate of 1 - confidence, with FEWEST_DOCUMENTS on both
    sides. Where no side of any comparison has so many and nothing is tested, it is the largest
    counted one, which describes these texts only.
    """
    sides = differences[["documents", "other_documents"]]
    few = not (sides >= uncertainty.FEWEST_DOCUMENTS).any(axis=None)
    named = ~differences[["group", "other"]].isin([OTHERS]).any(axis=1)
    rows = differences[differences["difference"].notna() & named]
    if rows["p"].notna().any() or not few:
        rows = rows[rows["q"] <= 1 - confidence]
    if not few:
        rows = rows[sides.min(axis=1)[rows.index] >= uncertainty.FEWEST_DOCUMENTS]
    if rows.empty:
        return None, few
    return rows.loc[rows["difference"].abs().idxmax()], few


def framing_answer(
    shares: pd.DataFrame, differences: pd.DataFrame, confidence: float = 0.95
) -> str:
    """The frames by share, how many differences hold, and the largest of them, in sentences made
    of the numbers."""
    every = shares[shares["group"] == EVERY].sort_values("share", ascending=False, kind="stable")
    parts = [("", every)]
    if "language" in every:
        parts = [(f" ({code})", part) for code, part in every.groupby("language") if code != EVERY]
    told = "\n".join(f"Frames by share of all units{of}: {_listed(part)}." for of, part in parts)
    return shown_lines(f"{told}\n{_describe_differences(differences, confidence)}")


def _describe_differences(differences: pd.DataFrame, confidence: float) -> str:
    """How many differences between groups hold, and the largest one that may be named."""
    if not differences["difference"].notna().any():
        return "Fewer than two groups: nothing to compare."
    tested, held = differences["p"].notna().sum(), (differences["q"] <= 1 - confidence).sum()
    told = "No difference between groups can be tested."
    if tested:
        rate = f"{1 - confidence:.2g}"
        told = f"{held} of {tested} tested differences hold at a false discovery rate of {rate}."
    row, few = largest_difference(differences, confidence)
    if row is None:
        return told
    which = "Largest counted one in these texts" if few else "Largest of them"
    return (
        f"{told} {which}: {row['frame']}, {row['group']} {row['share']:.0%} against "
        f"{row['other']} {row['other_share']:.0%}."
    )


def _listed(shares: pd.DataFrame) -> str:
    """Frames with their shares, those without units left out."""
    measured = shares[shares["units"] > 0]
    return ", ".join(f"{row.frame} {row.share:.0%}" for row in measured.itertuples()) or "none"


def groups_told(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> str:
    """The groups that are compared, and how many documents belong to none, in words."""
    names = group_names(corpus, group, compare)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    told = f"{len(names)} groups by {group}: {', '.join(names[:20])}{more}. "
    if not names:
        told = f"No document has a {group}: there are no groups. "
    without = int((corpus.groups(group) == NO_VALUE).sum())
    if names and without:
        told += f"Documents without a {group}, compared with nothing: {without:,}. "
    return shown_lines((told + others_told(names, group)).strip().rstrip("."))


# --- articles and stories --------------------------------------------------------------------------


def frames_by_story(
    coding: Coding,
    codebook: Codebook,
    stories: CorpusStories,
    *,
    group: str,
    threshold: int = 1,
    negation: int = 0,
    voice: str = "all",
) -> pd.DataFrame:
    """Shares of each frame by article and by story beside each other: `frames_by_story.csv`.

    Columns frame, group, articles, article_units, article_coded, article_share, and the same of
    stories. `threshold`, `negation` and `voice` are those that the coding was made with.
    """
    if coding.tokens is not stories.tokens:
        choices = {"threshold": threshold, "negation": negation, "voice": voice}
        coding = code_units(stories.tokens, codebook, coding.unit, keep=0, **choices)
    keys = pd.DataFrame({"group": stories.tokens.corpus.groups(group).to_numpy()})
    table = beside(stories, keys, coding.frames, coding.coded, coding.units)
    names = {"name": "frame", "article_size": "article_units", "article_count": "article_coded"}
    table = table.rename(
        columns=names | {"story_size": "story_units", "story_count": "story_coded"}
    )
    for place, side in ((5, "article"), (9, "story")):
        units = table[f"{side}_units"]
        table.insert(place, f"{side}_share", table[f"{side}_coded"] / units.where(units > 0))
    return table


def story_frames_told(table: pd.DataFrame, *, most: int = 3) -> str:
    """The frames whose share changes most when stories instead of articles are counted, in words."""
    every = table[table["group"] == EVERY]
    if (every["articles"] == every["stories"]).all():
        return "By story every share is as by article: no article is another's copy."
    ranks = [every[f"{side}_share"].rank(ascending=False) for side in ("article", "story")]
    order = "stay in the same order" if ranks[0].equals(ranks[1]) else "change their order"
    change = (every["article_share"] - every["story_share"]).abs()
    rows = every.loc[change.sort_values(ascending=False, kind="stable").index[:most]]
    told = ", ".join(
        f"{row.frame} {row.article_share:.1%} by article and {row.story_share:.1%} by story"
        for row in rows.itertuples()
    )
    return shown_lines(f"The frames {order} when stories are counted. Changed most: {told}.")
