"""Chinese: words with their places, sentences, variants; scripts that are not segmented are named."""

import importlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.language import chinese
from analysis.language.chinese import (
    _matched_form,
    chinese_sentences,
    letters_by_script,
    not_segmented,
    segment,
    segmented,
    simplified,
)
from analysis.tokens import stop_words

for library in ("rjieba", "opencc"):
    pytest.importorskip(library)

TEXT = "中国和美国在人工智能领域展开竞争,大语言模型(LLM)改变世界。"


def words(text: str, *more: str) -> list[str]:
    return [text[start:end] for start, end in (segment(text, more) if more else segment(text))]


def test_words_of_a_sentence():
    """Words of Chinese only, in their order."""
    assert words(TEXT) == [
        "中国",
        "和",
        "美国",
        "在",
        "人工智能",
        "领域",
        "展开",
        "竞争",
        "大语言模型",
        "改变",
        "世界",
    ]


@pytest.mark.parametrize(
    "text", [TEXT, "没有 spaces", "", "plain", "印度尼西亞與印度", "〇々", "\U00020000字"]
)
def test_words_cover_every_chinese_sign(text):
    """The words follow each other without a gap or an overlap and leave no Chinese sign out."""
    spans = segment(text)
    assert "".join(text[start:end] for start, end in spans) == "".join(chinese.HAN.findall(text))
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize(
    "text", ["大语言模型", "最大语言模型之争", "使用大语言模型的人", "大語言模型正在改變世界"]
)
def test_user_word_is_one_word(text):
    """大语言模型 is one word wherever it stands, in both variants."""
    assert {"大语言模型", "大語言模型"} & set(words(text))


def test_own_words():
    """A word of the user's own is one word, and only where it is asked for."""
    assert "量子霸权论" in words("所谓量子霸权论是错的", "量子霸权论")
    assert "量子霸权论" not in words("所谓量子霸权论是错的")


@pytest.mark.parametrize(
    "text",
    [
        "印度尼西亚",
        "在印度尼西亚语中",
        "访问印度尼西亚共和国",
        "印度尼西亞總統",
        "東印度公司",
        "印度洋上",
    ],
)
def test_indonesia_is_not_india(text):
    """A longer place name never holds the word 印度."""
    assert "印度" not in words(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [("在南苏丹的人", "苏丹"), ("西印度群岛的历史", "西印度群"), ("索马里兰宣布", "索马里")],
)
def test_place_is_one_word(text, part):
    """A place name that the segmenter does not know is not cut into another's name."""
    assert part not in words(text)


def test_india_is_india():
    """印度 by itself is a word."""
    assert words("印度和印度尼西亚") == ["印度", "和", "印度尼西亚"]


@pytest.mark.parametrize("word", ["", "LLM", "大 模型"])
def test_user_word_refused(word):
    """A word that is not Chinese is no user word."""
    with pytest.raises(InputError, match="is no Chinese word"):
        segment("x", (word,))


def test_tokens_with_chinese_are_cut():
    """Letters and digits beside Chinese are tokens of their own; tokens without Chinese stay."""
    text = "2024年7月AI大模型GPT wins"
    found = segmented(text, [(0, 15), (16, 20)])
    assert [text[start:end] for start, end in found] == [
        "2024",
        "年",
        "7",
        "月",
        "AI",
        "大模型",
        "GPT",
        "wins",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("差距缩小。竞争加剧！为什么？", ["差距缩小。", "竞争加剧！", "为什么？"]),
        ("他说:“差距缩小。”然后……走了", ["他说:“差距缩小。”", "然后……", "走了"]),
        ("  空格。  再来 ", ["空格。", "再来"]),
        ("增长3.5%,达到1.2亿", ["增长3.5%,达到1.2亿"]),
        ("真的吗？！", ["真的吗？！"]),
        ("", []),
        (" 　", []),
    ],
)
def test_sentences(line, expected):
    """A sentence ends after its mark and the quotation marks behind it, nowhere else."""
    assert [line[start:end] for start, end in chinese_sentences(line)] == expected


