"""Documents: texts as they were given, metadata validated, exclusions declared and counted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import InputError, shown
from analysis.files import composed, read_yaml
from analysis.language.chinese import HAN
from analysis.language.codes import languages_of
from analysis.reading.exclusions import exclude_from, read_exclusions
from analysis.reading.manner import LIBRARIES, ReadOptions
from analysis.reading.metadata import MISSING, validated
from analysis.reading.rows import Reading, Rejected
from analysis.store import cache
from analysis.store.arrow import buffers_of, column_of
from analysis.store.texts import Texts, save_texts, texts_of_entry

RULES, _WORDS = "exclusions.yaml", "words.yaml"
NO_VALUE = MISSING
"""The group of the documents without a value of a column: listed, but compared with nothing."""
OTHERS = "(others)"
_MOST_GROUPS = 100
"""Values of a column that are a group each; the documents of rarer ones are OTHERS together."""
_CHOICES = ("on", "off")
EVERY = "all"
POINTER = "corpus.yaml"
BESIDE = ("codebook.yaml", "events.csv", "exclusions.yaml", "findings.yaml")
"""What a corpus folder may hold beside its texts; with POINTER the texts lie elsewhere."""
_EXCLUDED = ("document", "line", "start", "end", "rule", "why", "text")
_NUMBERS = ("line", "start", "end")


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
        parts: list[object] = [len(self.documents.columns)]
        for name, values in self.documents.items():
            parts += [name, *map(memoryview, buffers_of(column_of(values)))]
        lines = [self.excluded["document"].tolist(), self.excluded["line"].tolist()]
        found = cache.key_of(*parts, lines, memoryview(np.ascontiguousarray(self.texts.digests)))
        return cache.key_of(found, self.words) if self.words else found

    def with_everything(self) -> Corpus:
        """The same corpus with no line excluded."""
        return replace(self, excluded=self.excluded.iloc[:0])

    def refuse_rejections(self) -> None:
        """Raise InputError where any item was rejected."""
        for where, reason in self.rejected[:1]:
            problem = f"{len(self.rejected)} items are rejected, first: {where}: {reason}"
            raise InputError(shown(problem, quote=False, longest=400), where="--strict")

    def with_exclusions(self, exclusions: str) -> Corpus:
        """The corpus with its lines excluded as declared ('on'), or with every line kept ('off').

        Raises InputError for any other word.
        """
        if exclusions not in _CHOICES:
            raise InputError(
                "unknown choice", where="exclusions", value=exclusions, allowed=_CHOICES
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
        single = [({"language": code}, inside) for code, inside in self.strata]
        return [({"language": EVERY}, every), *single]

    def groups(self, column: str) -> pd.Series:
        """The group of every document: the values of a metadata column, empty ones as '(none)'.

        A group whose documents are in several languages is one group a language: 'Xinhua (zh)'.
        Of more than MOST_GROUPS values those with the most documents are groups, and all others
        together '(others)'. '(none)' is neither split nor joined. Raises InputError for an unknown
        column, or where a value is the reserved word 'all'.
        """
        if column not in self.documents.columns:
            problem, columns = "group is not a metadata column", self.group_columns()
            raise InputError(problem, where=self.name, value=column, allowed=columns)
        values = _split_by_language(self.documents[column].replace("", MISSING), self.languages)
        if (values == EVERY).any():
            problem = (
                f"column {shown(column)} holds the value 'all', which stands for every document"
            )
            raise InputError(problem, where=self.name, allowed="any other value")
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

    '(none)' is not a value: it does not count and stays as it is.

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
    """A sentence on the rare values of a column that are one group, '' where there are none."""
    if OTHERS not in groups:
        return ""
    return (
        f"{column} has more than {_MOST_GROUPS} values: those with fewer documents than the first "
        f"{_MOST_GROUPS} are one group, {OTHERS}."
    )


def _split_by_language(values: pd.Series, languages: np.ndarray) -> pd.Series:
    """Values of a column, the language added to those that occur in several languages."""
    if len(set(languages)) < 2:
        return values
    language = pd.Series(languages, index=values.index)
    several = (language.groupby(values).transform("nunique") > 1) & (values != NO_VALUE)
    return values.where(~several, values + " (" + language.replace("", "no language") + ")")


def locate(path: str | Path) -> Path:
    """The place of a relative path: below the current folder, else below the project's root.

    A notebook started in `notebooks/` and a run started at the root thus mean the same corpus, in a
    workbook of one's own, of which `notebooks/` is a part, as in this project.
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
        raise InputError("is not a path", value=str(path)) from error


# --- reading -----------------------------------------------------------------------------------------


