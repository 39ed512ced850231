"""Chinese in corpora and rules: words and sentences with their offsets, either script, however cut."""

import json
import random

import naive
import pandas as pd
import pytest
import reading
from reading import matches, rule_set

from analysis.corpus import _own_words, read_corpus
from analysis.errors import InputError
from analysis.language.parts import Piece, _inner_edges, _parts_of, alternatives
from analysis.rules.codebook import parse_rule
from analysis.rules.evidence import concordance, evidence_table, find
from analysis.tables.overview import content_words
from analysis.tokens import tokenize

# --- what a rule matches -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("人工智能竞争加剧。", "人工智能", ["人工智能"]),
        ("人工智慧競爭加劇。", "人工智能", ["人工智慧"]),
        ("人工智能竞争加剧。", "人工智慧競爭", ["人工智能竞争"]),
        ("軟體與晶片。", "软件", ["軟體"]),
        ("软件与芯片。", "晶片", ["芯片"]),
        ("人工智能体兴起。", "人工智能", ["人工智能"]),
        ("生成式人工智能竞赛。", "人工智能竞赛", ["生成式人工智能竞赛"]),
        ("芯片法案生效。", "芯片", ["芯片法案"]),
        ("事关国家安全。", "安全", ["国家安全"]),
        ("中美人工智能竞争。", "中美 ~3 竞争", ["中美人工智能竞争"]),
        ("中美。竞争。", "中美 ~3 竞争", []),
        ("印度尼西亚加入。", "印度", []),
        ("印度尼西亚加入。", "印度*", []),
        ("印度尼西亚加入。", "印度尼西亚", ["印度尼西亚"]),
        ("印度加入。", "印度", ["印度"]),
        ("发展中国家加入。", "中国", []),
        ("中国加入。", "中国", ["中国"]),
        ("华中美术学院。", "中美", []),
        ("其中美国领先。", "中美", []),
        ("竞争力不足。", "竞争力", ["竞争力"]),
        ("国家强大。", "国", []),
        ("使用AI大模型。", "AI大模型", ["AI大模型"]),
        ("使用ai大模型。", "AI大模型", []),
        ("OpenAI发布大模型。", "openai", ["OpenAI"]),
        ("2024年7月。", "2024年", ["2024年"]),
        ("最强芯片业。", "芯片*", ["芯片业"]),
    ],
)
def test_chinese_rule(corpus_of, text, rule, expected):
    """A Chinese word of a rule is found in either script, in one word, in a part of one, or in several."""
    found = find(tokenize(corpus_of(text)), {"set": rule_set([rule])})
    assert evidence_table(found, "sentence")["text"].tolist() == expected


def test_longest_and_exceptions_hold_in_chinese(corpus_of):
    """The longest match wins, and a match inside an exception does not count."""
    tokens = tokenize(corpus_of("人民币升值，人民受益，人工智能竞赛升温。"))
    found = find(tokens, {"set": rule_set(["人民", "人工智能", "人工智能竞赛"], ["人民币"])})
    assert evidence_table(found, "sentence")["text"].tolist() == ["人民", "人工智能竞赛"]


WORDS = ["人工智能", "人工智慧", "竞赛", "競賽", "中美", "芯片", "芯片法案", "生成式", "安全", "国家安全", "AI", "US", "体", "印度尼西亚", "，", " "]  # fmt: skip
RULES = ["人工智能", "人工智慧競賽", "竞赛", "中美", "芯片*", "*安全", "安全", "AI", "ai", "印度", "人工智能竞赛", "国家", "中美竞赛", "US", "体"]  # fmt: skip


