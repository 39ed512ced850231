"""Chinese: words, sentences and variants of text that puts no spaces between words."""

from __future__ import annotations

import importlib
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import regex

from analysis.errors import InputError
from analysis.language.words import normal_form

_HERE = Path(__file__).parent
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
HAN = regex.compile(r"[\p{Han}〇々]+")
_SENTENCE_END = regex.compile(r"[。！？!?…｡]+[”’」』）》〉】\"')\]]*")
LIBRARIES = ("rjieba", "opencc")
_NAMES = ("zh", "zho", "chi", "cmn", "yue", "chinese")
_TAIWAN = {"人工智慧": "人工智能", "晶片": "芯片"}
"""Words of Taiwan's that are written alike in both scripts."""
_LONG, _ALWAYS = 4, 1_000_000
"""A listed word of so many characters is kept whole whatever stands around it: its frequency is set high."""
_HAN_LEADS = (0xE4, 0xE9)
"""The first and the last of the bytes with which, in UTF-8, the common Chinese characters begin."""
_LOOKED_AT = 20_000
"""Characters of a text from which its script is guessed."""
_SCRIPTS = {
    **{
        "Latin": r"\p{Latin}",
        "Cyrillic": r"\p{Cyrillic}",
        "Greek": r"\p{Greek}",
        "Arabic": r"\p{Arabic}",
    },
    **{"Hebrew": r"\p{Hebrew}", "Devanagari": r"\p{Devanagari}", "Hangul": r"\p{Hangul}"},
    **{"Chinese": r"\p{Han}", "Japanese": r"[\p{Hiragana}\p{Katakana}]", "Thai": r"\p{Thai}"},
    **{
        "Lao": r"\p{Lao}",
        "Khmer": r"\p{Khmer}",
        "Burmese": r"\p{Myanmar}",
        "Tibetan": r"\p{Tibetan}",
    },
}
NOT_SEGMENTED = ("Japanese", "Thai", "Lao", "Khmer", "Burmese", "Tibetan")
_SCRIPT_SIGN = {name: regex.compile(rf"(?V1)[{sign}&&\p{{L}}]") for name, sign in _SCRIPTS.items()}
_SIMPLER = {"tw2sp", "t2s", "tw2s", "hk2s"}
_Span = tuple[int, int]


