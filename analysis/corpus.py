"""Documents: texts as they were given, metadata validated, exclusions declared and counted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import InputError, shown
from analysis.files import composed, read_yaml
from analysis.language.chinese import HAN
from analysis.language.codes import languages_of
from analysis.reading.exclusions import Exclusion, exclude_from, read_exclusions
from analysis.reading.manner import LIBRARIES, Manner
from analysis.reading.metadata import COLUMNS, MISSING, validated
from analysis.reading.rows import Reading, Rejected, Remark
from analysis.store.arrow import as_bools, column_of, mask_of, places_of, release_unused
from analysis.store.cache import (
    Draft,
    Entry,
    code_of,
    drop,
    existing,
    key_of,
    packed,
    put,
    remember,
    remembered,
    signature,
    staged,
    unpacked,
    versions_of,
)
from analysis.store.texts import TEXTS, Texts, cached_texts, texts_of_entry

if TYPE_CHECKING:
    from analysis.reading.gathering import Spool

RULES, _WORDS = "exclusions.yaml", "words.yaml"
NO_VALUE = MISSING
"""The group of the documents without a value of a column: listed, but compared with nothing."""
OTHERS = "(others)"
_MOST_GROUPS = 100
"""Values of a column that are a group each; the documents of rarer ones are OTHERS together."""
_EXCLUSIONS = ("on", "off")
EVERY = "all"
POINTER = "corpus.yaml"
BESIDE = ("codebook.yaml", "events.csv", "exclusions.yaml", "findings.yaml")
"""What a corpus folder may hold beside its texts; with POINTER the texts lie elsewhere."""
_EXCLUDED = ("document", "line", "start", "end", "rule", "why", "text")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents in the order of their ids.

    `documents` has one row a document: id, title, source, date (ISO text, as precise as given),
    date_precision, language, then every other column of the metadata, all as text.
    `texts` are the texts in NFC, unaltered otherwise; every offset refers to them.
    `excluded` has one row an excluded line (document, line, start, end, rule, why, text).
    `folder` is where a codebook or events file of the corpus lies, None for a single file; `rules`
    the file of its exclusion rules, None where there is none.
    `rejected` are place and reason of each item that did not become a document, `remarks` place
    and note of each that was read by a guess. `key` is the place of the texts in the cache.
    `words` are Chinese words of the corpus's own (`_own_words`).
    """

    name: str
    documents: pd.DataFrame
    texts: Texts
    excluded: pd.DataFrame
    folder: Path | None = None
    rules: Path | None = None
    rejected: tuple[tuple[str, str], ...] = field(default=())
    remarks: tuple[tuple[str, str], ...] = field(default=())
    key: str = ""
    words: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every document's metadata, text and excluded lines, and the corpus's words."""
        found = _fingerprint(self.documents, self.texts, self.excluded)
        return key_of(found, self.words) if self.words else found

    def with_everything(self) -> Corpus:
        """The same corpus with no line excluded."""
        return replace(self, excluded=self.excluded.iloc[:0])

    def refuse_rejections(self) -> None:
        """Raise InputError where any item was rejected."""
        for where, reason in self.rejected[:1]:
            told = f"{len(self.rejected)} items are rejected, first: {where}: {reason}"
            raise InputError(shown(told, quote=False, longest=400), where="--strict")

    def with_exclusions(self, exclusions: str) -> Corpus:
        """The corpus with its lines excluded as declared ('on'), or with every line kept ('off').

        Raises InputError for any other word.
        """
        if exclusions not in _EXCLUSIONS:
            raise InputError(
                "is no choice", where="exclusions", value=exclusions, allowed=_EXCLUSIONS
            )
        return self if exclusions == "on" else self.with_everything()

    @cached_property
    def languages(self) -> np.ndarray:
        """The language of each document (see `language.codes`)."""
        codes, declared = pd.factorize(self.documents["language"])
        return languages_of(declared.tolist(), codes)

    @property
    def strata(self) -> list[tuple[str, np.ndarray]]:
        """The languages of the corpus, each with the mask of its documents: what may be compared."""
        return [(code, self.languages == code) for code in sorted(set(self.languages))]

    @property
    def spoken(self) -> list[tuple[dict[str, str], np.ndarray]]:
        """All documents; where they are in several languages, then those of each language too.

        With each mask goes what tables add to its rows: nothing, or the column language.
        """
        every = np.ones(len(self), dtype=bool)
        if len(self.strata) == 1:
            return [({}, every)]
        apart = [({"language": code}, inside) for code, inside in self.strata]
        return [({"language": EVERY}, every), *apart]

    def groups(self, column: str) -> pd.Series:
        """The group of every document: the values of a metadata column, empty ones as '(none)'.

        A group whose documents are in several languages is one group a language: 'Xinhua (zh)'.
        Of more than MOST_GROUPS values those with the most documents are groups, and all others
        together '(others)'. '(none)' is neither split nor joined. Raises InputError for an unknown column, or where a value is the reserved word 'all'.
        """
        if column not in self.documents.columns:
            raise InputError(
                "group is no metadata column",
                where=self.name,
                value=column,
                allowed=self.group_columns(),
            )
        values = _apart_by_language(self.documents[column].replace("", MISSING), self.languages)
        if (values == EVERY).any():
            raise InputError(
                f"column {shown(column)} holds the value 'all', which stands for every document",
                where=self.name,
                allowed="any other value",
            )
        codes, names = pd.factorize(_rarest_joined(values, _MOST_GROUPS))
        return pd.Series(np.asarray(names, dtype=object)[codes], dtype=object)

    def group_masks(self, column: str) -> list[tuple[str, np.ndarray]]:
        """Every group of a column with the mask of its documents, all documents first."""
        return masks_of(self.groups(column).to_numpy())

    def group_columns(self) -> list[str]:
        """Metadata columns that can be a `group`."""
        return [str(column) for column in self.documents.columns if column != "title"]


def masks_of(groups: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The mask of everything, then that of each group in the order of their names."""
    codes, names = pd.factorize(groups)
    every = np.ones(len(groups), dtype=bool)
    ranked = sorted(enumerate(names.tolist()), key=lambda one: one[1])
    return [(EVERY, every), *((name, codes == code) for code, name in ranked)]


