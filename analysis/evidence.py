"""Evidence: every match of a rule, with its place in the text."""

from __future__ import annotations

import bisect
import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd

from analysis import uncertainty
from analysis.codebook import Rule, RuleSet
from analysis.errors import InputError, shown
from analysis.exclusions import like
from analysis.tokens import Tokens

LONGEST_LINE = 4000
NO_MATHS = "tex2jax_ignore mathjax_ignore"
UNITS = ("sentence", "paragraph", "document")


def word_ids(pattern: str, forms: list[str], lower: list[str], by_lower: list[int]) -> list[int]:
    """Ids of the vocabulary's forms that a word pattern matches.

    A pattern in lower case is compared with the lower-case form, one with a capital with the form
    itself. `forms` is sorted; `by_lower` orders it by `lower`.
    """
    smart = pattern == pattern.lower()
    prefix = pattern.split("*")[0]
    if smart:
        first = bisect.bisect_left(by_lower, prefix, key=lambda n: lower[n])
        candidates: Iterable[int] = range(first, len(by_lower))
    else:
        candidates = range(bisect.bisect_left(forms, prefix), len(forms))
    found = []
    for place in candidates:
        number = by_lower[place] if smart else place
        form = lower[number] if smart else forms[number]
        if not form.startswith(prefix) or ("*" not in pattern and form != pattern):
            break
        if like(pattern, form):
            found.append(number)
    return found


class Matcher:
    """Finds rules in the tokens of a corpus; words are looked up in the vocabulary once."""

    def __init__(self, tokens: Tokens):
        self.tokens = tokens
        self.forms = list(tokens.vocabulary)
        self.lower = [form.lower() for form in self.forms]
        self.by_lower = sorted(range(len(self.forms)), key=lambda n: (self.lower[n], n))
        self.known: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def word(self, pattern: str) -> tuple[np.ndarray, np.ndarray]:
        """Sorted token positions of a word pattern, and a mask of the ids that fit it."""
        if pattern not in self.known:
            found = word_ids(pattern, self.forms, self.lower, self.by_lower)
            order, begins = self.tokens.postings
            pieces = [order[begins[n] : begins[n + 1]] for n in found]
            positions = np.sort(np.concatenate(pieces)) if pieces else np.empty(0, dtype=np.int64)
            mask = np.zeros(len(self.forms), dtype=bool)
            mask[found] = True
            self.known[pattern] = positions, mask
        return self.known[pattern]

    def candidates(self, rule: Rule) -> np.ndarray:
        """Every (first, last) token position at which a rule fits, each pair once, sorted."""
        tokens = self.tokens
        first, _ = self.word(rule.words[0])
        pairs = np.column_stack((first, first))
        for word, gap in zip(rule.words[1:], rule.gaps, strict=True):
            _, mask = self.word(word)
            steps = []
            for step in range(1, gap + 2):
                there = pairs[:, 1] + step
                inside = there < len(tokens)
                ahead = np.column_stack((pairs[inside, 0], there[inside]))
                same = tokens.sentence_of[ahead[:, 0]] == tokens.sentence_of[ahead[:, 1]]
                steps.append(ahead[same & mask[tokens.ids[ahead[:, 1]]]])
            pairs = np.unique(np.concatenate(steps), axis=0)
        return pairs

    def matches(self, rules: RuleSet) -> np.ndarray:
        """Rows (first token, last token, number of the rule) in text order, none overlapping.

        Matches inside an exception are left out; then the longest wins, the earlier of two as
        long, the rule written first of two at the same place.
        """
        found = [stamped(self.candidates(rule), n) for n, rule in enumerate(rules.rules)]
        rows = np.concatenate(found)
        barred = [self.candidates(rule) for rule in rules.exceptions]
        if barred and len(rows):
            rows = rows[~inside_any(rows, np.concatenate(barred))]
        return longest(rows)