def _library(name: str):
    """A module that only Chinese needs; raises InputError where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"Chinese needs the library {name}, which is not installed",
            allowed=f"pip install {name}",
        ) from error


@cache
def _listed(name: str) -> tuple[str, ...]:
    """The words of one of the lists in `wordlists/`, in their order."""
    lines = (_HERE / "wordlists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def places() -> frozenset[str]:
    """Names of places that hold the name of another, in simplified characters."""
    return frozenset(_listed("zh-places"))


@cache
def _place_pattern():
    """Finds the names of `places`, the longest first."""
    return regex.compile("|".join(sorted(places(), key=lambda name: (-len(name), name))))


# --- words -----------------------------------------------------------------------------------------


def segment(text: str, words: tuple[str, ...] = ()) -> list[_Span]:
    """The words of every run of Chinese characters, as character offsets into the text.

    The words of a run, put together, are the run. The words of the list `zh-words` and `words`
    are kept whole wherever the sentence lets them; a place that begins with another's name
    (印度尼西亚) is always one word. A name that is in no list falls into single characters: nothing
    is guessed, so that a rule finds it wherever it stands. Traditional text is cut as its
    simplified form is. What is not Chinese is left out.

    >>> text = "大語言模型在印度尼西亞, AI"
    >>> [text[start:end] for start, end in segment(text)]
    ['大語言模型', '在', '印度尼西亞']
    """
    cutter = cutter_of(tuple(words))
    spans = []
    for run in HAN.finditer(simplified(text)):
        place = run.start()
        for piece in cut_at_places(run.group()):
            for word in (piece,) if piece in places() else cutter.cut(piece, False):
                spans.append((place, place + len(word)))
                place += len(word)
    return spans


def cut_at_places(run: str) -> list[str]:
    """A run cut before and after each of the long place names, the longest first."""
    pieces, place = [], 0
    for found in _place_pattern().finditer(run):
        pieces += [run[place : found.start()], found.group()]
        place = found.end()
    return [piece for piece in (*pieces, run[place:]) if piece]


@cache
def cutter_of(words: tuple[str, ...]):
    """A segmenter that knows these words too; raises InputError for one that is not Chinese."""
    cutter = _library("rjieba").Jieba()
    for word in (*_listed("zh-words"), *words):
        if not HAN.fullmatch(word):
            raise InputError("is no Chinese word", value=word, allowed="Chinese characters only")
        cutter.add_word(simplified(word), _ALWAYS if len(word) >= _LONG else None, None)
    return cutter


def is_cut(token: str) -> bool:
    """Whether a run of letters is cut into words: it holds Chinese characters, and few kana beside them.

    >>> [is_cut(token) for token in ("AI大模型", "人工知能の競争が", "race")]
    [True, False, False]
    """
    if token.isascii():
        return False
    han = sum(map(len, HAN.findall(token)))
    return han > 0 and 10 * len(_KANA.findall(token)) <= han


def segmented(text: str, spans: list[_Span], words: tuple[str, ...] = ()) -> list[_Span]:
    """Token spans with those that hold Chinese cut into words; the others stay as they are.

    >>> text = "AI大模型 wins"
    >>> [text[start:end] for start, end in segmented(text, [(0, 5), (6, 10)])]
    ['AI', '大模型', 'wins']
    """
    found: list[_Span] = []
    for start, end in spans:
        token = text[start:end]
        if not is_cut(token):
            found.append((start, end))
            continue
        inner = segment(token, words)
        edges = [0, *(edge for span in inner for edge in span), len(token)]
        gaps = [gap for gap in zip(edges[::2], edges[1::2], strict=True) if gap[0] < gap[1]]
        found += [(start + first, start + last) for first, last in sorted((*inner, *gaps))]
    return found


@lru_cache(maxsize=100_000)
def form_of(token: str) -> str:
    """The normal form of a token: of Chinese the simplified characters, of words written in
    traditional ones, and of a few others, what the mainland says for Taiwan's word.

    >>> [form_of(token) for token in ("競賽", "軟體", "人工智慧", "文件", "China’s")]
    ['竞赛', '软件', '人工智能', '文件', 'China']
    """
    if not HAN.search(token):
        return normal_form(token)
    if token == simplified(token):
        return _TAIWAN.get(token, token)
    return _matched_form(token)


# --- sentences -------------------------------------------------------------------------------------


def is_chinese(language: str) -> bool:
    """Whether a language code stands for Chinese.

    >>> [is_chinese(code) for code in ("zh", "zh-Hant", "ZH_tw", "en", "")]
    [True, True, True, False, False]
    """
    return language.strip().lower().replace("_", "-").partition("-")[0] in _NAMES


def chinese_sentences(line: str) -> list[_Span]:
    """The sentences of one line: each ends after 。！？ or …, with the quotation marks that follow.

    >>> chinese_sentences("差距缩小。“真的吗？”他问")
    [(0, 5), (5, 11), (11, 13)]
    """
    spans, start = [], 0
    for end in (*(found.end() for found in _SENTENCE_END.finditer(line)), len(line)):
        sentence = line[start:end]
        first = start + len(sentence) - len(sentence.lstrip())
        last = start + len(sentence.rstrip())
        if first < last:
            spans.append((first, last))
        start = end
    return spans


# --- variants and scripts --------------------------------------------------------------------------


@cache
def _converter_of(kind: str):
    """The conversion of OpenCC of that name."""
    if kind not in _SIMPLER:
        raise InputError("unknown conversion", value=kind, allowed=sorted(_SIMPLER))
    return _library("opencc").OpenCC(kind)


@cache
def _traditional_sign():
    """Finds a character that another stands for in simplified text."""
    signs = "".join(map(chr, (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))))
    plain = _converter_of("t2s").convert("\n".join(signs)).split("\n")
    changed = "".join(old for old, new in zip(signs, plain, strict=True) if old != new)
    return regex.compile(f"[{regex.escape(changed)}\U00020000-\U0003ffff]")


def simplified(text: str) -> str:
    """The text in simplified characters, one for each, so that every offset stays.

    >>> simplified("人工智慧競賽")
    '人工智慧竞赛'
    """
    if text.isascii() or not _traditional_sign().search(text):
        return text
    convert = _converter_of("t2s").convert
    whole = convert(text)
    if len(whole) == len(text):
        return whole
    signs = (convert(sign) for sign in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(signs, text, strict=True))


@cache
def _matched_form(word: str, kind: str = "tw2sp") -> str:
    """The form in which a word is compared, its length free: Taiwan's 人工智慧 is 人工智能.

    `kind` is 'tw2sp' (with Taiwan's own words), 't2s', 'tw2s' or 'hk2s'. The token's offsets are
    those of the text and are not touched.
    """
    return _converter_of(kind).convert(word)


def letters_by_script(text: str) -> dict[str, int]:
    """How many letters of each script a text holds, those with most first; Japanese takes its Han.

    >>> letters_by_script("AI人工知能の競争が")
    {'Japanese': 8, 'Latin': 2}
    """
    counts = {name: len(sign.findall(text)) for name, sign in _SCRIPT_SIGN.items()}
    if counts["Japanese"] * 10 > counts["Chinese"]:
        counts["Japanese"] += counts["Japanese"] and counts.pop("Chinese")
    found = {name: count for name, count in counts.items() if count}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def read_as_chinese(content: bytes, spans: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """Of which texts in UTF-8 (first byte and one past the last) most letters at the beginning are
    Chinese characters; `leads` are the places of bytes among which those of HAN_LEADS are.

    >>> content = "AI 竞争加剧, it is said".encode()
    >>> read_as_chinese(content, np.array([[0, 15], [15, 28]]), np.arange(len(content))).tolist()
    [True, False]
    """
    data = np.frombuffer(content, dtype=np.uint8)[leads]
    leads = leads[(data >= _HAN_LEADS[0]) & (data <= _HAN_LEADS[1])]
    start, end = spans[:, 0], np.minimum(spans[:, 1], spans[:, 0] + 4 * _LOOKED_AT)
    counts = np.searchsorted(leads, end) - np.searchsorted(leads, start)
    found = counts * 10 >= np.maximum(end - start, 1)
    asked = np.flatnonzero(found)
    begun = (content[start[n] : end[n]].decode("utf-8", "ignore") for n in asked.tolist())
    found[asked] = [_mostly_chinese(text) for text in begun]
    return found


def _mostly_chinese(text: str) -> bool:
    """Whether most letters of a text are Chinese characters.

    >>> [_mostly_chinese(text) for text in ("AI 竞争加剧", "Race for 人工智能", "日本のニュース")]
    [True, False, False]
    """
    letters = letters_by_script(text)
    return 2 * letters.get("Chinese", 0) > sum(letters.values())


def not_segmented(text: str) -> dict[str, int]:
    """Letters of the scripts that neither put spaces between words nor are segmented here.

    A text that holds them must be named: its tokens are not words.
    """
    return {name: n for name, n in letters_by_script(text).items() if name in NOT_SEGMENTED}
