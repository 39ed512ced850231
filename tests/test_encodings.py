"""Bytes as text: how they were understood is always said, nothing is replaced in silence."""

import codecs

import pytest

from analysis.errors import InputError
from analysis.reading.encodings import decoded

ENGLISH = "It’s a “race” – naïve.\nThe gap narrows.\n"
GERMAN = "Die größte Lücke schließt sich für Jahre.\n"
SIMPLIFIED = "专家认为,大语言模型的发展将改变全球力量的平衡。\n印度尼西亚\n"
TRADITIONAL = "專家認為,大型語言模型的發展將改變全球力量的平衡。\n"
RUSSIAN = "Гонка искусственного интеллекта ускоряется.\n"
POLISH = "Wyścig sztucznej inteligencji przyśpiesza się.\n"
JAPANESE = "人工知能の競争が加速しています。\n"
KOREAN = "인공지능 경쟁이 가속화되고 있다.\n"


def refusal(content: bytes, **options) -> str:
    with pytest.raises(InputError) as error:
        decoded(content, where="a.txt", **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (ENGLISH, "utf-8", "utf-8"),
        (ENGLISH, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "utf-16", "utf-16-le (byte order mark)"),
        (SIMPLIFIED, "utf-32", "utf-32-le (byte order mark)"),
        *((text, name, f"{name} (zero bytes)") for text in (ENGLISH, SIMPLIFIED, TRADITIONAL, KOREAN, RUSSIAN)
          for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")),
        (ENGLISH, "cp1252", "cp1252 (guessed)"),
        (GERMAN, "cp1252", "cp1252 (guessed)"),
        ("L’école a été fermée: cœur, Genève.", "cp1252", "cp1252 (guessed)"),
        ("café", "cp1252", "cp1252 (guessed)"),
        (POLISH, "cp1250", "cp1250 (guessed)"),
        (SIMPLIFIED, "gb18030", "gb18030 (guessed)"),
        ("新闻", "gb18030", "gb18030 (guessed)"),
        ("印度尼西亚", "gb18030", "gb18030 (guessed)"),
        (TRADITIONAL, "big5", "big5 (guessed)"),
        ("新聞", "big5", "big5 (guessed)"),
        (JAPANESE, "cp932", "cp932 (guessed)"),
        (JAPANESE, "euc_jp", "euc_jp (guessed)"),
        (JAPANESE, "iso2022_jp", "iso2022_jp (guessed)"),
        (SIMPLIFIED, "hz", "hz (guessed)"),
        (KOREAN, "cp949", "cp949 (guessed)"),
        (RUSSIAN, "cp1251", "cp1251 (guessed)"),
        (RUSSIAN, "koi8_r", "koi8-r (guessed)"),
    ],
)  # fmt: skip
def test_text_is_read_and_its_encoding_said(text, encoding, told):
    """Text in an undeclared encoding comes back whole, with how it was understood."""
    found = decoded(text.encode(encoding), where="a.txt")
    assert (found.text, found.description) == (text, told)


def test_one_letter_in_a_long_text():
    """One cp1252 letter in a long English text is a guess and not an error."""
    text = "The race between nations goes on.\n" * 20_000 + "café"
    assert decoded(text.encode("cp1252"), where="a").text == text


def test_newlines_and_marks_inside_stay():
    """Every newline, and a byte order mark that is not the first character, stays."""
    assert decoded("a\r\nb\rc\n\ufeff".encode(), where="a").text == "a\r\nb\rc\n\ufeff"