def test_random_chinese_rules_match_as_the_naive_matcher(corpus_of):
    """200 random sets of Chinese and Latin rules over random mixed sentences: the very same matches."""
    rng = random.Random(2026)
    lines = ["".join(rng.choices(WORDS, k=rng.randint(1, 8))) + "。" for _ in range(60)]
    tokens = tokenize(corpus_of("\n".join(lines), "".join(lines), language=["zh", "en"]))
    reference = naive.Matcher(reading.sentence_forms(tokens))

    def rule() -> str:
        gaps = rng.choices((" ", " ~1 ", " ~3 "), k=rng.choice((0, 0, 1, 2)))
        return rng.choice(RULES) + "".join(gap + rng.choice(RULES) for gap in gaps)

    for _ in range(200):
        rules = [rule() for _ in range(rng.randint(1, 4))]
        exceptions = [rule() for _ in range(rng.choice((0, 0, 1)))]
        found = matches(tokens, rule_set(rules, exceptions))
        assert (rules, found) == (rules, reference.matches(rules, exceptions))


def test_offsets_of_chinese_matches(corpus_of):
    """start and end of every match are characters of the text, and the concordance shows the same."""
    text = "Über 人工智慧競賽，AI大模型 and 芯片法案。"
    tokens = tokenize(corpus_of(text, language=["zh"]))
    rules = rule_set(["人工智能", "竞赛", "AI大模型", "芯片"])
    table = evidence_table(find(tokens, {"set": rules}), "sentence")
    assert [text[row.start : row.end] for row in table.itertuples()] == table["text"].tolist()
    assert table["text"].tolist() == ["人工智慧", "競賽", "AI大模型", "芯片法案"]
    assert concordance(tokens, rules)["match"].tolist() == table["text"].tolist()


def test_too_many_ways_are_refused(corpus_of):
    """A rule of so many Chinese words that it could be cut in too many ways is refused by name."""
    tokens = tokenize(corpus_of("国家安全。国家。安全。"))
    assert find(tokens, {"set": rule_set(["国家安全 " * 6])}).totals.tolist() == [0]
    with pytest.raises(InputError, match="can be cut in too many ways"):
        find(tokens, {"set": rule_set(["国家安全 " * 7])})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("AI芯片*", ("AI", "芯片*")),
        ("中美 ~3 竞争", ("中美", "竞争")),
        ("2024年", ("2024", "年")),
        ("*芯片", ("*芯片",)),
        ("U.S.人工智能", ("US", "人工智能")),
        ("人工知能の競争", ("人工知能の競争",)),
    ],
)
def test_words_of_a_chinese_rule(rule, words):
    """Chinese characters and the letters beside them are words of their own; Japanese is left whole."""
    assert parse_rule(rule).words == words


# --- parts of words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("国家安全", ["国家", "安全"]),
        ("发展中国家", ["发展", "中国家"]),
        ("竞争力", ["竞争", "力"]),
        ("国家", ["国家"]),
        ("印度尼西亚", ["印度尼西亚"]),
        ("race", ["race"]),
        ("国" * 21, ["国" * 21]),
    ],
)
def test_parts(word, parts):
    """A word has parts where every best cut has them; a place that holds another's name has none."""
    assert _parts_of(word) == parts


def test_piece_ends_where_parts_meet():
    """A piece is found inside a word only from the edge of a part to the edge of a part."""
    assert _inner_edges("生成式人工智能") == {2, 3, 5}
    assert Piece("人工智能", "parts", "parts").fits("生成式人工智能")
    assert not Piece("人工智能").fits("生成式人工智能")
    assert not Piece("式人工", "parts", "parts").fits("生成式人工智能x")


def test_single_characters_stay_whole():
    """A single character is no part of a longer word unless a star asks for it."""
    (plain,), (starred,) = alternatives("国")[0], alternatives("国*")[0]
    assert (plain.fits("国家"), starred.fits("国家")) == (False, True)


# --- documents ---------------------------------------------------------------------------------------


def test_language_is_guessed_and_said(corpus_of):
    """A text of no declared language in Chinese characters is read as zh, with a remark; no other is."""
    corpus = corpus_of(
        "中美竞争加剧。",
        "The race and 中国.",
        "日本のニュース",
        "中文",
        language=["", "", "", "en"],
    )
    assert corpus.documents["language"].tolist() == ["zh", "", "", "en"]
    assert corpus.remarks == (("language", "not declared: 1 documents read as zh by their script, first d0"),)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "zh-Hant", "ZH_tw", ""])