def _rarest_joined(values: pd.Series, most: int) -> pd.Series:
    """The values with all but the `most` commonest (of equal ones the first by name) as '(others)'.

    '(none)' is no value: it does not count and stays as it is.

    >>> _rarest_joined(pd.Series(["a", "b", "c", "c", "(none)"]), 2).tolist()
    ['a', '(others)', 'c', 'c', '(none)']
    """
    counts = values[values != NO_VALUE].value_counts()
    if len(counts) <= most:
        return values
    ranked = counts.sort_index().sort_values(ascending=False, kind="stable")
    return values.where(values.isin({*ranked.index[:most], NO_VALUE}), OTHERS)


def comparable_groups(groups: Iterable[str]) -> list[str]:
    """The groups that may be compared, by name: all but '(none)'."""
    return sorted(set(groups) - {NO_VALUE})


def others_told(groups: Iterable[str], column: str) -> str:
    """That rare values of a column stand together as a group, '' where none do."""
    if OTHERS not in groups:
        return ""
    return (
        f"{column} has more than {_MOST_GROUPS} values: those with fewer documents than the first "
        f"{_MOST_GROUPS} are one group, {OTHERS}."
    )


def _apart_by_language(values: pd.Series, languages: np.ndarray) -> pd.Series:
    """Values of a column, the language added to those that occur in several languages."""
    if len(set(languages)) < 2:
        return values
    spoken = pd.Series(languages, index=values.index)
    several = (spoken.groupby(values).transform("nunique") > 1) & (values != NO_VALUE)
    return values.where(~several, values + " (" + spoken.replace("", "no language") + ")")


def locate(path: str | Path) -> Path:
    """The place of a relative path: below the current folder, else below the project's root.

    A notebook started in `notebooks/` and a batch started at the root thus mean the same corpus:
    of a workbook of one's own, of which `notebooks/` is a part, or of this project.
    """
    path = Path(path)
    roots = [Path(__file__).parent.parent]
    try:
        if Path.cwd().name == "notebooks":
            roots.insert(0, Path.cwd().parent)
        if path.is_absolute() or path.exists():
            return path
        return next((root / path for root in roots if (root / path).exists()), path)
    except (OSError, ValueError) as error:
        raise InputError("is no path", value=str(path)) from error


