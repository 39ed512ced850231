"""Exports: one file of a news database that holds many articles, taken apart.

Four layouts are known; each was tried on text, Rich Text, Word and HTML made to look like it, and
the first two on samples that are public (the sample files of LexisNexisTools). The third was made
after the test file of tm.plugin.factiva, the fourth after descriptions only:

- Nexis, older: `1 of 10 DOCUMENTS`, outlet, date, title, `BYLINE:`, `LENGTH: 355 words`, body,
  `LOAD-DATE:`, `LANGUAGE:`, copyright; lines are wrapped and a blank line ends a paragraph.
- Nexis Uni: title, outlet, date, copyright, `Section:`, `Length:`, `Byline:`, `Body`, body,
  `Classification`, `End of Document`.
- Factiva with indexing: a table of `HD` title, `WC` length, `PD` date, `SN` outlet, `LP` and `TD`
  body, `AN` number.
- Factiva as an article: title, `By …`, `812 words`, date, time, outlet, code, language, copyright,
  body, `Document FTFT000020240712ek7c0001x`.

A layout in another language is found where its marks are the same; its dates may not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analysis.errors import InputError, shown
from analysis.reading.rows import Rejected, Remark, Row

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
_HEAD_FIELDS = frozenset(
    [
        "BYLINE",
        "SECTION",
        "LENGTH",
        "DATELINE",
        "HIGHLIGHT",
        "SERIES",
        "EDITION",
        "COLUMN",
        "HEADLINE",
        "TYPE",
        "DISTRIBUTION",
    ]
)
_TAIL_FIELDS = frozenset(
    [
        "LOAD-DATE",
        "LANGUAGE",
        "PUBLICATION-TYPE",
        "JOURNAL-CODE",
        "URL",
        "GRAPHIC",
        "SUBJECT",
        "ORGANIZATION",
        "PERSON",
        "COUNTRY",
        "STATE",
        "CITY",
        "TICKER",
        "INDUSTRY",
        "GEOGRAPHIC",
        "COMPANY",
        "PUB-TYPE",
        "DOCUMENT-TYPE",
        "UPDATE",
    ]
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
    **{"english": "en", "englisch": "en", "anglais": "en", "inglés": "en"},
    **{"german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es"},
    **{"español": "es", "italian": "it", "italiano": "it", "dutch": "nl", "portuguese": "pt"},
    **{
        "chinese": "zh",
        "chinese - simplified": "zh",
        "chinese - traditional": "zh",
        "chinese language": "zh",
    },
    **{"japanese": "ja", "korean": "ko", "russian": "ru", "arabic": "ar"},
}
_NAMES = {"byline": "author", "length": "length", "section": "section", "language": "language"}


def layout(text: str) -> str:
    """The layout of the export that a text is, '' for a text that is none.

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
    text that is no export.
    """
    kind = layout(text)
    if not kind:
        raise InputError("is no export of a news database that is known", where=name)
    text = text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n")
    number = 0
    for number, (metadata, body) in enumerate(_READERS[kind](text), start=1):
        where = f"{name}, article {number}"
        body = body.strip("\n")
        if not body.strip():
            yield Rejected(
                where, f"no body found in the layout of {kind}: {shown(metadata.get('title', ''))}"
            )
            continue
        metadata = {"id": f"{name}-{number:04d}", **_tidy(metadata)}
        yield from _remarks(where, metadata, body)
        yield Row(where, body, metadata)
    yield Remark(name, f"export of {kind}: {number} articles")
    stated = [int(total) for _, total in _OLD_START.findall(text)[:1]] if kind == "nexis" else []
    if stated and stated[0] != number:
        yield Remark(name, f"the export says {stated[0]} documents, the file holds {number}")


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
    """What is missing, and a body far from the length that the export states."""
    for name in ("title", "source", "date"):
        if name not in metadata:
            yield Remark(where, f"no {name} found")
    words, stated = len(body.split()), metadata.get("length", "")
    if not stated.isdecimal() or metadata.get("language") in ("zh", "ja"):
        return
    if abs(words - int(stated[:9])) > max(30, 0.3 * int(stated[:9])):
        yield Remark(where, f"the export says {stated[:9]} words, the body holds {words}")


def _groups(text: str) -> list[str]:
    """Paragraphs between blank lines, each line stripped."""
    lines = (line.strip() for line in text.split("\n"))
    return [part for part in "\n".join(lines).split("\n\n") if part.strip()]


def _old_nexis(text: str) -> Iterator[tuple[dict[str, str], str]]:
    """Metadata and body of each article between two lines `n of m DOCUMENTS`."""
    for block in _OLD_START.split(text)[3::3]:
        parts = [part.strip("\n") for part in _groups(block)]
        metadata: dict[str, str] = {}
        dated = next((n for n, part in enumerate(parts[:6]) if _DATE.match(part)), None)
        if dated is not None:
            metadata["date"] = parts[dated].split("\n")[0]
            outlets = [part for part in parts[:dated] if not _COPYRIGHT.match(part)]
            metadata["source"] = outlets[-1] if outlets else ""
            parts = parts[dated + 1 :]
        yield metadata, _old_body(parts, metadata)


def _old_body(parts: list[str], metadata: dict[str, str]) -> str:
    """The paragraphs between the fields of the head and those of the tail; fills metadata.

    The title stands before the first field, or is the first paragraph where the head has none.
    """
    fields = [_OLD_FIELD.match(part) for part in parts]
    head = [n for n, field in enumerate(fields) if field and field[1] in _HEAD_FIELDS]
    start = head[0] if head else 1
    end = start
    while end < len(parts) and end in head:
        end += 1
    stop = next((n for n in range(end, len(parts)) if _is_tail(parts[n], fields[n])), len(parts))
    for field in (*fields[start:end], *fields[stop:]):
        if field:
            metadata.setdefault(_NAMES.get(field[1].lower(), field[1].lower()), field[2])
    metadata["title"] = " ".join(part for part in parts[:start] if not _COPYRIGHT.match(part))
    return "\n".join(" ".join(part.split("\n")) for part in parts[end:stop])


def _is_tail(part: str, field: re.Match | None) -> bool:
    """Whether a paragraph stands after the body: a field of the tail, or the copyright."""
    return bool(field and field[1] in _TAIL_FIELDS) or bool(_COPYRIGHT.match(part))


def _nexis_uni(text: str) -> Iterator[tuple[dict[str, str], str]]:
    """Metadata and body of each article before a line `End of Document`."""
    for block in _UNI_END.split(text)[:-1]:
        lines = [line.strip() for line in block.split("\n")]
        start = max((n for n, line in enumerate(lines) if line == "Body"), default=None)
        heads = lines if start is None else lines[:start]
        rest = [] if start is None else lines[start + 1 :]
        tail = next(
            (n for n, line in enumerate(rest) if line.split(":")[0] in _UNI_TAIL), len(rest)
        )
        metadata = _uni_head(heads)
        for line in rest[tail:]:
            if field := _UNI_FIELD.fullmatch(line):
                metadata.setdefault(_NAMES.get(field[1].lower(), field[1].lower()), field[2])
        yield metadata, "\n".join(line for line in rest[:tail] if line)


def _uni_head(lines: list[str]) -> dict[str, str]:
    """Title, outlet, date and fields from the lines before `Body`, read from the last one upwards."""
    metadata: dict[str, str] = {}
    dated = next((n for n in reversed(range(len(lines))) if _DATE.fullmatch(lines[n])), None)
    if dated is None:
        return metadata
    for line in lines[dated + 1 :]:
        if field := _UNI_FIELD.fullmatch(line):
            metadata[_NAMES.get(field[1].lower(), field[1].lower())] = field[2]
    before = lines[:dated]
    metadata["date"] = lines[dated]
    metadata["source"] = _last_part(before)
    metadata["title"] = _last_part(before)
    return metadata


def _last_part(lines: list[str]) -> str:
    """The last line that is not blank, taken off the list."""
    while lines and not lines[-1]:
        lines.pop()
    return lines.pop() if lines else ""


def _factiva_fields(text: str) -> Iterator[tuple[dict[str, str], str]]:
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


def _factiva_article(fields: dict[str, list[str]]) -> tuple[dict[str, str], str]:
    """Metadata and body of an article from its fields."""
    codes = {"title": "HD", "author": "BY", "length": "WC", "date": "PD", "source": "SN"}
    codes |= {"language": "LA", "section": "SE", "publisher": "PUB"}
    metadata = {name: " ".join(fields.get(code, ())) for name, code in codes.items()}
    number = next((line for line in fields.get("AN", ()) if line), "").split()
    if number:
        metadata["id"] = number[-1]
    return metadata, "\n".join(
        line for code in ("LP", "TD") for line in fields.get(code, ()) if line
    )


def _factiva(text: str) -> Iterator[tuple[dict[str, str], str]]:
    """Metadata and body of each article before a line `Document …`."""
    parts = _FACTIVA_END.split(text)
    for block, number in zip(parts[:-1:2], parts[1::2], strict=True):
        lines = [line.strip(" \t|") for line in block.split("\n")]
        lines = [line for line in lines if line]
        metadata = {"id": number}
        counted = next((n for n, line in enumerate(lines[:12]) if _WORDS.fullmatch(line)), None)
        if counted is None:
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
    dated = next((n for n, line in enumerate(head[:3]) if _DATE.fullmatch(line)), None)
    if dated is None:
        return ""
    metadata["date"] = head[dated]
    outlet = dated + 1 + bool(head[dated + 1 : dated + 2] and _CLOCK.fullmatch(head[dated + 1]))
    metadata["source"] = head[outlet] if outlet < len(head) else ""
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
