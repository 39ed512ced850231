"""Glyphs: a font for the characters that the figures' own font lacks, and the room that they take."""

from __future__ import annotations

import importlib.util
import textwrap
from functools import cache
from pathlib import Path
from unicodedata import east_asian_width

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

_OWN = "DejaVu Sans"
_PACKAGE, _FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
"""The package of the extra `chinese` that brings Noto Sans SC, which holds both scripts."""
_INSTALLED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
)
"""Fonts of systems that are used where the package is missing; figures then depend on the system."""
_WIDE = 1.75
"""Columns that a wide character (Chinese, Japanese, Korean) takes."""


@cache
def _own_signs() -> frozenset[int]:
    """The characters that the figures' own font has."""
    return frozenset(FT2Font(font_manager.findfont(_OWN)).get_charmap())


@cache
def _fallback() -> str:
    """The name of a font with Chinese characters, '' where there is none."""
    found = importlib.util.find_spec(_PACKAGE)
    file = Path(found.origin).with_name(_FILE) if found and found.origin else None
    if file is not None and file.is_file():
        font_manager.fontManager.addfont(file)
        return FT2Font(file).family_name
    here = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _INSTALLED if name in here), "")


def add_glyphs(figure: Figure) -> None:
    """Let the texts of a figure that its own font cannot write take the missing signs from another.

    Texts that it can write are left as they are, so that their bytes do not depend on other fonts.
    """
    for text in figure.findobj(Text):
        if any(ord(sign) not in _own_signs() for sign in text.get_text() if sign != "\n"):
            other = _fallback()
            if other:
                text.set_fontfamily([_OWN, other])


def width_of(text: str) -> float:
    """The columns that a text takes, a Latin letter one.

    >>> width_of("AI"), width_of("芯片")
    (2, 3.5)
    """
    wide = sum(east_asian_width(sign) in "WF" for sign in text)
    return len(text) + (_WIDE - 1) * wide if wide else len(text)


def cut(text: str, columns: int) -> str:
    """The text, or its beginning with an ellipsis where it takes more columns."""
    if width_of(text) <= columns:
        return text
    end = len(text)
    while width_of(text[:end]) > columns - 1:
        end -= 1
    return text[:end].rstrip() + "…"


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns, broken between wide characters too."""
    if width_of(text) == len(text):
        return textwrap.wrap(text, columns)
    lines, line = [], ""
    for word in _wide_words(text):
        if line and width_of(line + word.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _wide_words(text: str) -> list[str]:
    """A text in pieces between which a line may end: words, and wide characters one by one."""
    pieces = [""]
    for sign in text:
        wide = east_asian_width(sign) in "WF"
        if (wide and sign not in "，。、；：！？）”’》」』") or pieces[-1][-1:].isspace():
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return [piece for piece in pieces if piece]
