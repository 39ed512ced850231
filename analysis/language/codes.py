"""Codes: the language of each document, as far as words and rates of it may be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from analysis.language.chinese import is_chinese

SPELLED = {"eng": "en", "english": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es"}  # fmt: skip


def language_code(declared: str) -> str:
    """The language of a declared code, regions and scripts left off; '' for none.

    >>> [language_code(code) for code in ("en-US", "English", "zh-Hant", "Chinese", "")]
    ['en', 'en', 'zh', 'zh', '']
    """
    if is_chinese(declared):
        return "zh"
    first = declared.strip().lower().replace("_", "-").partition("-")[0]
    return SPELLED.get(first, first)


def languages_of(declared: Sequence[str]) -> np.ndarray:
    """The language of each document.

    A document of no declared language (and not in Chinese characters) is taken for one in the
    language that most others but the Chinese have.

    >>> languages_of(["en-GB", "zh-TW", "", "en", "de"]).tolist()
    ['en', 'zh', 'en', 'en', 'de']
    """
    known = {code: language_code(code) for code in dict.fromkeys(declared)}
    codes = [known[code] for code in declared]
    others = Counter(code for code in codes if code not in ("", "zh"))
    most = min(others, key=lambda code: (-others[code], code), default="")
    return np.array([code or most for code in codes], dtype=object)
