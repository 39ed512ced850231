"""Formats: the text in the bytes of one .txt, .md, .html, .docx, .pdf or .rtf file, within limits."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.language.wrapping import CJK, at_hyphen, hyphenated
from analysis.reading.encodings import decoded, is_utf8

_MB = 1_000_000
LARGEST = {
    ".txt": 512 * _MB,
    ".md": 512 * _MB,
    ".html": 9 * _MB,  # below what libxml2 takes as one text
    ".htm": 9 * _MB,
    ".docx": 50 * _MB,
    ".pdf": 200 * _MB,
    ".rtf": 50 * _MB,
}
"""The kinds of texts, with the size in bytes up to which they are read."""
_MAX_UNPACKED = 200 * _MB
_MAX_XML = 30 * _MB
_MAX_TAGS = 30_000
_MIN_SHARE = 0.05
_MAX_PAGES = 5_000
_MAX_SECONDS = 120
_MAX_WORD = 100
"""Characters before the end of a line in which the word that it cuts is looked for."""
_EXTRA = "pip install 'ai-race-workbook[formats]'"
_DECLARED_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.I
)
_LARGER_CHARSETS = {
    **dict.fromkeys(("iso-8859-1", "latin1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
}
"""What browsers take a declared encoding for."""
_PUBLISHED = (
    "//meta[@property='article:published_time']/@content",
    "//meta[@name='DC.date' or @name='dc.date' or @name='date' or @name='pubdate']/@content",
    "//meta[@itemprop='datePublished']/@content",
    "//time[@itemprop='datePublished']/@datetime",
)
_BLOCKS = re.compile(
    "address|article|aside|blockquote|br|caption|dd|div|dl|dt|fieldset|figcaption|footer|form|h[1-6]"
    "|header|hr|li|main|nav|ol|p|pre|section|table|td|th|title|tr|ul"
)
_UNSEEN = re.compile("script|style|noscript|template|head|iframe|object|svg|math")
_WORD_SPACES = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_WORD_NOTES = ("footnoteReference", "endnoteReference")
_WORD_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_WORD_OUT = re.compile("del|moveFrom|(p|r|sect|tbl|tr|tc|sdt|sdtEnd|ruby)Pr|tblGrid|rt")
_HYPHEN_MARK = re.compile("[\x02\ufffe](?:\r?\n)?")
"""How pdfium marks a hyphen at the end of a printed line: it joins both parts of the word."""
_SENTENCE_END = re.compile(r"[.!?。！？…:：][\"'”’」』)）]*\Z")
_RTF_DELETED = re.compile(rb"(?<!\\)\\deleted(?![a-z0])")
_RTF_BRACE = re.compile(rb"\\[\\{}]|[{}]|\\deleted0")


@dataclass(frozen=True)
class Extract:
    """The text of a file, the metadata in it, and notes on what was done or guessed."""

    text: str
    metadata: dict[str, str]
    notes: tuple[str, ...] = ()


def extracted(content: bytes, kind: str, *, where: str, encoding: str = "") -> Extract:
    """The text in a file of a kind, '.txt' to '.rtf'.

    Plain text and Markdown stay as they are; of the others the words are taken, and the notes say
    how. Raises InputError for a kind not known, a file too large, broken, locked or without text,
    and where the library that reads the kind is not installed.
    """
    if kind not in _READERS:
        raise InputError("unknown kind of text", where=where, value=kind, allowed=LARGEST)
    if len(content) > LARGEST[kind]:
        raise too_large(where, len(content), LARGEST[kind])
    return _READERS[kind](content, where, encoding)


def too_large(where: str, size: int, largest: int) -> InputError:
    """The error for something larger than is read."""
    return InputError(
        f"is too large ({size:,} bytes)", where=where, allowed=f"up to {largest:,} bytes"
    )


def library(name: str, where: str):
    """A module of the extra `formats`; raises InputError that names the extra where it is missing.

    What the library would log about a broken file is suppressed: rejections and notes report it.
    """
    logging.getLogger(name.split(".")[0]).setLevel(logging.CRITICAL + 1)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"needs the library {name.split('.')[0]}, which is not installed",
            where=where,
            allowed=_EXTRA,
        ) from error


def _from_plain(content: bytes, where: str, encoding: str) -> Extract:
    """Plain text or Markdown, unaltered."""
    found = decoded(content, where=where, encoding=encoding)
    notes = () if found.is_expected else (f"read as {found.description}",)
    return Extract(found.text, {}, notes)


# --- HTML ------------------------------------------------------------------------------------------


def html_text(content: bytes, where: str, encoding: str) -> tuple[str, tuple[str, ...]]:
    """HTML as text, and notes on its encoding.

    It is read in the encoding given, as UTF-8 where it is valid UTF-8 with letters beyond ASCII, in
    the encoding that its head declares, or as any other text.
    """
    declared = _DECLARED_CHARSET.search(content[:4096])
    notes: tuple[str, ...] = ()
    if declared and not encoding:
        name = declared[1].decode("ascii")
        taken_for = _LARGER_CHARSETS.get(name.lower(), name.lower())
        if is_utf8(content) and not content.isascii():
            if taken_for not in ("utf-8", "utf8"):
                notes = (f"is UTF-8, not the encoding it declares ({name})",)
            return decoded(content, where=where, encoding="utf-8").text, notes
        try:
            return decoded(content, where=where, encoding=taken_for).text, ()
        except InputError:
            notes = (f"is not in the encoding it declares ({name})",)
    plain = _from_plain(content, where, encoding)
    return plain.text, (*notes, *plain.notes)


def _from_html(content: bytes, where: str, encoding: str) -> Extract:
    """The article in a web page by trafilatura, else (or under a twentieth) all the page's text.

    Title and date are those that the page's head declares.
    """
    text, notes = html_text(content, where, encoding)
    if "<" not in text:
        return Extract(text, {}, (*notes, "holds no markup"))
    tree = html_tree(text, where)
    metadata = _head_metadata(tree)
    whole = "\n".join(line_texts(tree))
    if text.count("<") <= _MAX_TAGS:
        options = {"favor_precision": True, "include_comments": False}
        article = library("trafilatura", where).extract(text, **options)
        if article and len(article) >= _MIN_SHARE * len(whole):
            share = min(1, len(article) / max(1, len(whole)))
            note = f"article taken from the page, {share:.0%} of its text"
            return Extract(article, metadata, (*notes, note))
    if not whole:
        raise InputError("the page holds no text", where=where)
    return Extract(whole, metadata, (*notes, "no article found: all text of the page"))


def html_tree(text: str, where: str):
    """The tree of a page; lxml mends broken markup and reads nothing from elsewhere."""
    html = library("lxml.html", where)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, recover=True)
    content = text.replace("\x00", "").encode("utf-8", "surrogatepass")
    try:
        tree = html.document_fromstring(content, parser=parser)
    except Exception as error:  # lxml's errors have no common parent that is not Exception
        raise InputError("cannot be read as HTML", where=where) from error
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise InputError("is nested too deeply to be read as HTML", where=where)
    return tree


def _head_metadata(tree) -> dict[str, str]:
    """Title and date of publication as the page declares them."""
    title = " ".join((tree.findtext(".//title") or "").split())
    dates = (str(value).strip() for path in _PUBLISHED for value in tree.xpath(path))
    found = {"title": title, "date": next((date for date in dates if date), "")}
    return {name: value for name, value in found.items() if value}


def line_texts(tree) -> list[str]:
    """The visible text of a tree, a line for each block, white space as one space, no blank line."""
    from lxml import etree

    parts: list[str] = []
    hidden = 0
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        starts = event == "start"
        hidden += (1 if starts else -1) * bool(_UNSEEN.fullmatch(tag))
        parts.append("\n" if _BLOCKS.fullmatch(tag) else "")
        text = element.text if starts else element.tail
        parts.append((text or "").replace("\n", " ") if not hidden else "")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return [line for line in lines if line]


# --- DOCX, PDF, RTF --------------------------------------------------------------------------------


def _from_docx(content: bytes, where: str, encoding: str) -> Extract:
    """Paragraphs and tables of a Word document in their order, a line each; tables by rows.

    The text is that with all tracked changes accepted. How many notes are left out is noted.
    """
    docx = library("docx", where)
    _check_package(content, where)
    try:
        body = docx.Document(io.BytesIO(content)).element.body
        lines = _word_lines(body, where, time.monotonic() + _MAX_SECONDS)
        notes = sum(_word_name(element) in _WORD_NOTES for element in body.iter())
    except InputError:
        raise
    except Exception as error:  # a broken package makes python-docx and lxml raise anything
        raise InputError("cannot be read as DOCX", where=where) from error
    left_out = f"; {notes} footnotes and endnotes left out" if notes else ""
    note = f"text of a Word document, without headers{left_out}"
    return _of_lines(lines, "holds no text", where, note)


def _of_lines(lines: list[str], problem: str, where: str, note: str) -> Extract:
    """The text in lines; raises InputError where all are blank."""
    if not any(line.strip() for line in lines):
        raise InputError(problem, where=where)
    return Extract("\n".join(lines), {}, (note,))


def _word_name(element) -> str:
    """The name of an element of Word's, 'AlternateContent' for that, '' for any other."""
    space, _, name = str(element.tag).rpartition("}")
    return name if space in _WORD_SPACES or name == "AlternateContent" else ""


