"""References: records of CSL-JSON, Zotero JSON or BibTeX, and the full texts that they describe."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from analysis.errors import InputError, shown
from analysis.reading.formats import library
from analysis.reading.rows import Rejected, Remark

KINDS = (".json", ".bib")
_KEYS = ("citation-key", "citationKey", "id", "citekey", "key", "itemKey")
_SOURCES = (
    "container-title", "publicationTitle", "journal", "journaltitle", "booktitle", "websiteTitle",
    "blogTitle", "newspaper", "publisher", "institution",
)  # fmt: skip
_TEXTS = {
    "title": ("title",),
    "source": _SOURCES,
    "date": (),  # from its parts
    "language": ("language", "langid"),
    "author": (),  # from the names
    "type": ("itemType", "type"),
    "doi": ("doi", "DOI"),
    "url": ("url", "URL"),
}
"""The metadata in their order, with the names under which records have them as texts."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")


@dataclass(frozen=True)
class Reference:
    """A record: its place, its key, its metadata as text, the names of its attachments."""

    where: str
    key: str
    metadata: dict[str, str]
    attachments: tuple[str, ...] = ()


def references(text: str, kind: str, *, name: str) -> list[Reference | Rejected]:
    """The records of a bibliography, '.json' (CSL or Zotero) or '.bib'; broken ones are rejected.

    Metadata are title, source, date (ISO where the record splits it, else as given), language,
    author, type, doi, url. Raises InputError for a file that is not a bibliography.
    """
    if kind not in KINDS:
        raise InputError("unknown kind of bibliography", where=name, value=kind, allowed=KINDS)
    found = list(_from_json(text, name) if kind == ".json" else _from_bibtex(text, name))
    if not any(isinstance(item, Reference) for item in found):
        raise InputError("holds no reference", where=name, allowed="CSL-JSON, Zotero JSON, BibTeX")
    return found


def _from_json(text: str, name: str) -> Iterator[Reference | Rejected]:
    """The records of CSL-JSON, of Better BibTeX JSON (`items`) or of Zotero's own (`data`)."""
    try:
        top = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise InputError("broken JSON", where=name) from error
    items = top.get("items", top.get("references")) if isinstance(top, dict) else top
    if not isinstance(items, list):
        raise InputError("holds no list of references", where=name)
    for number, item in enumerate(items, start=1):
        where = f"{name}, record {number}"
        if not isinstance(item, dict):
            yield Rejected(where, "is not a JSON object")
            continue
        values = item["data"] if isinstance(item.get("data"), dict) else item
        if values.get("itemType") in ("attachment", "note", "annotation"):
            continue
        attached = _dicts_in(values.get("attachments"))
        names = (_first_text(one, ("path", "localPath", "filename")) for one in attached)
        files = tuple(name for name in names if name)
        yield Reference(where, _first_text(values, _KEYS), _metadata_of(values), files)


def _dicts_in(value: object) -> list[dict]:
    """The objects in a list of JSON, none where it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _from_bibtex(text: str, name: str) -> Iterator[Reference | Rejected]:
    """The entries of BibTeX; blocks that the parser could not read are rejected by their line."""
    bibtexparser = library("bibtexparser", name)
    try:
        parsed = bibtexparser.parse_string(text)
    except (ValueError, IndexError, KeyError, RecursionError) as error:
        raise InputError("cannot be read as BibTeX", where=name) from error
    for entry in parsed.entries:
        values = {field.key.lower(): _plain(str(field.value)) for field in entry.fields}
        files = str(values.pop("file", ""))
        if values.get("month", "")[:3].lower() in _MONTHS and "year" in values:
            month = _MONTHS.index(values["month"][:3].lower()) + 1
            values["date"] = values.get("date") or f"{values['year']}-{month:02d}"
        where = f"{name}, line {entry.start_line + 1}"
        yield Reference(where, entry.key, _metadata_of(values), _attached_files(files))
    for block in parsed.failed_blocks:
        yield Rejected(f"{name}, line {block.start_line + 1}", "broken BibTeX entry")


def _attached_files(files: str) -> tuple[str, ...]:
    """Names in a `file` field: `Full Text:files/12/a.pdf:application/pdf; …`, or plain paths.

    >>> _attached_files("Full Text:files/12/a.pdf:application/pdf;b.pdf")
    ('files/12/a.pdf', 'b.pdf')
    """
    names = []
    for part in re.split(r"(?<!\\);", files):
        pieces = re.split(r"(?<!\\):", part)
        pieces = [piece.replace("\\;", ";").replace("\\:", ":") for piece in pieces]
        named = [piece for piece in pieces if _EXTENSION.search(piece)]
        names += named[-1:] if len(pieces) > 1 else pieces
    return tuple(name.strip() for name in names if name.strip())


def _plain(value: str) -> str:
    """A BibTeX value without the braces that keep capitals."""
    return re.sub(r"(?<!\\)[{}]", "", value).replace("\\&", "&").replace("\\%", "%")


def _metadata_of(values: dict) -> dict[str, str]:
    """What a record says about its document, as text; what it does not say is left out."""
    found = {new: _first_text(values, names) for new, names in _TEXTS.items()}
    found["language"] = found["language"][:2].lower()
    dates = (_date_of(values.get(key)) for key in ("issued", "date", "year"))
    found["date"] = next(filter(None, dates), "")
    found["author"] = next(
        filter(None, map(_names_of, map(values.get, ("author", "creators")))), ""
    )
    return {name: value for name, value in found.items() if value}


def _first_text(values: dict, keys: Iterable[str]) -> str:
    """The first of the keys that holds a text, on one line; '' where none does."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return " ".join(value.encode("utf-8", "replace").decode().split())
    return ""