def read_corpus(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    dates: str = "",
    encoding: str = "",
) -> Corpus:
    """Read a corpus: a folder of texts, an archive of them, or one file of a kind in `readers.KINDS`.

    Each item that is not a document is rejected by name and reason (`Corpus.rejected`), and the
    rest is read. `columns` renames: {"date": "year"} reads the dates from the column `year`.
    `dates` ('day_first', 'month_first') says how 03/05/2024 is read, `encoding` what the texts are
    in; without it they are UTF-8, or a guess that is reported (`Corpus.remarks`). What was read is
    kept in the cache, and read again where a file has changed since.
    Raises InputError for what is not a corpus, for a column that is not there, for dates that can
    be read two ways, and where no document is left.
    """
    from analysis.reading.readers import KINDS

    if not str(path).strip():
        raise InputError("no corpus is named", allowed=KINDS)
    place = locate(path)
    if not place.exists():
        raise InputError("no such corpus", value=str(path), allowed=KINDS)
    options = ReadOptions(dict(columns or {}), dates, encoding)
    if (place / POINTER).is_file():
        return _read_elsewhere(place, options)
    source = _source_of(place, options)
    corpus = _opened(cache.remembered(source), place) if source else None
    if corpus is None:
        key = _stored(place, options)
        if source and source == _source_of(place, options):
            cache.remember(source, key)
        corpus = _opened(key, place)
    return corpus


def _read_elsewhere(folder: Path, options: ReadOptions) -> Corpus:
    """The corpus that a folder's corpus.yaml names, with the folder's own rules and codebook.

    The file may say how the texts are read (columns, dates, encoding); what is given goes first.
    """
    top = read_yaml(folder / POINTER)
    top.only(("texts", "columns", "dates", "encoding"))
    given = top.get("columns").entries() if top.has("columns") else {}
    corpus = read_corpus(
        texts_place(folder),
        columns={**{new: old.text() for new, old in given.items()}, **options.columns},
        dates=options.dates or top.text_of("dates"),
        encoding=options.encoding or top.text_of("encoding"),
    )
    rules = _rules_of(folder)
    excluded = _excluded_lines(corpus.documents, corpus.texts, rules)
    words = tuple(sorted({*corpus.words, *_own_words(folder)}))
    return replace(corpus, folder=folder, rules=rules, excluded=excluded, words=words)


def _stored(place: Path, options: ReadOptions) -> str:
    """Read a corpus from its files into the cache; its key there."""
    with cache.staged() as desk:
        corpus = _read(place, options, desk / "texts")
        notes = {"name": corpus.name, "rejected": corpus.rejected, "remarks": corpus.remarks}
        key = cache.key_of(_code(), notes, corpus.excluded.to_csv(), corpus.fingerprint)
        notes["fingerprint"] = corpus.fingerprint
        arrays = {f"documents.{name}": column_of(v) for name, v in corpus.documents.items()}
        for name, values in corpus.excluded.items():
            numbers = name in _NUMBERS
            arrays[f"excluded.{name}"] = values.to_numpy(int) if numbers else column_of(values)
        if _opened(key, place) is None:
            cache.entry(
                "corpora", key, lambda put: save_texts(corpus.texts, put, key, notes, arrays)
            )
    pa.default_memory_pool().release_unused()
    return key


def _read(place: Path, options: ReadOptions, file: Path) -> Corpus:
    """Read a corpus from its files, its texts into a file."""
    from analysis.reading.sources import read_source

    account = Reading()
    source = read_source(place, options, account, file)
    if source is None:
        raise _empty("it holds no document", place.name, account.rejected)
    if not source.words.any():
        raise _empty("no document holds a letter or a digit", place.name, account.rejected)
    metadata = validated(source.metadata, source.places, source.chinese, options.dates)
    rejected = [*account.rejected, *metadata.rejected]
    if not len(metadata.kept):
        raise _empty("no document is left", place.name, rejected)
    documents = pa.table(metadata.columns).to_pandas()
    texts = source.texts.ordered(metadata.kept)
    return Corpus(
        name=place.name,
        documents=documents,
        texts=texts,
        excluded=_excluded_lines(documents, texts, _rules_of(place)),
        rejected=tuple((one.where, one.reason) for one in rejected),
        remarks=tuple((one.where, one.note) for one in (*account.remarks, *metadata.remarks)),
    )


def _empty(why: str, name: str, rejected: list[Rejected]) -> InputError:
    """The error of a corpus without a document, which shows what was rejected first."""
    problem = f"the corpus is empty: {why}"
    if rejected:
        first = rejected[0]
        problem += f"; {len(rejected)} rejected, first: {first.where}: {first.reason}"
    return InputError(problem, where=name)