def _nearest(parent, *names: str) -> Iterator:
    """The elements of some names within another, but not those within these.

    What is deleted, hidden in properties, or an alternative to what is taken is skipped.
    """
    for child in parent:
        name = _word_name(child)
        if name in names:
            yield child
        elif name == "AlternateContent":  # the same for old and new versions of Word
            held = [branch for branch in child if any(_word_name(e) == "t" for e in branch.iter())]
            yield from _nearest(held[:1], *names)
        elif not _WORD_OUT.fullmatch(name):
            yield from _nearest(child, *names)


def _word_lines(parent, where: str, until: float) -> list[str]:
    """The lines of paragraphs and tables; raises InputError where they take longer than `until`."""
    lines: list[str] = []
    begun = ""  # a paragraph whose end is deleted goes on in the next
    for block in _nearest(parent, "p", "tbl"):
        if time.monotonic() > until:
            raise InputError(f"takes longer than {_MAX_SECONDS} s", where=where)
        if _word_name(block) == "tbl":
            rows = (row for row in _nearest(block, "tr") if not _has_mark(row, "trPr", "del"))
            lines += [_word_row(row, where, until) for row in rows]
            continue
        text, boxes = _word_paragraph(block)
        if _has_mark(block, "pPr", "rPr", "del"):
            begun += text
        else:
            lines += (begun + text).split("\n")
            begun = ""
        for box in boxes:
            lines += _word_lines(box, where, until)
    return [*lines, *begun.split("\n")] if begun else lines