def read_corpus(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    dates: str = "",
    encoding: str = "",
) -> Corpus:
    """Read a corpus: a folder of texts, an archive of them, or one file of a kind in `readers.KINDS`.

    Each item that is no document is rejected by name and reason (`Corpus.rejected`), and the rest
    is read. `columns` renames: {"date": "year"} reads the dates from the column `year`. `dates`
    ('day_first', 'month_first') says how 03/05/2024 is read, `encoding` what the texts are in;
    without it they are UTF-8, or a guess that is told (`Corpus.remarks`). What was read is kept in
    the cache, and read again where a file has changed since.
    Raises InputError for what is no corpus, for a column that is not there, for dates that can be
    read two ways, and where no document is left.
    """
    if not str(path).strip():
        raise InputError("no corpus is named", allowed=_kinds())
    place = locate(path)
    manner = Manner(dict(columns or {}), dates, encoding)
    if not place.exists():
        raise InputError("no such corpus", value=str(path), allowed=_kinds())
    if (place / POINTER).is_file():
        return _read_elsewhere(place, manner)
    source = _source_of(place, manner)
    found = existing("corpora", remembered(source)) if source else None
    if found is None:
        found = _stored(place, manner)
        release_unused()
        if source and source == _source_of(place, manner):
            remember(source, found.notes["key"])
    return _with_words(_opened(found, place, manner), _own_words(place))


def _kinds() -> str:
    """The kinds of corpus that can be read."""
    from analysis.reading.readers import KINDS

    return KINDS


def _with_words(corpus: Corpus, words: tuple[str, ...]) -> Corpus:
    """The corpus with Chinese words of its own."""
    if not words:
        return corpus
    known = replace(corpus, words=words)
    known.__dict__["fingerprint"] = key_of(corpus.fingerprint, words)
    return known


def _own_words(place: Path) -> tuple[str, ...]:
    """The words that words.yaml of a corpus folder lists, or NAME.words.yaml beside a file NAME.csv.

    They are Chinese words that are kept whole when texts are cut. Raises InputError with the line
    of one that is not Chinese or stands twice.
    """
    file = _own_file(place, _WORDS)
    if not file.is_file():
        return ()
    words: list[str] = []
    top = read_yaml(file)
    top.only(("words",))
    for node in top.get("words").items():
        word = composed(node.text())
        if not HAN.fullmatch(word):
            raise node.error("is no Chinese word", allowed="Chinese characters only")
        if word in words:
            raise node.error("word stands twice")
        words.append(word)
    return tuple(words)


def texts_place(place: Path) -> Path:
    """Where the texts of a corpus lie: at its place, or where its folder's corpus.yaml says.

    Raises InputError where nothing lies there, or a folder that has such a file itself.
    """
    if not (place / POINTER).is_file():
        return place
    node = read_yaml(place / POINTER).get("texts")
    texts = place / node.text()
    if not texts.exists():
        raise node.error("no such corpus", allowed=f"a path seen from {place.name}/")
    if (texts / POINTER).is_file():
        raise node.error(f"that folder has a {POINTER} itself")
    return texts


def _read_elsewhere(folder: Path, manner: Manner) -> Corpus:
    """The corpus that a folder's corpus.yaml names, with the folder's own rules and codebook.

    The file may say how the texts are read (columns, dates, encoding); what is given goes first.
    """
    top = read_yaml(folder / POINTER)
    top.only(("texts", "columns", "dates", "encoding"))
    given = top.get("columns").entries() if top.has("columns") else {}
    renames = {**{new: old.text() for new, old in given.items()}, **manner.columns}
    dates = manner.dates or top.text_of("dates")
    encoding = manner.encoding or top.text_of("encoding")
    texts = texts_place(folder)
    corpus = read_corpus(texts, columns=renames, dates=dates, encoding=encoding)
    rules = _rules_of(folder)
    excluded = _excluded_lines(corpus, read_exclusions(rules) if rules else [], rules)
    own = tuple(sorted({*corpus.words, *_own_words(folder)}))
    known = replace(corpus, folder=folder, rules=rules, excluded=excluded)
    if not (len(excluded) or len(corpus.excluded) or corpus.words):
        known.__dict__["fingerprint"] = corpus.fingerprint
    return _with_words(known, own)


def _source_of(place: Path, manner: Manner) -> str:
    """A key for the files of a corpus as they are now, '' where they are too new to tell."""
    try:
        state = signature(files_of(place))
    except OSError:
        return ""
    return key_of(_code(), str(place.resolve()), manner.key, state) if state else ""


def files_of(place: Path) -> list[Path]:
    """The files that decide what a corpus is."""
    own = [file for name in (RULES, _WORDS) if (file := _own_file(place, name)).is_file()]
    return sorted({*_every_file(place), *own}) if place.is_dir() else [place, *own]


def _rules_of(place: Path) -> Path | None:
    """The exclusion rules of a corpus: in its folder, or beside its file and named after it."""
    file = _own_file(place, RULES)
    return file if file.is_file() else None


def _own_file(place: Path, name: str) -> Path:
    """A file of a corpus: in its folder, or beside a file NAME.csv as NAME.name."""
    beside = f"{place.name.partition('.')[0]}.{name}"
    return place / name if place.is_dir() else place.with_name(beside)


