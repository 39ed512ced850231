"""Codes: the language of each document, as far as words and rates of it may be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from analysis.language.chinese import is_chinese

_SPELLED = {"eng": "en", "english": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es"}  # fmt: skip


def _language_code(declared: str) -> str:
    """The language of a declared code, regions and scripts left off; '' for none.

    >>> [_language_code(code) for code in ("en-US", "English", "zh-Hant", "Chinese", "")]
    ['en', 'en', 'zh', 'zh', '']
    """
    if is_chinese(declared):
        return "zh"
    first = declared.strip().lower().replace("_", "-").partition("-")[0]
    return _SPELLED.get(first, first)


def languages_of(declared: Sequence[str], which: np.ndarray) -> np.ndarray:
    """The language of each document, of the different codes that are declared and `which` it has.

    A document of no declared language (and not in Chinese characters) is taken for one in the
    language that most others but the Chinese have.

    >>> languages_of(["en-GB", "zh-TW", "", "de"], np.array([0, 1, 2, 0, 3])).tolist()
    ['en', 'zh', 'en', 'en', 'de']
    """
    codes = [_language_code(code) for code in declared]
    others: Counter[str] = Counter()
    for code, n in zip(codes, np.bincount(which, minlength=len(codes)).tolist(), strict=True):
        if code not in ("", "zh"):
            others[code] += n
    most = min(others, key=lambda code: (-others[code], code), default="")
    return np.array([code or most for code in codes], dtype=object)[which]