def _date_of(value: object) -> str:
    """A date as ISO text from CSL's `date-parts`, or as it was written.

    >>> _date_of({"date-parts": [["2024", "7", "12"]]}), _date_of({"raw": "July 2024"})
    ('2024-07-12', 'July 2024')
    """
    if isinstance(value, str):
        return " ".join(value.split())
    if not isinstance(value, dict):
        return ""
    parts = value.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    year, *rest = [str(part) for part in first[:3]] or [""]
    if len(year) <= 4 and all(part.isascii() and part.isdecimal() for part in (year, *rest)):
        return "-".join([year.zfill(4), *(part.zfill(2) for part in rest)])
    return _first_text(value, ("raw", "literal"))


def _names_of(value: object) -> str:
    """Family names joined by semicolons."""
    if isinstance(value, str):
        return " ".join(value.split())
    people = _dicts_in(value)
    names = (_first_text(person, ("family", "lastName", "name", "literal")) for person in people)
    return "; ".join(name for name in names if name)


# --- to the full texts -----------------------------------------------------------------------------


def joined(
    found: Iterable[Reference | Rejected], names: Iterable[str]
) -> tuple[dict[str, Reference], list[Rejected | Remark]]:
    """The reference of each text, by its relative path, and what could not be joined.

    A text belongs to the reference that names it as an attachment, else to the one whose key, or
    title, is its name. A reference without a text, or with several candidates, is rejected; a text
    that two references claim goes to the first; a text without one is remarked on.
    """
    names = list(names)
    by_name: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        for label in {name.casefold(), path.name.casefold(), _label_of(path.stem)}:
            by_name.setdefault(label, []).append(name)
    owners: dict[str, Reference] = {}
    problems: list[Rejected | Remark] = []
    for item in found:
        if isinstance(item, Rejected):
            problems.append(item)
            continue
        candidates = _texts_of(item, by_name)
        reference = shown(item.key or item.metadata.get("title", ""))
        if len(candidates) == 1 and candidates[0] not in owners:
            owners[candidates[0]] = item
            continue
        if not candidates:
            problem = f"no full text for reference {reference}"
        elif candidates[0] in owners:
            problem = f"its text has a reference already: {reference}"
        else:
            problem = f"{len(candidates)} texts fit reference {reference}"
        problems.append(Rejected(item.where, problem))
    alone = (shown(name, quote=False) for name in names if name not in owners)
    return owners, [*problems, *(Remark(name, "no reference describes it") for name in alone)]


def _texts_of(item: Reference, by_name: dict[str, list[str]]) -> list[str]:
    """Texts that fit a reference, by the surest of: attachment, key, title."""
    attached = [PurePosixPath(PureWindowsPath(name).as_posix()) for name in item.attachments]
    labels = (
        [path.as_posix().casefold() for path in attached],
        [path.name.casefold() for path in attached],
        [_label_of(item.key), _label_of(item.key.rpartition("/")[2])],
        [_label_of(item.metadata.get("title", ""))],
    )
    for group in labels:
        fitting = dict.fromkeys(name for label in group if label for name in by_name.get(label, ()))
        if fitting:
            return list(fitting)
    return []


def _label_of(text: str) -> str:
    """Letters and digits only, in lower case, so that a title can be a file's name."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