def _every_file(folder: Path) -> list[Path]:
    """Every file below a folder, links not followed."""
    found = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return sorted(file for file in found if not file.is_symlink())


@cache
def _code() -> str:
    """What decides how a corpus is read."""
    stores = ("store.arrow", "store.spool", "store.texts")
    made_by = code_of("files", "language", "reading", *stores, "corpus")
    return key_of(made_by, versions_of(*LIBRARIES))


def _stored(place: Path, manner: Manner) -> Entry:
    """The corpus read from its files and put into the cache."""
    with staged() as folder:
        draft = Draft(folder)
        corpus, shards = _read_into(draft, place, manner)
        excluded = corpus.excluded.astype(str)
        told = [corpus.name, corpus.rejected, corpus.remarks, excluded.to_numpy().tolist()]
        key = key_of(_code(), told, corpus.fingerprint)
        for number, column in enumerate(excluded):
            draft.add(packed(f"excluded_{number}", column_of(excluded[column])))
        notes = {"documents": list(corpus.documents), "excluded": list(excluded), "key": key}
        notes |= {"name": corpus.name, "rejected": corpus.rejected, "remarks": corpus.remarks}
        draft.seal(key, notes | {"fingerprint": corpus.fingerprint, "shards": shards})
        found = put(folder, "corpora", key)
    if found is None:
        raise InputError("the cache cannot be written", where="--cache")
    return found


def _opened(found: Entry, place: Path, manner: Manner) -> Corpus:
    """A corpus from the cache."""
    documents, excluded = (
        _table_of(found, table, found.notes[table]) for table in ("documents", "excluded")
    )
    excluded = excluded.astype(dict.fromkeys(("line", "start", "end"), np.int64))
    texts = cached_texts(found.notes["key"])
    texts.renew = lambda: _read_again(found.notes, place, manner)
    corpus = Corpus(
        name=found.notes["name"],
        documents=documents,
        texts=texts,
        excluded=excluded,
        folder=place if place.is_dir() else None,
        rules=_rules_of(place),
        rejected=tuple(map(tuple, found.notes["rejected"])),
        remarks=tuple(map(tuple, found.notes["remarks"])),
        key=found.notes["key"],
    )
    corpus.__dict__["fingerprint"] = found.notes["fingerprint"]
    return corpus


def _table_of(found: Entry, table: str, names: list[str]) -> pd.DataFrame:
    """A table of an entry, its columns mapped."""
    arrays = [unpacked(found, f"{table}_{number}") for number in range(len(names))]
    return pa.table(arrays, names=names).to_pandas()


def _read_again(notes: Mapping, place: Path, manner: Manner) -> Texts:
    """The texts of a corpus whose entry, with these notes, is damaged, from its files."""
    for kind, key in [("corpora", notes["key"]), *(("shards", key) for key in notes["shards"])]:
        drop(kind, key)
    fresh = _stored(place, manner)
    if fresh.notes["key"] != notes["key"]:
        raise InputError("the corpus changed while it was read", where=place.name)
    return cached_texts(notes["key"])


def _fingerprint(documents: pd.DataFrame, texts: Texts, excluded: pd.DataFrame) -> str:
    """SHA-256 over the metadata, texts and excluded lines of documents."""
    parts: list[str | bytes | memoryview] = [len(documents.columns)]
    for name, values in documents.items():
        parts += [name, *map(memoryview, packed("", column_of(values)).values())]
    lines = [excluded["document"].tolist(), excluded["line"].tolist()]
    return key_of(*parts, lines, memoryview(np.ascontiguousarray(texts.digests)))


def _read_into(draft: Draft, place: Path, manner: Manner) -> tuple[Corpus, list[str]]:
    """Read a corpus from its files, written to `draft` on the way; also the keys of its `shards`."""
    from analysis.reading.gathering import gathered

    told = Reading()
    try:
        with gathered(place, manner, told, draft.folder) as spool:
            corpus = _from_spool(spool, told, draft, name=place.name, order=manner.dates)
            shards = spool.shards
    except _EmptyCorpus as error:
        raise _rejected_all(error, told) from error
    rules = _rules_of(place)
    corpus = replace(
        corpus,
        folder=place if place.is_dir() else None,
        rules=rules,
        rejected=tuple((one.where, one.reason) for one in told.rejected),
        remarks=tuple((one.where, one.note) for one in told.remarks),
    )
    if rules is not None:
        corpus = replace(corpus, excluded=_excluded_lines(corpus, read_exclusions(rules), rules))
    return corpus, shards