def _word_row(row, where: str, until: float) -> str:
    """The cells of a row with tabs between them, each once; one that goes on from above is empty."""
    cells = []
    for cell in _nearest(row, "tc"):
        if _has_mark(cell, "tcPr", "cellDel") or _continues(cell, "hMerge"):
            continue
        lines = [] if _continues(cell, "vMerge") else _word_lines(cell, where, until)
        cells.append(" ".join(line.replace("\t", " ") for line in lines))
    return "\t".join(cells)


def _word_paragraph(paragraph) -> tuple[str, list]:
    """The text of a paragraph, and the text boxes in it."""
    parts, boxes = [], []
    for element in _nearest(paragraph, "t", "txbxContent", *_WORD_CHARACTERS):
        name = _word_name(element)
        if name == "txbxContent":
            boxes.append(element)
        else:
            parts.append((element.text or "") if name == "t" else _WORD_CHARACTERS[name])
    return "".join(parts), boxes


def _has_mark(element, *path: str) -> bool:
    """Whether children of these names, each within the one before, are in an element."""
    return bool(element.xpath("/".join(f"*[local-name()='{name}']" for name in path)))


def _continues(cell, merge: str) -> bool:
    """Whether a cell goes on from the one above ('vMerge') or to the left ('hMerge')."""
    marks = cell.xpath(f"*[local-name()='tcPr']/*[local-name()='{merge}']")
    return bool(marks) and not marks[0].xpath("@*[local-name()='val'] = 'restart'")