def stamped(pairs: np.ndarray, number: int) -> np.ndarray:
    return np.column_stack((pairs, np.full(len(pairs), number, dtype=np.int64)))


def inside_any(rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Which rows lie inside at least one of the spans (first, last)."""
    if not len(spans):
        return np.zeros(len(rows), dtype=bool)
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    farthest = np.maximum.accumulate(spans[:, 1])
    before = np.searchsorted(spans[:, 0], rows[:, 0], side="right") - 1
    return (before >= 0) & (farthest[np.maximum(before, 0)] >= rows[:, 1])


def longest(rows: np.ndarray) -> np.ndarray:
    """Rows (first, last, rule) without overlaps, the longest kept, sorted by place."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    reach = np.maximum.accumulate(rows[:, 1])
    begins = np.concatenate(([True], rows[1:, 0] > reach[:-1]))
    cluster = np.cumsum(begins) - 1
    alone = np.bincount(cluster)[cluster] == 1
    kept = [rows[alone]]
    touching, number = rows[~alone], cluster[~alone]
    if len(touching):
        kept += map(longest_of, np.split(touching, np.flatnonzero(np.diff(number)) + 1))
    rows = np.concatenate(kept)
    return rows[np.argsort(rows[:, 0], kind="stable")]


def longest_of(rows: np.ndarray) -> np.ndarray:
    """The same for one cluster of rows that touch each other."""
    taken: list[np.ndarray] = []
    for row in rows[np.lexsort((rows[:, 2], rows[:, 0], rows[:, 0] - rows[:, 1]))]:
        if all(row[1] < other[0] or row[0] > other[1] for other in taken):
            taken.append(row)
    return np.array(taken)


# --- matches as a table ----------------------------------------------------------------------------


def find(tokens: Tokens, sets: Mapping[str, RuleSet]) -> pd.DataFrame:
    """Every match of every rule set, one row a match, by set in the order given, then by place.

    Columns: name (of the set), rule (as written), first, last (token positions), sentence
    (number in `tokens`), document (number).
    """
    matcher = Matcher(tokens)
    parts = []
    for name, rules in sets.items():
        rows = matcher.matches(rules)
        texts = np.array([rule.text for rule in rules.rules], dtype=object)
        parts.append(
            pd.DataFrame(
                {
                    "name": np.full(len(rows), name, dtype=object),
                    "rule": texts[rows[:, 2]],
                    "first": rows[:, 0],
                    "last": rows[:, 1],
                    "sentence": tokens.sentence_of[rows[:, 0]],
                    "document": tokens.document_of[rows[:, 0]],
                }
            )
        )
    empty = {"name": [], "rule": [], "first": [], "last": [], "sentence": [], "document": []}
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(empty)


def check_unit(unit: str) -> None:
    """Raise InputError for an unknown unit."""
    if unit not in UNITS:
        raise InputError("unknown unit", value=unit, allowed=UNITS)


def unit_of_sentence(tokens: Tokens, unit: str) -> np.ndarray:
    """The unit (numbered through the corpus from 0) that each sentence belongs to."""
    if unit == "sentence":
        return np.arange(tokens.n_sentences)
    if unit == "document":
        keys = tokens.sentence_document.reshape(-1, 1)
    else:
        keys = np.column_stack((tokens.sentence_document, tokens.paragraph))
    if not len(keys):
        return np.empty(0, dtype=np.int64)
    changed = np.any(keys[1:] != keys[:-1], axis=1)
    return np.concatenate(([0], np.cumsum(changed)))


def evidence_table(tokens: Tokens, found: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The matches as readers follow them: `evidence.parquet` of the run folder.

    Columns: frame, rule, document (id), unit (number within the document, from 1), start, end
    (character offsets into the document's text), text (`text[start:end]`), sentence.
    """
    ids = tokens.corpus.documents["id"].to_numpy()
    document = found["document"].to_numpy(dtype=np.int64)
    start = tokens.start[found["first"].to_numpy(dtype=np.int64)]
    end = tokens.end[found["last"].to_numpy(dtype=np.int64)]
    units = unit_of_sentence(tokens, unit)
    first_unit = np.full(tokens.n_documents, 0)
    numbers, where = np.unique(tokens.sentence_document, return_index=True)
    first_unit[numbers] = units[where] if len(where) else 0
    sentence = found["sentence"].to_numpy(dtype=np.int64)
    texts = tokens.corpus.texts
    return pd.DataFrame(
        {
            "frame": found["name"],
            "rule": found["rule"],
            "document": ids[document],
            "unit": units[sentence] - first_unit[document] + 1,
            "start": start,
            "end": end,
            "text": [texts[d][s:e] for d, s, e in zip(document, start, end, strict=True)],
            "sentence": [tokens.sentence_text(number) for number in sentence],
        }
    )


def concordance(tokens: Tokens, found: pd.DataFrame, *, width: int = 60) -> pd.DataFrame:
    """Matches in their context: document, left, match, right; `width` characters on each side.

    The context stays within the line of the text.
    """
    ids = tokens.corpus.documents["id"].to_numpy()
    rows = []
    for first, last, document in found[["first", "last", "document"]].itertuples(index=False):
        text = tokens.corpus.texts[document]
        start, end = int(tokens.start[first]), int(tokens.end[last])
        left = (text[max(0, start - width) : start] + "|").splitlines()[-1][:-1]
        right = ("|" + text[end : end + width]).splitlines()[0][1:]
        rows.append((ids[document], left, text[start:end], right))
    return pd.DataFrame(rows, columns=["document", "left", "match", "right"])


def spread_sample(found: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    """At most `most` rows, drawn at random without replacement, in their old order."""
    if len(found) <= most:
        return found
    return found.iloc[np.sort(rng.choice(len(found), size=most, replace=False))]


# --- matches as pages to read ------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Something to read in a notebook: as HTML with everything escaped, and as plain text."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        page = f'<div class="{NO_MATHS}">{self.html}</div>'
        return {"text/html": page, "text/plain": self.text}


def escaped(text: str) -> str:
    """Text as HTML that shows it and does nothing else; invisible characters are made visible."""
    return html.escape(plain(text))


def cell(value: object) -> str:
    """A value of a table as text: numbers to four digits, or whole with thousands set apart.

    >>> [cell(value) for value in (12345, 12345.678, 0.0123456, float("nan"), "a")]
    ['12,345', '12,346', '0.01235', '–', 'a']
    """
    if isinstance(value, float):
        if value != value:
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, Integral) else str(value)


def plain(text: str) -> str:
    """Text as one line of plain output, nothing invisible in it."""
    return shown(text, quote=False, longest=LONGEST_LINE)


def marked(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    """A sentence as HTML with the spans marked; everything in it is escaped.

    >>> marked("a <b> race", [(6, 10)])
    'a &lt;b&gt; <mark>race</mark>'
    """
    return "".join(marked_pieces(sentence, sorted(spans)))


def marked_pieces(sentence: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    place = 0
    for start, end in spans:
        if start < place:
            continue
        yield escaped(sentence[place:start])
        yield f"<mark>{escaped(sentence[start:end])}</mark>"
        place = end
    yield escaped(sentence[place:])


def table_page(table: pd.DataFrame, *, most: int = 200) -> Page:
    """A table with its texts in full, at most `most` rows, what is not shown counted."""
    head = "".join(f"<th style='text-align:left'>{escaped(str(name))}</th>" for name in table)
    rows = [
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escaped(cell(v))}</td>" for v in row)
        + "</tr>"
        for row in table.head(most).itertuples(index=False)
    ]
    more = f"{len(table) - most:,} more rows not shown" if len(table) > most else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    lines = [plain(" | ".join(map(cell, row))) for row in table.head(most).itertuples(index=False)]
    return Page(body + (f"<p>{more}</p>" if more else ""), "\n".join([*lines, more]).strip())


def concordance_page(
    tokens: Tokens, found: pd.DataFrame, *, most: int, random_seed: int, label: str = ""
) -> Page:
    """Matches in their context, one below the other: at most `most`, drawn at random if more."""
    rng = uncertainty.generator(random_seed, f"concordance {label}")
    lines = concordance(tokens, spread_sample(found, most, rng))
    rows = [
        f"<tr><td style='text-align:left'>{escaped(document)}</td>"
        f"<td style='text-align:right'>{escaped(left)}</td>"
        f"<td style='text-align:center'><mark>{escaped(match)}</mark></td>"
        f"<td style='text-align:left'>{escaped(right)}</td></tr>"
        for document, left, match, right in lines.itertuples(index=False)
    ]
    text = [
        plain(f"{document}: {left}[{match}]{right}")
        for document, left, match, right in lines.itertuples(index=False)
    ]
    told = told_sample(label or "lines", len(lines), len(found), "matches")
    page = f"<p><b>{escaped(told)}</b></p><table>{''.join(rows)}</table>"
    return Page(page, "\n".join([plain(told), *text]))


def concordance_pages(tokens: Tokens, found: pd.DataFrame, *, most: int, random_seed: int) -> Page:
    """The concordance lines of each rule set in turn, in the order of `found`."""
    return joined(
        concordance_page(tokens, part, most=most, random_seed=random_seed, label=name)
        for name, part in found.groupby("name", sort=False)
    )


def sentence_pages(
    tokens: Tokens, found: pd.DataFrame, names: Iterable[str], *, most: int, random_seed: int
) -> Page:
    """Sentences behind each rule set, its matches marked: at most `most` each, drawn at random.

    Each is followed by its document and the rules that matched, so that a number can be followed
    to its text.
    """
    return joined(
        sentences_page(
            tokens,
            found[found["name"] == name],
            name,
            most,
            uncertainty.generator(random_seed, f"sentences {name}"),
        )
        for name in names
    )


def sentences_page(
    tokens: Tokens, mine: pd.DataFrame, name: str, most: int, rng: np.random.Generator
) -> Page:
    """The sentences of one rule set; `mine` are its matches."""
    numbers = np.unique(mine["sentence"].to_numpy(int))
    drawn = numbers if len(numbers) <= most else np.sort(rng.choice(numbers, most, replace=False))
    ids = tokens.corpus.documents["id"].to_numpy()
    pieces, text = [], []
    for number in drawn:
        rows = mine[mine["sentence"] == number]
        origin = int(tokens.sentence_span[number][0])
        begins = tokens.start[rows["first"].to_numpy(int)] - origin
        ends = tokens.end[rows["last"].to_numpy(int)] - origin
        sentence = tokens.sentence_text(number)
        origin_of = (
            f"{ids[tokens.sentence_document[number]]}; {', '.join(dict.fromkeys(rows['rule']))}"
        )
        spans = list(zip(begins.tolist(), ends.tolist(), strict=True))
        pieces.append(f"<li>{marked(sentence, spans)} <small>({escaped(origin_of)})</small></li>")
        text.append(plain(f"- {sentence} ({origin_of})"))
    told = told_sample(name, len(drawn), len(numbers), "sentences")
    page = f"<p><b>{escaped(told)}</b></p><ul>{''.join(pieces)}</ul>"
    return Page(page, "\n".join([plain(told), *text]))


def told_sample(name: str, drawn: int, total: int, what: str) -> str:
    """'race: 3 of 85 sentences (drawn at random)'."""
    return f"{name}: {drawn:,} of {total:,} {what}" + (
        " (drawn at random)" if drawn < total else ""
    )


def joined(pages: Iterable[Page]) -> Page:
    """Several pages as one."""
    pages = list(pages)
    return Page("".join(page.html for page in pages), "\n\n".join(page.text for page in pages))