@pytest.mark.parametrize("text", ["", " \n"])
def test_empty_and_blank(text):
    """Nothing is nothing in UTF-8."""
    assert decoded(text.encode(), where="a").description == "utf-8"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ok\nab\x00cd\n", "a.txt, line 2: holds a NUL byte: byte 5; allowed: text; UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x03", "a.txt, line 3: holds a NUL byte: byte 8"),
        ("ok\n人工智能".encode()[:-1], "a.txt, line 2: ends in the middle of a utf-8 character: byte 12"),
        ("A race’".encode()[:-1], "a.txt, line 1: ends in the middle of a utf-8 character: byte 6"),
        ("café".encode() + b"\nna\xefve\n", "a.txt, line 2: mixes encodings: much of it is UTF-8, byte 8 is not: '0xef'"),
        ("café".encode() + "\né à è ï".encode("cp1252"), "a.txt, line 2: mixes encodings"),
        (SIMPLIFIED.encode() + SIMPLIFIED.encode("gb18030"), "a.txt, line 3: mixes encodings: much of it is UTF-8"),
        (SIMPLIFIED.encode("gb18030") * 9 + SIMPLIFIED.encode(), "a.txt, line 1: mixes encodings"),
        ("人工智能".encode() + b"\xff" + "竞赛".encode(), "a.txt, line 1: mixes encodings"),
        (codecs.BOM_UTF16_LE + b"a\x00\n\x00b", "a.txt, line 2: ends in the middle of a utf-16-le character: byte 6"),
        (codecs.BOM_UTF16_LE + b"a\x00\x00\xd8b\x00", "a.txt, line 1: is not utf-16-le: byte 4"),
        (codecs.BOM_UTF8 + b"a\xff", "a.txt, line 1: is not utf-8: byte 4: '0xff'"),
        (codecs.BOM_UTF16_LE + b"a\x00\n\x00\x00\x00", "a.txt, line 2: holds a NUL: character 2"),
        (b"caf\xe9\tit is only\n\x00a stray zero\n", "a.txt, line 2: holds a NUL byte: byte 16"),
        (b"na\xefve \x01\x02\n", "a.txt, line 1: is not utf-8 and fits no other encoding: byte 2: '0xef'"),
        (b"\x89\x01\x02\xff\xfe\x90\n", "a.txt, line 1: is not utf-8 and fits no other encoding: byte 0"),
    ],
)  # fmt: skip
def test_bytes_refused(content, message):
    """Bytes that are no text in one encoding are refused with byte and line."""
    assert refusal(content).startswith(message)


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"ok\ncaf\xe9 ", "utf-8", "a.txt, line 2: is not utf-8: byte 6: '0xe9'"),
        (b"a", "utf-9", "a.txt: no such encoding: 'utf-9'"),
        (b"a", "rot13", "a.txt: no such encoding: 'rot13'"),
        (b"a-,,,", "punycode", "a.txt: is not punycode; allowed: UTF-8, or"),
        (b"a", "undefined", "a.txt: is not undefined; allowed: UTF-8, or"),
        (b"a", "\x00", "a.txt: no such encoding: '\\x00'"),
    ],
)
def test_declared_encoding_refused(content, encoding, message):
    """A declared encoding is kept to, and must be one of text."""
    assert refusal(content, encoding=encoding).startswith(message)


def test_declared_encoding_is_expected():
    """A declaration decides what could be read otherwise."""
    found = decoded("новости".encode("koi8-r"), where="a", encoding="KOI8-R")
    assert (found.text, found.how, found.is_expected) == ("новости", "declared", True)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("caf\ufffd", "utf-8; 1 characters were lost (U+FFFD) before it was given"),
        ("Chinaâ€™s", "utf-8; 1 places look like UTF-8 that was read as cp1252 (â€™)"),
        ("a\x1b[31mb", "utf-8; 1 control characters"),
    ],
)
def test_what_looks_wrong_is_said(text, note):
    """Characters lost earlier, text misread earlier and control characters are noted."""
    found = decoded(text.encode(), where="a")
    assert (found.text, found.description, found.is_expected) == (text, note, False)


def test_valid_utf8_needs_no_detection(monkeypatch):
    """UTF-8 is read without asking for statistics."""
    monkeypatch.setattr("analysis.reading.encodings._detected", None)
    assert decoded(ENGLISH.encode(), where="a").how == "valid"