def _check_package(content: bytes, where: str) -> None:
    """Raise InputError for a zip package that is broken or would unpack to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            sizes = {info.filename: info.file_size for info in package.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise InputError("cannot be read as DOCX", where=where) from error
    xml = sum(size for name, size in sizes.items() if name.endswith((".xml", ".rels")))
    for size, largest in ((sum(sizes.values()), _MAX_UNPACKED), (xml, _MAX_XML)):
        if size > largest:
            raise too_large(where, size, largest)


def _from_pdf(content: bytes, where: str, encoding: str) -> Extract:
    """The text layer of a PDF, its lines joined into paragraphs.

    Raises InputError for a locked, broken or scanned PDF, and one that takes too long.
    """
    pdfium = library("pypdfium2", where)
    try:
        with contextlib.closing(pdfium.PdfDocument(content)) as document:
            pages = _pdf_pages(document, where)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        problem = "is locked by a password" if locked else "cannot be read as PDF"
        raise InputError(problem, where=where) from error
    known = hyphenated("\n".join(line for page in pages for line in page))
    paragraphs = [line for page in pages for line in _unwrapped(page, known)]
    problem = f"holds no text in {len(pages)} pages: a scan?"
    return _of_lines(paragraphs, problem, where, "text of a PDF, its lines joined")


def _pdf_pages(document, where: str) -> list[list[str]]:
    """The lines of every page; raises InputError for too many pages or too much time."""
    if len(document) > _MAX_PAGES:
        problem = f"has {len(document):,} pages"
        raise InputError(problem, where=where, allowed=f"up to {_MAX_PAGES:,}")
    pages, until = [], time.monotonic() + _MAX_SECONDS
    for number, page in enumerate(document, start=1):
        if time.monotonic() > until:
            raise InputError(f"takes longer than {_MAX_SECONDS} s, at page {number}", where=where)
        text = page.get_textpage().get_text_bounded()
        pages.append(_HYPHEN_MARK.sub("\ufffe\n", text).splitlines())
        page.close()
    return pages


def _unwrapped(lines: list[str], known: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
    """Lines of a printed page as paragraphs.

    A paragraph ends at a blank line, and after the end of a sentence in a line that is not full. A
    word cut by the mark for a hyphen at a line's end (U+FFFE) is joined, unless the hyphen belongs
    to it; `known` are words with a hyphen (see `wrapping.at_hyphen`).

    >>> _unwrapped(["The race between na\\ufffe", "tions goes on and", "on.", "A new paragraph."])
    ['The race between nations goes on and on.', 'A new paragraph.']
    """
    full = 0.8 * max(map(len, lines), default=0)
    paragraphs: list[str] = []
    ended = True
    for line in (line.strip() for line in lines):
        if not line:
            ended = True
            continue
        if ended:
            paragraphs.append(line)
        else:
            paragraphs[-1] = _joined(paragraphs[-1], line, known)
        ended = bool(_SENTENCE_END.search(line)) and len(line) < full
    return [paragraph.replace("\ufffe", "-") for paragraph in paragraphs]


def _joined(before: str, after: str, known: frozenset[tuple[str, str]]) -> str:
    """Two lines as one: no space between Chinese characters, none in a word that was cut."""
    if before.endswith("\ufffe"):
        return before[:-1] + at_hyphen(before[-_MAX_WORD:-1], after, known) + after
    space = "" if CJK.match(before[-1]) and CJK.match(after[0]) else " "
    return before + space + after


def _without_deleted(content: bytes) -> bytes:
    """Rich Text without what is marked as deleted, in each case up to the end of its group."""
    parts, place = [], 0
    while found := _RTF_DELETED.search(content, place):
        parts.append(content[place : found.start()])
        place, depth = len(content), 0
        for brace in _RTF_BRACE.finditer(content, found.end()):
            depth += (brace[0] == b"{") - (brace[0] == b"}")
            if depth < 0 or (not depth and brace[0] == b"\\deleted0"):
                place = brace.end() - (depth < 0)
                break
    return b"".join([*parts, content[place:]])


def _from_rtf(content: bytes, where: str, encoding: str) -> Extract:
    """The words of a Rich Text file by striprtf, a line for each paragraph."""
    if not content.lstrip().startswith(b"{\\rtf"):
        raise InputError("cannot be read as RTF", where=where)
    striprtf = library("striprtf.striprtf", where)
    try:
        text = striprtf.rtf_to_text(
            _without_deleted(content).decode("latin-1"), encoding=encoding or "cp1252"
        )
    except (ValueError, LookupError, IndexError, KeyError, OverflowError) as error:
        raise InputError("cannot be read as RTF", where=where) from error
    if not text.strip():
        raise InputError("holds no text", where=where)
    try:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputError("holds half a surrogate pair", where=where) from error
    return Extract(text, {}, ("text of a Rich Text file",))


_READERS = {
    ".txt": _from_plain,
    ".md": _from_plain,
    ".html": _from_html,
    ".htm": _from_html,
    ".docx": _from_docx,
    ".pdf": _from_pdf,
    ".rtf": _from_rtf,
}