def test_chinese_sentences(corpus_of, language):
    """Sentences of a Chinese text end at its own marks, quotation marks kept with them."""
    corpus = corpus_of("他说：“差距缩小。”竞争加剧！Why? 不知道。", language=[language])
    assert reading.sentences(tokenize(corpus)) == [
        "他说：“差距缩小。”",
        "竞争加剧！",
        "Why?",
        "不知道。",
    ]


def test_chinese_inside_english_is_cut(corpus_of):
    """Chinese characters in a text of another language are cut into words as well."""
    tokens = tokenize(corpus_of("The term 人工智能竞赛 means race.", language=["en"]))
    assert reading.forms(tokens) == ["The", "term", "人工智能", "竞赛", "means", "race"]


def test_function_words_of_chinese_are_no_content(corpus_of):
    """Chinese function words and lone characters are left out of content words, topics are kept."""
    tokens = tokenize(corpus_of("我们的竞争和他們的競爭，因为人工智能很重要。"))
    table = pd.DataFrame({"token": tokens.types.to_pylist()})
    kept = content_words(table)["token"].tolist()
    assert {"竞争", "人工智能"} <= set(kept)
    assert not {"我们", "的", "和", "他们", "因为", "很"} & set(kept)
    assert kept == tokens.types.filter(tokens.is_content.tolist()).to_pylist()


# --- words of one's own ------------------------------------------------------------------------------


def folder_of(tmp_path, words: str):
    """A corpus folder of one Chinese text with words of its own."""
    (tmp_path / "a.txt").write_text("所谓量子霸权论是错的。", encoding="utf-8")
    if words:
        (tmp_path / "words.yaml").write_text(words, encoding="utf-8")
    return tmp_path


def test_words_of_a_folder(tmp_path):
    """words.yaml of a corpus folder keeps its words whole, and taking it away undoes that."""
    folder = folder_of(tmp_path, "words: [量子霸权论]\n")
    corpus = read_corpus(folder)
    assert "量子霸权论" in reading.forms(tokenize(corpus))
    (folder / "words.yaml").unlink()
    again = read_corpus(folder)
    assert "量子霸权论" not in reading.forms(tokenize(again))
    assert corpus.fingerprint != again.fingerprint
    assert len(corpus) == len(again) == 1


def test_words_beside_a_file(tmp_path):
    """NAME.words.yaml beside a single file NAME.jsonl is read too."""
    file = tmp_path / "news.jsonl"
    file.write_text(json.dumps({"id": "a", "text": "所谓量子霸权论是错的。"}), encoding="utf-8")
    (tmp_path / "news.words.yaml").write_text("words:\n- 量子霸权论\n", encoding="utf-8")
    assert "量子霸权论" in reading.forms(tokenize(read_corpus(file)))


def test_rules_know_the_words_of_the_corpus(tmp_path):
    """A rule is cut with the words of the corpus's own, as its texts are."""
    tokens = tokenize(read_corpus(folder_of(tmp_path, "words: [量子霸权论]\n")))
    found = find(tokens, {"set": rule_set(["所谓量子霸权论", "霸权"])})
    assert evidence_table(found, "sentence")["text"].tolist() == ["所谓量子霸权论"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("words: [AI]", "words.yaml, line 1: is not a Chinese word: 'AI'"),
        ("words: [算力, 算力]", "word appears twice"),
        ("word: [算力]", "unknown key"),
        ("words: 算力", "a list is expected here"),
    ],
)
def test_wrong_words_are_refused(tmp_path, content, problem):
    """A mistake in words.yaml is named with its line."""
    with pytest.raises(InputError, match=problem):
        _own_words(folder_of(tmp_path, content))
