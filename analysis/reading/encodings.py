"""Encodings: bytes as text, and how they were understood; nothing is replaced in silence."""

from __future__ import annotations

import codecs
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
_ESCAPED = ((b"\x1b$", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"), (b"~{", "hz"))
_GUESSED = (
    *("gb18030", "big5", "big5hkscs", "cp932", "euc-jp", "cp949", "cp1250", "cp1251", "koi8-r"),
    *("cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
)
_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŸ")
_TYPOGRAPHY = frozenset("‘’“”„‚«»‹›–—…•·€£§©®™°´¿¡ªº½¼¾×\u00a0\u00ad")
_SPLIT_WORD = re.compile(r"(?<=[a-z])[“„‚«‹•£€§©®™°¿¡½¼¾×](?=[a-z])|œ(?!u|\b)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_CONTROL_BYTE = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_UNLIKELY = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd]")
_UTF8_RUN = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_THREE_BYTES = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
_ASCII_LETTER = re.compile(rb"[a-z]")
_HAN_LINE = re.compile("[\u3400-\u9fff\u3000-\u3011\uff01-\uff1f]+")
_CJK_PUNCTUATION = frozenset("，。、：；？！「」《》（）\u3000")
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
        """Whether nothing need be said: it is UTF-8 or as declared, and nothing looks wrong."""
        return self.how in ("valid", "declared") and not self.notes

    @property
    def told(self) -> str:
        """How the bytes were understood, for people: `gb18030 (guessed)`."""
        known = self.encoding if self.how == "valid" else f"{self.encoding} ({self.how})"
        return "; ".join([known, *self.notes])


def decoded(content: bytes, *, where: str, encoding: str = "") -> Decoded:
    """The text of the bytes and how they were understood; newlines stay as they are.

    `encoding` declares what the bytes are; without it they are UTF-8, or what a byte order mark
    says, or the guess that is told. Raises InputError, with byte and line, for NUL bytes in text,
    a mix of encodings, a cut last character, and bytes that no encoding fits.

    >>> decoded("人工智能".encode("gb18030"), where="a.txt").told
    'gb18030 (guessed)'
    """
    if encoding:
        return _in_declared(content, where, encoding)
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            how = "valid" if name == "utf-8" else "byte order mark"
            return _noted(_strict(content, name, where, skip=len(mark)), name, how, where)
    if b"\x00" in content:
        name = _wide_encoding(content, where)
        return _noted(_strict(content, name, where), name, "zero bytes", where)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(content, where, error)
    if name := _seven_bit_encoding(content):
        return _noted(content.decode(name), name, "guessed", where)
    return _noted(text, "utf-8", "valid", where)


def _in_declared(content: bytes, where: str, encoding: str) -> Decoded:
    """The text in a declared encoding; raises InputError where it does not fit."""
    name = check_encoding(encoding, where)
    marks = [mark for mark, marked in _BYTE_ORDER_MARKS if marked == name]
    skip = next((len(mark) for mark in marks if content.startswith(mark)), 0)
    return _noted(_strict(content, name, where, skip=skip), name, "declared", where)


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
    except UnicodeError as error:  # punycode and its like say no place
        raise InputError(f"is not {name}", where=where, allowed=_DECLARE) from error


def _misfit(content: bytes, name: str, where: str, start: int, reason: str) -> InputError:
    """The error for bytes that are not in an encoding: cut at the end, or wrong in the middle."""
    place = f"{where}, line {_line_of(content, start, name)}"
    cut = any(told in reason for told in ("unexpected end", "truncated", "incomplete"))
    if cut and len(content) - start < 4:
        return InputError(f"ends in the middle of a {name} character: byte {start}", where=place)
    return InputError(
        f"is not {name}: byte {start}",
        where=place,
        value=f"0x{content[start]:02x}",
        allowed=_DECLARE,
    )


def _line_of(content: bytes, place: int, name: str = "utf-8") -> int:
    """The number, from 1, of the line in which a byte stands."""
    if name.startswith(("utf-16", "utf-32")):
        return content[:place].decode(name, "ignore").count("\n") + 1
    return content.count(b"\n", 0, place) + 1


def _noted(text: str, encoding: str, how: str, where: str) -> Decoded:
    """The text with notes on what looks wrong; raises InputError for a NUL character."""
    if (place := text.find("\x00")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise InputError(
            f"holds a NUL: character {place}", where=f"{where}, line {line}", allowed="text"
        )
    notes = []
    if controls := len(_CONTROL.findall(text)):
        notes.append(f"{controls} control characters")
    if damaged := text.count("\ufffd"):
        notes.append(f"{damaged} characters were lost (U+FFFD) before it was given")
    misread = sum(text.count(sign) for sign in _MISREAD if sign[0] in text)
    if misread:
        notes.append(f"{misread} places look like UTF-8 that was read as cp1252 (â€™)")
    return Decoded(text, encoding, how, tuple(notes))


def _seven_bit_encoding(content: bytes) -> str:
    """The encoding of Japanese, Korean or Chinese in ASCII bytes, by its escapes; '' for none."""
    for sign, name in _ESCAPED:
        if sign in content and (text := _loosely(content, name)) and not text.isascii():
            return name
    return ""


# --- without a declaration -------------------------------------------------------------------------


def _wide_encoding(content: bytes, where: str) -> str:
    """UTF-16 or UTF-32 by where the zero bytes stand; raises InputError where they fit neither."""
    sample = content[: _SAMPLE * 4]
    shares = [sample[n::4].count(0) / max(1, len(sample[n::4])) for n in range(4)]
    if len(content) % 4 == 0 and shares[3] == 1.0 and shares[2] > 0.9 and shares[0] < 0.5:
        return "utf-32-le"
    if len(content) % 4 == 0 and shares[0] == 1.0 and shares[1] > 0.9 and shares[3] < 0.5:
        return "utf-32-be"
    common = {name: _common_signs(sample, name) for name in ("utf-16-le", "utf-16-be")}
    best = max(common, key=common.__getitem__)
    if common[best] and not _is_stray(sample):
        return best
    place = content.index(0)
    raise InputError(
        f"holds a NUL byte: byte {place}",
        where=f"{where}, line {_line_of(content, place)}",
        allowed="text; UTF-16 and UTF-32 with a byte order mark",
    )


def _is_stray(sample: bytes) -> bool:
    """Whether the few zero bytes stand in what is UTF-8 without them."""
    rest = sample.replace(b"\x00", b"")
    few = len(rest) > 0.8 * len(sample)
    return few and not _CONTROL_BYTE.search(rest) and _loosely(rest, "utf-8") is not None


def _common_signs(sample: bytes, name: str) -> int:
    """ASCII and CJK punctuation in the bytes read as UTF-16; 0 where they are no likely text."""
    text = sample[: len(sample) // 2 * 2].decode(name, "replace")
    likely = sum(_is_likely(sign) for sign in text)
    if likely < 0.95 * len(text) or _CONTROL.search(text):
        return 0
    return sum(sign.isascii() or sign in _CJK_PUNCTUATION for sign in text)


def _is_likely(sign: str) -> bool:
    """Whether a character is of Latin, Greek, Cyrillic, Arabic …, or of Chinese, Japanese, Korean."""
    code = ord(sign)
    return (
        code < 0x1100
        or 0x2000 <= code < 0x2200
        or 0x3000 <= code < 0xD7A4
        or 0xFE30 <= code < 0xFFEF
    )


def _guessed(content: bytes, where: str, error: UnicodeDecodeError) -> Decoded:
    """The text in the likeliest encoding of bytes that are not UTF-8.

    Raises InputError where they are UTF-8 in part, or where nothing fits.
    """
    _refuse_broken_utf8(content, where, error)
    for name in (*_western(content), *_wide_without_zeros(content), *_by_statistics(content)):
        text = _loosely(content, name)
        if text is not None and not _UNLIKELY.search(text):
            return _noted(text, name, "guessed", where)
    raise InputError(
        f"is not utf-8 and fits no other encoding: byte {error.start}",
        where=f"{where}, line {_line_of(content, error.start)}",
        value=f"0x{content[error.start]:02x}",
        allowed=_DECLARE,
    )


def _refuse_broken_utf8(content: bytes, where: str, error: UnicodeDecodeError) -> None:
    """Raise InputError for UTF-8 that is cut at its end, or that has other bytes among it.

    Runs of high bytes tell: one of nine bytes or more that is UTF-8 throughout is no accident, and
    hardly one of two where the others are lone bytes, as of cp1252.
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
        raise InputError(
            f"mixes encodings: much of it is UTF-8, byte {error.start} is not",
            where=f"{where}, line {_line_of(content, error.start)}",
            value=f"0x{content[error.start]:02x}",
            allowed=_DECLARE,
        )


def _western(content: bytes) -> list[str]:
    """cp1252 where the bytes are ASCII with lone letters and typography of Western Europe."""
    sample = content[:_SAMPLE]
    runs = _HIGH_BYTES.findall(sample)
    letters = len(_ASCII_LETTER.findall(sample))
    if sum(map(len, runs)) > letters or sum(len(run) > 2 for run in runs) * 5 > len(runs):
        return []
    text = sample.decode("cp1252", "replace")
    foreign = {sign for sign in text if not sign.isascii()}
    fits = foreign <= _WESTERN | _TYPOGRAPHY and not _SPLIT_WORD.search(text.lower())
    return ["cp1252"] if fits else []


def _wide_without_zeros(content: bytes) -> list[str]:
    """UTF-16 of Chinese in one line without a zero byte: Han characters with their punctuation."""
    if len(content) % 2 or len(content) < 12:
        return []
    sample = content[:_SAMPLE]
    return [
        name
        for name in ("utf-16-le", "utf-16-be")
        if (text := _loosely(sample, name)) and _HAN_LINE.fullmatch(text) and "。" in text
    ]


def _by_statistics(content: bytes) -> list[str]:
    """The encodings that chardet holds for likely, the likeliest first."""
    import chardet

    sample = (
        content[: content.rfind(b"\n", 0, _SAMPLE) + 1 or _SAMPLE]
        if len(content) > _SAMPLE
        else content
    )
    found = chardet.detect_all(sample, include_encodings=_GUESSED, ignore_threshold=True)
    names = [str(each["encoding"]) for each in found if each["encoding"]]
    return list(dict.fromkeys(codecs.lookup(name).name for name in names))[:4]


def _loosely(content: bytes, name: str) -> str | None:
    """The bytes decoded strictly, None where they do not fit."""
    try:
        return content.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None