def _opened(key: str, place: Path) -> Corpus | None:
    """A corpus from the cache; None where it is not there, or damaged."""
    found = cache.existing("corpora", key)
    if found is None:
        return None
    texts = texts_of_entry(found)
    if texts is None:
        cache.drop("corpora", key)
        return None
    notes, words = found.notes, _own_words(place)
    corpus = Corpus(
        name=notes["name"],
        documents=_table_of(found, "documents."),
        texts=texts,
        excluded=_table_of(found, "excluded."),
        folder=place if place.is_dir() else None,
        rules=_rules_of(place),
        rejected=tuple(map(tuple, notes["rejected"])),
        remarks=tuple(map(tuple, notes["remarks"])),
        key=key,
        words=words,
    )
    known = notes["fingerprint"]  # not computed again
    corpus.__dict__["fingerprint"] = cache.key_of(known, words) if words else known
    return corpus


def _table_of(found: cache.Entry, prefix: str) -> pd.DataFrame:
    """The arrays of an entry whose names begin with a prefix, as a table."""
    names = [name for name in found.names if name.startswith(prefix)]
    return pa.table({name.removeprefix(prefix): found[name] for name in names}).to_pandas()


@lru_cache(1)
def _code() -> str:
    """What decides how a corpus is read."""
    modules = ("files", "language", "reading", "store.arrow", "store.texts", "corpus")
    return cache.key_of(cache.code_of(*modules), cache.versions_of(*LIBRARIES))


# --- files of a corpus -------------------------------------------------------------------------------


def _source_of(place: Path, options: ReadOptions) -> str:
    """A key for the files of a corpus as they are now, '' where they changed too recently."""
    try:
        state = cache.signature(files_of(place))
    except OSError:
        return ""
    return cache.key_of(_code(), str(place.resolve()), options.key, state) if state else ""


def files_of(place: Path) -> list[Path]:
    """The files that decide what a corpus is; links in a folder are not followed."""
    own = [file for name in (RULES, _WORDS) if (file := _own_file(place, name)).is_file()]
    if not place.is_dir():
        return [place, *own]
    inside = (Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    return sorted({*(file for file in inside if not file.is_symlink()), *own})


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


def _own_file(place: Path, name: str) -> Path:
    """A file of a corpus: in its folder, or beside a file NAME.csv as NAME.name."""
    beside = f"{place.name.partition('.')[0]}.{name}"
    return place / name if place.is_dir() else place.with_name(beside)


def _rules_of(place: Path) -> Path | None:
    """The file of the exclusion rules of a corpus, None where there is none."""
    file = _own_file(place, RULES)
    return file if file.is_file() else None


def _own_words(place: Path) -> tuple[str, ...]:
    """The words that words.yaml of a corpus folder lists, or NAME.words.yaml beside a file NAME.csv.

    They are Chinese words that are kept whole when texts are cut. Raises InputError with the line
    of one that is not Chinese or appears twice.
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
            raise node.error("is not a Chinese word", allowed="Chinese characters only")
        if word in words:
            raise node.error("word appears twice")
        words.append(word)
    return tuple(words)


# --- exclusions --------------------------------------------------------------------------------------


def _excluded_lines(documents: pd.DataFrame, texts: Texts, file: Path | None) -> pd.DataFrame:
    """One row an excluded line, in the order of documents and lines; the first rule that hits counts.

    Raises InputError for a rule that names a document the corpus does not have.
    """
    rules, found = read_exclusions(file) if file else [], []
    ids, sources = documents["id"], documents["source"]
    asked = np.zeros(len(ids), dtype=bool)
    for rule in rules:
        named = ids.isin(rule.documents)
        for unknown in sorted(set(rule.documents) - set(ids[named])):
            problem = f"rule {shown(rule.id)} names an unknown document"
            raise InputError(problem, where=file.name, value=unknown, allowed=sorted(ids))
        asked |= named | sources.isin(rule.sources)
    for number in np.flatnonzero(asked).tolist():
        document, source = ids.iloc[number], sources.iloc[number]
        mine = [rule for rule in rules if document in rule.documents or source in rule.sources]
        found += exclude_from(document, texts[number], mine)
    return pd.DataFrame(found, columns=list(_EXCLUDED))


def unused_rules(corpus: Corpus) -> list[str]:
    """Ids of the corpus's exclusion rules that exclude no line."""
    rules = read_exclusions(corpus.rules) if corpus.rules else []
    return [rule.id for rule in rules if rule.id not in set(corpus.excluded["rule"])]
