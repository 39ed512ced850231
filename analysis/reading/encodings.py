"""Encodings: bytes as text, and how they were understood; nothing is replaced silently."""

from __future__ import annotations

import codecs
import contextlib
import re
from dataclasses import dataclass

from analysis.errors import InputError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_SEVEN_BIT = ("iso2022_jp", "iso2022_kr", "hz")
_SEVEN_BIT_SIGN = re.compile(rb"\x1b\$|~\{")
_GUESSED = (
    "gb18030", "big5", "big5hkscs", "cp932", "euc-jp", "cp949", "cp1250", "cp1251", "koi8-r",
    "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
)  # fmt: skip
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŸ"
    "‘’“”„‚«»‹›–—…•·€£§©®™°´¿¡ªº½¼¾×\u00a0\u00ad"
)
_SPLIT_WORD = re.compile(r"(?<=[a-z])[“„‚«‹•£€§©®™°¿¡½¼¾×](?=[a-z])|œ(?!u|\b)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_UNLIKELY = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd]")
_UTF8_RUN = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_THREE_BYTES = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
_ASCII_LETTER = re.compile(rb"[a-z]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_MISREAD = ("â€™", "â€œ", "Ã©", "Ã¤", "ï»¿")
_SAMPLE = 200_000
_DECLARE = "UTF-8, or text whose encoding is declared"


@dataclass(frozen=True)
class Decoded:
    """A text, the encoding its bytes were read in, how that was known, and what looks wrong.

    `how` is 'declared', 'valid' (strict UTF-8), 'byte order mark', 'zero bytes' or 'guessed'.
    """

    text: str
    encoding: str
    how: str
    notes: tuple[str, ...] = ()

    @property
    def is_expected(self) -> bool:
        """Whether there is nothing to report: UTF-8 or as declared, and nothing looks wrong."""
        return self.how in ("valid", "declared") and not self.notes

    @property
    def description(self) -> str:
        """How the bytes were understood, for people: `gb18030 (guessed)`."""
        known = self.encoding if self.how == "valid" else f"{self.encoding} ({self.how})"
        return "; ".join([known, *self.notes])


def decoded(content: bytes, *, where: str, encoding: str = "") -> Decoded:
    """The text of the bytes and how they were understood; newlines stay as they are.

    `encoding` declares what the bytes are. Without it they are UTF-8, or what a byte order mark
    says, or a guess, which is reported. Raises InputError, with byte and line, for NUL bytes in
    text, a mix of encodings, a cut last character, and bytes that no encoding fits.

    >>> decoded("人工智能".encode("gb18030"), where="a.txt").description
    'gb18030 (guessed)'
    """
    if encoding:
        name = check_encoding(encoding, where)
        marks = [mark for mark, marked in _BYTE_ORDER_MARKS if marked == name]
        skip = next((len(mark) for mark in marks if content.startswith(mark)), 0)
        return _noted(_strict(content, name, where, skip=skip), name, "declared", where)
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            how = "valid" if name == "utf-8" else "byte order mark"
            return _noted(_strict(content, name, where, skip=len(mark)), name, how, where)
    if b"\x00" in content:
        return _wide(content, where)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(content, where, error)
    escaped = text.isascii() and _SEVEN_BIT_SIGN.search(content)
    found = _read_in(_detected(content, _SEVEN_BIT), content, where) if escaped else None
    return found or _noted(text, "utf-8", "valid", where)


def is_utf8(content: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check_encoding(encoding: str, where: str = "") -> str:
    """The name of an encoding of text, '' for none; raises InputError for an unknown one."""
    try:
        found = codecs.lookup(encoding) if encoding else None
    except (LookupError, ValueError):
        found = None
    if encoding and not (found and found._is_text_encoding):
        raise InputError(
            "no such encoding", where=where, value=encoding, allowed="utf-8, gb18030, cp1252 …"
        )
    return found.name if found else ""


def _strict(content: bytes, name: str, where: str, *, skip: int = 0) -> str:
    """The bytes after `skip` decoded in the encoding; raises InputError with byte and line."""
    try:
        return content[skip:].decode(name)
    except UnicodeDecodeError as error:
        raise _misfit(content, name, where, skip + error.start, error.reason) from error
    except UnicodeError as error:  # punycode and its like give no position
        raise InputError(f"is not {name}", where=where, allowed=_DECLARE) from error


def _misfit(content: bytes, name: str, where: str, start: int, reason: str) -> InputError:
    """The error for bytes that are not in an encoding: cut at the end, or wrong in the middle."""
    cut = any(sign in reason for sign in ("unexpected end", "truncated", "incomplete"))
    if cut and len(content) - start < 4:
        line = f"{where}, line {_line_of(content, start, name)}"
        return InputError(f"ends in the middle of a {name} character: byte {start}", where=line)
    return _wrong_byte(content, f"is not {name}: byte {start}", where, start, name)


def _wrong_byte(
    content: bytes, problem: str, where: str, place: int, name: str = "utf-8"
) -> InputError:
    """The error for one byte that is wrong, with its line and value."""
    line = f"{where}, line {_line_of(content, place, name)}"
    return InputError(problem, where=line, value=f"0x{content[place]:02x}", allowed=_DECLARE)


def _line_of(content: bytes, place: int, name: str = "utf-8") -> int:
    """The number, from 1, of the line that holds a byte."""
    if name in _WIDE:
        return content[:place].decode(name, "ignore").count("\n") + 1
    return content.count(b"\n", 0, place) + 1


def _noted(text: str, encoding: str, how: str, where: str) -> Decoded:
    """The text with notes on what looks wrong; raises InputError for a NUL character."""
    if (place := text.find("\x00")) >= 0:
        line = f"{where}, line {text.count(chr(10), 0, place) + 1}"
        raise InputError(f"holds a NUL: character {place}", where=line, allowed="text")
    misread = sum(text.count(sign) for sign in _MISREAD if sign[0] in text)
    counts = (
        (len(_CONTROL.findall(text)), "control characters"),
        (text.count("\ufffd"), "characters were lost (U+FFFD) before it was given"),
        (misread, "places look like UTF-8 that was read as cp1252 (â€™)"),
    )
    return Decoded(text, encoding, how, tuple(f"{n} {note}" for n, note in counts if n))


# --- without a declaration -------------------------------------------------------------------------


def _wide(content: bytes, where: str) -> Decoded:
    """The text of bytes with zeros among them: UTF-16, UTF-32, or an InputError."""
    for name in () if _has_stray_zeros(content[:_SAMPLE]) else _detected(content, _WIDE)[:1]:
        if not _CONTROL.search(content.decode(name, "replace")):
            return _noted(_strict(content, name, where), name, "zero bytes", where)
    place = content.index(0)
    raise InputError(
        f"holds a NUL byte: byte {place}",
        where=f"{where}, line {_line_of(content, place)}",
        allowed="text; UTF-16 and UTF-32 with a byte order mark",
    )


def _has_stray_zeros(sample: bytes) -> bool:
    """Whether the zero bytes are few, and the others are nearly all text in UTF-8."""
    rest = sample.replace(b"\x00", b"")
    if len(rest) <= 0.8 * len(sample):
        return False
    text = rest.decode("utf-8", "replace")
    return text.count("\ufffd") <= 0.1 * len(text) and not _CONTROL.search(text)


def _read_in(names: list[str], content: bytes, where: str) -> Decoded | None:
    """The text in the first of some encodings that gives likely characters only, else None."""
    for name in names:
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode(name)
            if not _UNLIKELY.search(text):
                return _noted(text, name, "guessed", where)
    return None


def _guessed(content: bytes, where: str, error: UnicodeDecodeError) -> Decoded:
    """The text in the likeliest encoding of bytes that are not UTF-8.

    Raises InputError where part of them is UTF-8, or where nothing fits.
    """
    _refuse_broken_utf8(content, where, error)
    found = _read_in(["cp1252"] if _is_western(content) else [], content, where)
    found = found or _read_in(_detected(content, _GUESSED)[:4], content, where)
    if not found:
        problem = f"is not utf-8 and fits no other encoding: byte {error.start}"
        raise _wrong_byte(content, problem, where, error.start)
    return found


def _refuse_broken_utf8(content: bytes, where: str, error: UnicodeDecodeError) -> None:
    """Raise InputError for UTF-8 that is cut at its end, or mixed with other bytes.

    Runs of high bytes decide. A run of nine bytes or more that is UTF-8 throughout is not an accident;
    nor, in most cases, is one of two bytes where the others are lone bytes, as in cp1252.
    """
    runs = _HIGH_BYTES.findall(content[: error.start + _SAMPLE])
    valid = [run for run in runs if _UTF8_RUN.fullmatch(run)]
    others = [run for run in runs if not _UTF8_RUN.fullmatch(run)]
    characters = sum(map(len, _THREE_BYTES.findall(b" ".join(others))))
    cut = error.reason == "unexpected end of data" and error.end == len(content)
    if cut and not others[:-1] and (valid or len(others[-1]) > 1):
        raise _misfit(content, "utf-8", where, error.start, error.reason)
    long = any(len(run) >= 9 for run in valid)
    lone = valid and all(len(run) == 1 for run in others)
    mostly = sum(map(len, valid)) >= 0.4 * sum(map(len, runs))
    if long or lone or mostly or characters > 0.6 * sum(map(len, others)):
        problem = f"mixes encodings: much of it is UTF-8, byte {error.start} is not"
        raise _wrong_byte(content, problem, where, error.start)


def _is_western(content: bytes) -> bool:
    """Whether bytes are ASCII with lone letters and typography of Western Europe, as in cp1252."""
    sample = content[:_SAMPLE]
    runs = _HIGH_BYTES.findall(sample)
    letters = len(_ASCII_LETTER.findall(sample))
    if sum(map(len, runs)) > letters or sum(len(run) > 2 for run in runs) * 5 > len(runs):
        return False
    text = sample.decode("cp1252", "replace")
    foreign = {character for character in text if not character.isascii()}
    return foreign <= _WESTERN and not _SPLIT_WORD.search(text.lower())


def _detected(content: bytes, allowed: tuple[str, ...]) -> list[str]:
    """Those of the allowed encodings that chardet finds likely, the likeliest first.

    Its own list is narrowed only for encodings of eight bits: of the others it would warn.
    """
    import chardet

    sample = content[:_SAMPLE]
    if len(content) > _SAMPLE and allowed is _GUESSED:
        sample = sample[: sample.rfind(b"\n") + 1 or _SAMPLE]
    included = allowed if allowed is _GUESSED else None
    found = chardet.detect_all(sample, include_encodings=included, ignore_threshold=True)
    names = (codecs.lookup(each["encoding"]).name for each in found if each["encoding"])
    return [name for name in dict.fromkeys(names) if included or name in allowed]