def test_simplified_keeps_every_offset():
    """Simplified text has as many characters as the traditional."""
    text = "臺灣的人工智慧競賽,軟體與網路。𠀀"
    assert simplified(text) == "台湾的人工智慧竞赛,软体与网路。𠀀"


@pytest.mark.parametrize(
    ("word", "form"),
    [("人工智慧", "人工智能"), ("軟體", "软件"), ("競賽", "竞赛"), ("芯片", "芯片")],
)
def test_words_of_taiwan_are_matched(word, form):
    """A word of Taiwan's is compared as the mainland's."""
    assert _matched_form(word) == form


def test_unknown_conversion_refused():
    """A conversion is one of four."""
    with pytest.raises(
        InputError, match="unknown conversion: 's2t'; allowed: hk2s, t2s, tw2s, tw2sp"
    ):
        _matched_form("字", "s2t")


@pytest.mark.parametrize(
    ("text", "script"),
    [("The race", "Latin"), ("人工智能 AI", "Chinese"), ("人工知能の競争", "Japanese"), ("การแข่งขัน", "Thai"),
     ("ການແຂ່ງຂັນ", "Lao"), ("ការប្រណាំង", "Khmer"), ("ပြိုင်ပွဲ", "Burmese"), ("경쟁", "Hangul"), ("гонка", "Cyrillic"), ("123 !", "")],
)  # fmt: skip
def test_script(text, script):
    """A text has the script of most of its letters."""
    assert next(iter(letters_by_script(text)), "") == script


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("The race, 人工智能, 경쟁", {}),
        ("การ race", {"Thai": 3}),
        ("日本のニュース", {"Japanese": 6}),
        ("中文报道很长很长很长の", {"Japanese": 1}),
    ],
)
def test_scripts_that_are_not_segmented_are_named(text, named):
    """Scripts without spaces that are not segmented are named with their letters."""
    assert not_segmented(text) == named


# --- stop words ------------------------------------------------------------------------------------


def test_stop_words_carry_no_topic():
    """Function words are listed in both variants; no word of a topic is."""
    listed = stop_words("zh")
    assert {"的", "和", "我们", "我們", "因为", "因為"} <= listed
    topics = "中 外 美 中国 美国 印度 国家 政府 人工智能 技术 安全 竞争 发展 经济 企业 公司 新 大 年 月 日 人 亿 战略 世界 全球"
    assert not set(topics.split()) & {*listed, *map(_matched_form, listed)}


def test_stop_words_stand_in_both_variants():
    """What is listed in traditional characters is listed in simplified ones too."""
    listed = stop_words("zh")
    assert {simplified(word) for word in listed} <= listed


def test_stop_words_are_chinese_words():
    """Every entry is Chinese and stands once."""
    file = Path(chinese.__file__).parent / "stopwords" / "zh.txt"
    entries = [
        word
        for line in file.read_text(encoding="utf-8").splitlines()
        if line[0] != "#"
        for word in line.split()
    ]
    assert all(chinese.HAN.fullmatch(word) for word in entries)
    assert len(entries) == len(set(entries))


# --- libraries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rjieba", "opencc"])
def test_missing_library_names_the_extra(monkeypatch, name):
    """Without a library the error says what to install."""
    chinese.cutter_of.cache_clear()
    chinese._converter_of.cache_clear()
    chinese._traditional_sign.cache_clear()
    really = importlib.import_module

    def refuse(wanted: str):
        if wanted == name:
            raise ImportError(wanted)
        return really(wanted)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(InputError, match=rf"Chinese needs the library {name}.*pip install {name}"):
        segment("中文")


def test_import_loads_no_library():
    """The module alone loads neither segmenter nor converter."""
    code = "import analysis.language.chinese, sys; print({'rjieba', 'opencc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
