"""Chinese: words, sentences and variants of text that puts no spaces between words."""

from __future__ import annotations

import importlib
from functools import cache

import regex

from analysis.errors import InputError

EXTRA = "pip install 'ai-race-workbook[chinese]'"
HAN = regex.compile(r"[\p{Han}〇々]+")
SENTENCE_END = regex.compile(r"[。！？!?…｡]+[”’」』）》〉】\"')\]]*")
USER_WORDS = (
    *(
        "大语言模型",
        "生成式人工智能",
        "通用人工智能",
        "人工智能",
        "人工智慧",
        "安全困境",
        "军备竞赛",
    ),
    *("国家安全", "出口管制", "供应链", "芯片法案", "半导体", "机器学习", "深度学习", "大模型"),
    *("一带一路", "中美关系", "科技战", "脱钩", "卡脖子", "自力更生", "算力"),
)
PLACES = (
    *(
        "印度尼西亚",
        "印度支那",
        "印度洋",
        "西印度群岛",
        "东印度公司",
        "南苏丹",
        "赤道几内亚",
        "几内亚比绍",
    ),
    *(
        "巴布亚新几内亚",
        "新几内亚",
        "尼日利亚",
        "多米尼加",
        "马来西亚",
        "索马里兰",
        "北马其顿",
        "罗马尼亚",
    ),
    *("中非共和国", "中华民国", "中华人民共和国", "阿尔巴尼亚", "马里兰", "马里亚纳", "拉丁美洲"),
)
PLACE = regex.compile("|".join(sorted(PLACES, key=len, reverse=True)))
SCRIPTS = {
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
SCRIPT_SIGN = {name: regex.compile(rf"(?V1)[{sign}&&\p{{L}}]") for name, sign in SCRIPTS.items()}
SIMPLER = {"tw2sp", "t2s", "tw2s", "hk2s"}
Span = tuple[int, int]


def library(name: str):
    """A module of the extra `chinese`; raises InputError that names the extra where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"Chinese needs the library {name}, which is not installed", allowed=EXTRA
        ) from error


# --- words -----------------------------------------------------------------------------------------


def segment(text: str, words: tuple[str, ...] = USER_WORDS) -> list[Span]:
    """The words of every run of Chinese characters, as character offsets into the text.

    The words of a run, put together, are the run. `words` are kept whole wherever the sentence
    lets them; a place that begins with another's name (印度尼西亚) is always one word. Traditional
    text is cut as its simplified form is. What is not Chinese is left out.

    >>> text = "大語言模型在印度尼西亞, AI"
    >>> [text[start:end] for start, end in segment(text)]
    ['大語言模型', '在', '印度尼西亞']
    """
    cutter = cutter_of(tuple(words))
    spans = []
    for run in HAN.finditer(simplified(text)):
        place = run.start()
        for piece in cut_at_places(run.group()):
            for word in (piece,) if piece in PLACES else cutter.cut(piece):
                spans.append((place, place + len(word)))
                place += len(word)
    return spans


def cut_at_places(run: str) -> list[str]:
    """A run cut before and after each of the long place names, the longest first."""
    if not PLACE.search(run):
        return [run]
    pieces, place = [], 0
    for found in PLACE.finditer(run):
        pieces += [run[place : found.start()], found.group()]
        place = found.end()
    return [piece for piece in (*pieces, run[place:]) if piece]


@cache
def cutter_of(words: tuple[str, ...]):
    """A segmenter that knows these words; raises InputError for one that is not Chinese."""
    cutter = library("rjieba").Jieba()
    for word in words:
        if not HAN.fullmatch(word):
            raise InputError("is no Chinese word", value=word, allowed="Chinese characters only")
        cutter.add_word(simplified(word), None, None)
    return cutter


def segmented(text: str, spans: list[Span], words: tuple[str, ...] = USER_WORDS) -> list[Span]:
    """Token spans with those that hold Chinese cut into words; the others stay as they are.

    >>> text = "AI大模型 wins"
    >>> [text[start:end] for start, end in segmented(text, [(0, 5), (6, 10)])]
    ['AI', '大模型', 'wins']
    """
    found: list[Span] = []
    for start, end in spans:
        token = text[start:end]
        if token.isascii() or not HAN.search(token):
            found.append((start, end))
            continue
        inner = segment(token, words)
        edges = [0, *(edge for span in inner for edge in span), len(token)]
        gaps = [gap for gap in zip(edges[::2], edges[1::2], strict=True) if gap[0] < gap[1]]
        found += [(start + first, start + last) for first, last in sorted((*inner, *gaps))]
    return found


# --- sentences -------------------------------------------------------------------------------------


def sentence_spans(line: str) -> list[Span]:
    """The sentences of one line: each ends after 。！？ or …, with the quotation marks that follow.

    >>> sentence_spans("差距缩小。“真的吗？”他问")
    [(0, 5), (5, 11), (11, 13)]
    """
    spans, start = [], 0
    for end in (*(found.end() for found in SENTENCE_END.finditer(line)), len(line)):
        sentence = line[start:end]
        first = start + len(sentence) - len(sentence.lstrip())
        last = start + len(sentence.rstrip())
        if first < last:
            spans.append((first, last))
        start = end
    return spans


# --- variants and scripts --------------------------------------------------------------------------


@cache
def converter_of(kind: str):
    """The conversion of OpenCC of that name."""
    if kind not in SIMPLER:
        raise InputError("unknown conversion", value=kind, allowed=sorted(SIMPLER))
    return library("opencc").OpenCC(kind)


def simplified(text: str) -> str:
    """The text in simplified characters, one for each, so that every offset stays.

    >>> simplified("人工智慧競賽")
    '人工智慧竞赛'
    """
    convert = converter_of("t2s").convert
    whole = convert(text)
    if len(whole) == len(text):
        return whole
    signs = (convert(sign) for sign in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(signs, text, strict=True))


@cache
def matched_form(word: str, kind: str = "tw2sp") -> str:
    """The form in which a word is compared, its length free: Taiwan's 人工智慧 is 人工智能.

    `kind` is 'tw2sp' (with Taiwan's own words), 't2s', 'tw2s' or 'hk2s'. The token's offsets are
    those of the text and are not touched.
    """
    return converter_of(kind).convert(word)


def variant_of(text: str) -> str:
    """'traditional' or 'simplified' by the characters that differ, '' where none or both alike do."""
    han = "".join(HAN.findall(text))
    traditional = sum(one != other for one, other in zip(han, simplified(han), strict=True))
    back = library("opencc").OpenCC("s2t").convert(han)
    plain = (
        sum(one != other for one, other in zip(han, back, strict=False))
        if len(back) == len(han)
        else 0
    )
    if traditional == plain:
        return ""
    return "traditional" if traditional > plain else "simplified"


def letters_by_script(text: str) -> dict[str, int]:
    """How many letters of each script a text holds, those with most first; Japanese takes its Han.

    >>> letters_by_script("AI人工知能の競争が")
    {'Japanese': 8, 'Latin': 2}
    """
    counts = {name: len(sign.findall(text)) for name, sign in SCRIPT_SIGN.items()}
    if counts["Japanese"] * 10 > counts["Chinese"]:
        counts["Japanese"] += counts["Japanese"] and counts.pop("Chinese")
    found = {name: count for name, count in counts.items() if count}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def script_of(text: str) -> str:
    """The script of most letters of a text, '' for a text without letters of a known script."""
    return next(iter(letters_by_script(text)), "")


def not_segmented(text: str) -> dict[str, int]:
    """Letters of the scripts that neither put spaces between words nor are segmented here.

    A text that holds them must be named: its tokens are not words.
    """
    return {name: n for name, n in letters_by_script(text).items() if name in NOT_SEGMENTED}