class _EmptyCorpus(InputError):
    """A corpus without a document."""


def _rejected_all(error: InputError, told: Reading) -> InputError:
    """What is said of a corpus without a document, with what was rejected first."""
    if not told.rejected:
        return error
    first = told.rejected[0]
    return InputError(
        f"{error}; {len(told.rejected)} rejected, first: {first.where}: {first.reason}"
    )


# --- from rows to documents ------------------------------------------------------------------------


def _from_spool(spool: Spool, told: Reading, draft: Draft, *, name: str, order: str = "") -> Corpus:
    """A corpus of validated documents, in the order of their ids; everything is written to `draft`.

    A document with an empty or doubled id, or a date that is none, is rejected in `told`. Raises
    InputError for no document, and for dates that can be read two ways.
    """
    if not len(spool):
        raise _EmptyCorpus("the corpus is empty: it holds no document", where=name)
    if not spool.speaks:
        raise _EmptyCorpus("the corpus is empty: no document holds a letter or a digit", where=name)
    places = spool.places["place"]
    metadata = validated(spool.metadata, len(places), lambda n: places[n].as_py(), order)
    problems = metadata.problems
    numbers = sorted(problems)
    told.rejected.extend(Rejected(places[n].as_py(), problems[n]) for n in numbers)
    told.remarks.extend(Remark("dates", note) for note in metadata.told)
    kept = metadata.order
    kept = kept[~np.isin(kept, numbers)] if numbers else kept
    if not len(kept):
        raise _EmptyCorpus("the corpus is empty: no document is left", where=name)
    names = [*COLUMNS, *(column for column in metadata.columns if column not in COLUMNS)]
    told.remarks.extend(_guess_languages(metadata.columns, spool.noted["chinese"], kept))
    in_order = np.array_equal(kept, np.arange(len(places)))
    for number, column in enumerate(names):
        values = metadata.columns.pop(column)
        values = values if in_order else values.take(places_of(kept))
        draft.add(packed(f"documents_{number}", values))
    for noted in TEXTS:
        values = spool.noted[noted]
        draft.add({noted: values if in_order else values[kept]})
    draft.add({"files": np.array(spool.sizes)})
    found = draft.opened()
    release_unused()
    return Corpus(
        name=name,
        documents=_table_of(found, "documents", names),
        texts=texts_of_entry(found),
        excluded=pd.DataFrame(columns=list(_EXCLUDED)),
    )


def _guess_languages(
    columns: dict[str, pa.LargeStringArray], mostly_chinese: np.ndarray, kept: np.ndarray
) -> Iterator[Remark]:
    """Set the language of documents that declare none and are written in Chinese characters to `zh`;
    a remark where there are such.

    `mostly_chinese` says of each document whether it is; only those in `kept` are told of.
    """
    guessed = as_bools(pc.equal(columns["language"], "")) & mostly_chinese
    mine = kept[guessed[kept]]
    if not len(mine):
        return
    columns["language"] = pc.if_else(mask_of(guessed), "zh", columns["language"])
    first = shown(columns["id"][mine[0]].as_py(), quote=False)
    note = f"not declared: {len(mine)} documents read as zh by their script, first {first}"
    yield Remark("language", note)


def _excluded_lines(corpus: Corpus, rules: list[Exclusion], file: Path | None) -> pd.DataFrame:
    """One row an excluded line, in the order of documents and lines; the first rule that hits counts.

    Raises InputError for a rule that names a document the corpus does not have.
    """
    known = corpus.documents["id"]
    for rule in rules:
        for document in sorted(set(rule.documents) - set(known[known.isin(rule.documents)])):
            raise InputError(
                f"rule {shown(rule.id)} names an unknown document",
                where=file.name,
                value=document,
                allowed=sorted(known),
            )
    found = []
    named = [name for rule in rules for name in rule.documents]
    sources = [name for rule in rules for name in rule.sources]
    documents = corpus.documents
    asked = documents["id"].isin(named) | documents["source"].isin(sources)
    for number in np.flatnonzero(asked).tolist():
        document, source = documents["id"].iloc[number], documents["source"].iloc[number]
        mine = [rule for rule in rules if document in rule.documents or source in rule.sources]
        found += exclude_from(document, corpus.texts[number], mine)
    return pd.DataFrame(found, columns=list(_EXCLUDED))


def unused_rules(corpus: Corpus) -> list[str]:
    """Ids of the corpus's exclusion rules that exclude no line."""
    rules = read_exclusions(corpus.rules) if corpus.rules else []
    return [rule.id for rule in rules if rule.id not in set(corpus.excluded["rule"])]
