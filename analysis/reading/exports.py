"""Exports: the articles in a file that a news database has exported.

Four layouts are known. Each was tested on text, Rich Text, Word and HTML written to look like it,
the first two also on public samples (the sample files of LexisNexisTools). The third follows the
test file of tm.plugin.factiva, the fourth descriptions only:

- Nexis, older: `1 of 10 DOCUMENTS`, outlet, date, title, `BYLINE:`, `LENGTH: 355 words`, body,
  `LOAD-DATE:`, `LANGUAGE:`, copyright; lines are wrapped and a blank line ends a paragraph.
- Nexis Uni: title, outlet, date, copyright, `Section:`, `Length:`, `Byline:`, `Body`, body,
  `Classification`, `End of Document`.
- Factiva with indexing: a table of `HD` title, `WC` length, `PD` date, `SN` outlet, `LP` and `TD`
  body, `AN` number.
- Factiva as an article: title, `By …`, `812 words`, date, time, outlet, code, language, copyright,
  body, `Document FTFT000020240712ek7c0001x`.

A layout in another language is recognised where its marks are the same; its dates may not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from analysis.errors import InputError, shown
from analysis.reading.rows import Rejected, Remark, Row

_Article = tuple[dict[str, str], str]
_OLD_START = re.compile(r"(?m)^[^\S\n]*(\d+) of (\d+) DOCUMENTS?[^\S\n]*$")
_UNI_END = re.compile(r"(?m)^[^\S\n]*End of Document[^\S\n]*$")
_UNI_LENGTH = re.compile(r"(?m)^Length:\s*[\d,.]+ ")
_FACTIVA_END = re.compile(r"(?m)^[^\S\n]*Do[ck]ument ([A-Z][A-Z0-9]{3,}\d{6}\w{4,})[^\S\n]*$")
_FACTIVA_CODE = re.compile(
    r"(SE|HD|BY|CR|WC|PD|ET|SN|SC|NGC|GC|ED|PG|VOL|LA|CY|LP|TD|RF|ART|CT|CO|IN|NS|RE|IPC|IPD|PUB|AN)"
    r"(?:(?:\t|\||[^\S\n]{2,})\s*(.*?)\|?)?"
)
_FACTIVA_ENTRY = re.compile(r"(?m)^[^\S\n]*(?:HD|WC|SN)(?:[\t|]|  |[^\S\n]*$)")
_OLD_FIELD = re.compile(r"([A-Z][A-Z-]{2,20}):\s*(.*)", re.DOTALL)
_UNI_FIELD = re.compile(r"([A-Z][A-Za-z-]{2,20}):\s*(.*)")
_HEAD_FIELD = re.compile(
    "BYLINE|SECTION|LENGTH|DATELINE|HIGHLIGHT|SERIES|EDITION|COLUMN|HEADLINE|TYPE|DISTRIBUTION"
)
_TAIL_FIELD = re.compile(
    "LOAD-DATE|LANGUAGE|PUBLICATION-TYPE|JOURNAL-CODE|URL|GRAPHIC|SUBJECT|ORGANIZATION|PERSON"
    "|COUNTRY|STATE|CITY|TICKER|INDUSTRY|GEOGRAPHIC|COMPANY|PUB-TYPE|DOCUMENT-TYPE|UPDATE"
)
_UNI_TAIL = ("Classification", "Graphic", "Notes", "Load-Date", "Correction")
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    rf"(?i)(?:[a-z]+,?\s+)?(?:{_MONTH}\s+\d{{1,2}},\s+\d{{4}}|\d{{1,2}}\.?\s+[^\W\d]{{3,9}}\.?\s+\d{{4}}"
    rf"|\d{{4}}年\d{{1,2}}月\d{{1,2}}日|{_MONTH},?\s+\d{{4}})\b.{{0,40}}"
)
_WORDS = re.compile(r"([\d,.]+)\s+(?:words|w[oö]rter|mots|palabras|parole|字)", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?i)(?:copyright\b|\(c\)|©)")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?:\s*[AP]M)?(?:\s+[A-Z]{2,4})?")
_LANGUAGES = {
    "english": "en", "englisch": "en", "anglais": "en", "inglés": "en", "german": "de",
    "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es", "español": "es",
    "italian": "it", "italiano": "it", "dutch": "nl", "portuguese": "pt", "chinese": "zh",
    "chinese - simplified": "zh", "chinese - traditional": "zh", "chinese language": "zh",
    "japanese": "ja", "korean": "ko", "russian": "ru", "arabic": "ar",
}  # fmt: skip
_FACTIVA_NAMES = {
    "title": "HD", "author": "BY", "length": "WC", "date": "PD", "source": "SN", "language": "LA",
    "section": "SE", "publisher": "PUB",
}  # fmt: skip


def layout(text: str) -> str:
    """The layout of the export that a text is, '' for any other text.

    >>> layout("1 of 2 DOCUMENTS")
    'nexis'
    """
    if _OLD_START.search(text):
        return "nexis"
    if _UNI_END.search(text) and _UNI_LENGTH.search(text):
        return "nexis uni"
    if len(set(_FACTIVA_ENTRY.findall(text))) == 3:
        return "factiva fields"
    if _FACTIVA_END.search(text) and _WORDS.search(text):
        return "factiva"
    return ""


def articles(text: str, *, name: str) -> Iterator[Row | Rejected | Remark]:
    """The articles of an export as rows, with title, source, date, length as given; the body as text.

    `name` is the file's; ids are the database's own, else the name with a number. An article
    without a body or in a layout of its own is rejected by its number. Raises InputError for a
    text that is not an export.
    """
    kind = layout(text)
    if not kind:
        raise InputError("is not an export of a news database that is known", where=name)
    stated = _OLD_START.search(text) if kind == "nexis" else None
    text = text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n")
    number = 0
    for number, (metadata, body) in enumerate(_READERS[kind](text), start=1):
        where = f"{name}, article {number}"
        if not body.strip():
            problem = f"no body found in the layout of {kind}"
            yield Rejected(where, f"{problem}: {shown(metadata.get('title', ''))}")
            continue
        metadata = {"id": f"{name}-{number:04d}", **_tidy(metadata)}
        yield from _remarks(where, metadata, body)
        yield Row(where, body.strip("\n"), metadata)
    yield Remark(name, f"export of {kind}: {number} articles")
    if stated and int(stated[2]) != number:
        yield Remark(name, f"the export says {int(stated[2])} documents, the file holds {number}")


def _tidy(metadata: dict[str, str]) -> dict[str, str]:
    """The metadata with single spaces, the language as a code and the length as a number."""
    found = {name: " ".join(value.split()) for name, value in metadata.items() if value.strip()}
    if "language" in found:
        first = re.split(r"[;,]", found["language"])[0].strip().lower()
        found["language"] = _LANGUAGES.get(first, found["language"])
    if words := re.match(r"[\d,.]+", found.get("length", "")):
        found["length"] = words[0].translate(str.maketrans("", "", ",."))
    return found


def _remarks(where: str, metadata: dict[str, str], body: str) -> Iterator[Remark]:
    """What is missing, and whether the length of the body is far from what the export states."""
    for name in ("title", "source", "date"):
        if name not in metadata:
            yield Remark(where, f"no {name} found")
    words, stated = len(body.split()), metadata.get("length", "")
    if not stated.isdecimal() or metadata.get("language") in ("zh", "ja"):
        return
    if abs(words - int(stated[:9])) > max(30, 0.3 * int(stated[:9])):
        yield Remark(where, f"the export says {stated[:9]} words, the body holds {words}")


def _first(items: Sequence[str], fits: Callable[[str], object], default: int) -> int:
    """The number of the first of some lines that fits, else the default."""
    return next((n for n, item in enumerate(items) if fits(item)), default)


def _name_of(field: re.Match) -> str:
    """The name in the metadata of a field."""
    name = field[1].lower()
    return "author" if name == "byline" else name


def _add_fields(metadata: dict[str, str], fields: Iterable[re.Match | None]) -> None:
    """Add the fields to the metadata, unless they are there."""
    for field in filter(None, fields):
        metadata.setdefault(_name_of(field), field[2])


def _old_nexis(text: str) -> Iterator[_Article]:
    """Metadata and body of each article between two lines `n of m DOCUMENTS`."""
    text = "\n".join(line.strip() for line in text.split("\n"))
    for block in _OLD_START.split(text)[3::3]:
        parts = [part.strip("\n") for part in block.split("\n\n") if part.strip()]
        metadata: dict[str, str] = {}
        dated = _first(parts[:6], _DATE.match, -1)
        if dated >= 0:
            metadata["date"] = parts[dated].split("\n")[0]
            outlets = [part for part in parts[:dated] if not _COPYRIGHT.match(part)]
            metadata["source"] = outlets[-1] if outlets else ""
        yield metadata, _old_body(parts[dated + 1 :], metadata)


def _old_body(parts: list[str], metadata: dict[str, str]) -> str:
    """The paragraphs between the fields of the head and those of the tail; fills metadata.

    The title is before the first field, or is the first paragraph where the head has none.
    """
    fields = [_OLD_FIELD.match(part) for part in parts]
    in_head = [bool(field and _HEAD_FIELD.fullmatch(field[1])) for field in fields]
    start = in_head.index(True) if any(in_head) else 1
    end = start
    while end < len(parts) and in_head[end]:
        end += 1
    stop = end + _first(parts[end:], _is_tail, len(parts) - end)
    _add_fields(metadata, (*fields[start:end], *fields[stop:]))
    metadata["title"] = " ".join(part for part in parts[:start] if not _COPYRIGHT.match(part))
    return "\n".join(" ".join(part.split("\n")) for part in parts[end:stop])


def _is_tail(part: str) -> bool:
    """Whether a paragraph comes after the body: a field of the tail, or the copyright."""
    field = _OLD_FIELD.match(part)
    return bool((field and _TAIL_FIELD.fullmatch(field[1])) or _COPYRIGHT.match(part))


def _nexis_uni(text: str) -> Iterator[_Article]:
    """Metadata and body of each article before a line `End of Document`."""
    for block in _UNI_END.split(text)[:-1]:
        lines = [line.strip() for line in block.split("\n")]
        start = max((n for n, line in enumerate(lines) if line == "Body"), default=len(lines))
        rest = lines[start + 1 :]
        tail = _first(rest, lambda line: line.split(":")[0] in _UNI_TAIL, len(rest))
        metadata = _uni_head(lines[:start])
        _add_fields(metadata, map(_UNI_FIELD.fullmatch, rest[tail:]))
        yield metadata, "\n".join(line for line in rest[:tail] if line)


def _uni_head(lines: list[str]) -> dict[str, str]:
    """Title, outlet, date and fields from the lines before `Body`: the last date has outlet and
    title before it, fields after it."""
    dated = max((n for n, line in enumerate(lines) if _DATE.fullmatch(line)), default=None)
    if dated is None:
        return {}
    fields = filter(None, map(_UNI_FIELD.fullmatch, lines[dated + 1 :]))
    metadata = {_name_of(field): field[2] for field in fields}
    title, source = ["", "", *(line for line in lines[:dated] if line)][-2:]
    return metadata | {"date": lines[dated], "source": source, "title": title}


def _factiva_fields(text: str) -> Iterator[_Article]:
    """Metadata and body of each article of fields, from the first to its `AN`."""
    fields: dict[str, list[str]] = {}
    code = ""
    for line in (line.strip() for line in text.split("\n")):
        found = _FACTIVA_CODE.fullmatch(line)
        if found:
            if code == "AN" and fields:
                yield _factiva_article(fields)
                fields = {}
            code = found[1]
            fields.setdefault(code, []).append((found[2] or "").strip())
        elif line.strip("| ") and code:
            fields[code].append(line.strip("| "))
    if "HD" in fields or "AN" in fields:
        yield _factiva_article(fields)


def _factiva_article(fields: dict[str, list[str]]) -> _Article:
    """Metadata and body of an article from its fields."""
    metadata = {name: " ".join(fields.get(code, ())) for name, code in _FACTIVA_NAMES.items()}
    number = next((line for line in fields.get("AN", ()) if line), "").split()
    metadata |= {"id": number[-1]} if number else {}
    lines = (line for code in ("LP", "TD") for line in fields.get(code, ()) if line)
    return metadata, "\n".join(lines)


def _factiva(text: str) -> Iterator[_Article]:
    """Metadata and body of each article before a line `Document …`."""
    parts = _FACTIVA_END.split(text)
    for block, number in zip(parts[:-1:2], parts[1::2], strict=True):
        lines = [line for line in (line.strip(" \t|") for line in block.split("\n")) if line]
        metadata = {"id": number}
        counted = _first(lines[:12], _WORDS.fullmatch, -1)
        if counted < 0:
            yield metadata, ""
            continue
        head, rest = lines[:counted], lines[counted + 1 :]
        bylines = [line for line in head[1:] if re.match(r"(?i)(?:by|von|par)\s", line)]
        metadata |= {"length": lines[counted], "author": " ".join(bylines)}
        metadata["title"] = " ".join(line for line in head if line not in bylines)
        yield metadata, _factiva_body(rest, metadata)


def _factiva_body(lines: list[str], metadata: dict[str, str]) -> str:
    """The lines after the copyright, or the language; fills date, outlet and language."""
    head = lines[:12]
    dated = _first(head[:3], _DATE.fullmatch, -1)
    if dated < 0:
        return ""
    outlet = dated + 1 + bool(head[dated + 1 : dated + 2] and _CLOCK.fullmatch(head[dated + 1]))
    metadata |= {"date": head[dated], "source": "".join(head[outlet : outlet + 1])}
    ends = [n for n, line in enumerate(head) if n > outlet and line.lower() in _LANGUAGES]
    if ends:
        metadata["language"] = head[ends[0]]
    ends += [n for n, line in enumerate(head) if n > outlet and _COPYRIGHT.match(line)][:1]
    return "\n".join(lines[max(ends) + 1 :]) if ends else ""


_READERS = {
    "nexis": _old_nexis,
    "nexis uni": _nexis_uni,
    "factiva fields": _factiva_fields,
    "factiva": _factiva,
}
