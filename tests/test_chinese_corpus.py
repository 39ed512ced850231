"""Chinese and mixed corpora from the texts to the tables: the codebook's Chinese half, and what is compared."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reading import matched_texts

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.plots import frame_shares, term_rates, term_rates_by_group
from analysis.report import corpus as report_corpus
from analysis.report.results import _rendered
from analysis.rules.codebook import Codebook, parse_rule, term_sets
from analysis.rules.evidence import find
from analysis.tables import framing, overview, trends
from analysis.tables.framing import code_units
from analysis.tables.keyness import keyness_table
from analysis.tokens import tokenize

FILE = Path(__file__).parent / "data" / "chinese.jsonl"


@pytest.fixture(scope="module")
def chinese():
    """Tokens of twelve short Chinese texts in both scripts, of three sources."""
    return tokenize(read_corpus(FILE))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, seeds):
    """Tokens of the twelve Chinese texts and the five English ones, one of them of a Chinese source."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    metadata = seeds.documents[["id", "date", "source", "language"]].to_dict("records")
    english = [{**row, "text": text} for row, text in zip(metadata, seeds.texts, strict=True)]
    english[0]["source"] = "新声周刊"
    file = tmp_path_factory.mktemp("mixed") / "mixed.jsonl"
    file.write_text("\n".join(map(json.dumps, [*rows, *english])), encoding="utf-8")
    return tokenize(read_corpus(file))


# --- the Chinese half of the codebook ------------------------------------------------------------------

CODED = {
    "race": """中美两国在人工智能领域的战略竞争愈演愈烈。|中國與美國的人工智慧競賽進入新階段。|国产模型与美国的差距正在缩小。|中国能否弯道超车？|美国仍然保持领先。
        两国之间的竞争没有赢家。|新冷战的阴影笼罩科技界。|这被称为新的斯普特尼克时刻。""",
    "security": """美方称此举事关国家安全。|安全困境讓雙方互相猜疑。|军方正在测试用于战场的模型。|黑客发动了网络攻击。|間諜竊取了商業機密。|认知战成为新的威胁。|晶片可能用於武器。""",
    "ideology": """模型必须坚持社会主义核心价值观。|輿論戰升級。|这些回答带有政治偏见。|西方担心其审查制度。|有人指责它干预别国选举。|爭奪話語權。""",
    "self_reliance": """核心技术不能受制于人。|企業加快國產化替代。|减少对进口芯片的依赖。|兩國科技脫鉤。|实现科技自立自强。|卡脖子问题仍然突出。""",
    "restriction": """美国扩大对华出口管制。|十三家企業被列入實體清單。|OpenAI终止对中国的API服务。|禁止政府设备使用该应用。|技术封锁适得其反。|制裁再次加码。""",
    "regulation": """网信办公布管理办法。|监管部门要求算法备案。|歐盟AI法案生效。|企业合规成本上升。|立法滞后于技术。|反垄断调查启动。""",
    "cooperation": """中美举行人工智能政府间对话。|雙方達成共識。|联合国通过决议，推动全球治理。|两国应当管控分歧、增进互信。|呼吁国际合作。|多边主义是正道。""",
    "market": """初创公司完成新一轮融资。|價格戰壓低了利潤。|百度向企业客户推出新产品。|市场份额大幅上升。|公司计划明年上市。|商业化落地加快。""",
    "innovation": """模型性能取得突破。|算力與訓練資料是關鍵。|深度求索开源了推理模型。|科学家研发新的架构。|高端芯片供不应求。|人才紧缺。""",
    "society": """用户担心隐私泄露。|学生用它写作业。|深度偽造被用於詐騙。|許多人擔心失業。|虚假信息泛滥。|未成年人需要保护。|人工智能伦理引发讨论。""",
}
NOT_CODED = {
    "race": "两家互联网公司竞争激烈。|他参加了数学竞赛。|城乡收入差距扩大。|市场竞争日趋成熟。|竞争力来自创新。|企业要摒弃冷战思维。",
    "security": "公司打响价格战。|他在安全的环境中工作。|食品安全值得关注。|无人机配送餐食。|学校注意交通安全。",
    "ideology": "产品宣传铺天盖地。|这项技术颠覆了行业。|技术民主化让更多人受益。|审查合同条款。",
    "self_reliance": "学生依赖老师的帮助。|公司独立运营。|他自己研究。",
    "restriction": "疫情期间封锁城市。|每个账号限制字数。|他停止了工作。",
    "regulation": "芯片法案拨款五百亿美元。|他制定了旅行计划。|公司管理团队稳定。",
    "cooperation": "两家公司签署合作协议。|他与客户合作愉快。|双方缺乏互信。|商务谈判破裂。",
    "market": "市场监管总局发布通知。|两国元首会晤。|学生完成作业。",
    "innovation": "研究员表示担忧。|研究所门口。|人才市场人山人海。|价格上涨。",
    "society": "社会主义制度。|本报记者报道。|国家统计局公布数字。",
}


def frames_of(corpus_of, codebook, sentences: str) -> list[set[str]]:
    """The frames that each sentence is coded with."""
    texts = [text.strip() for text in sentences.replace("\n", "|").split("|")]
    table = framing.frames_by_document(code_units(tokenize(corpus_of(*texts)), codebook))
    coded = table[table["coded"] > 0].groupby("document")["frame"].agg(set)
    return [coded.get(f"d{n}", set()) for n in range(len(texts))]


@pytest.mark.parametrize("frame", CODED)
def test_sentences_of_a_frame_are_coded(corpus_of, codebook, frame):
    """Sentences that speak of a frame, in either script, carry it."""
    assert [frame in found for found in frames_of(corpus_of, codebook, CODED[frame])].count(
        False
    ) == 0


@pytest.mark.parametrize("frame", NOT_CODED)
def test_sentences_of_something_else_are_not_coded(corpus_of, codebook, frame):
    """Sentences that only share a word with a frame do not carry it."""
    assert not any(frame in found for found in frames_of(corpus_of, codebook, NOT_CODED[frame]))


def test_both_halves_have_every_frame(codebook):
    """Every frame has rules in both languages, fifteen in Chinese at least; so have the actors."""
    for rules in codebook.frames.values():
        assert sum(rule.is_chinese for rule in rules.rules) >= 15
    sets = [*codebook.frames.values(), *codebook.actors.values()]
    assert all(rules.has_rules_in(language) for rules in sets for language in ("en", "zh"))


def test_no_chinese_rule_touches_the_five_texts(tokens, codebook):
    """The five English texts are coded by the English half alone."""
    found = find(tokens, codebook.frames)
    assert not any(parse_rule(rule).is_chinese for rule in found.kept["rule"].unique())


def test_chinese_rules_are_written_in_simplified_characters(codebook):
    """Rules are simplified, which stands for both scripts, and none is written twice."""
    from analysis.language.chinese import simplified

    sets = [*codebook.frames.values(), *codebook.actors.values(), *codebook.terms.values()]
    texts = [rule.text for rules in sets for rule in (*rules.rules, *rules.exceptions)]
    assert [text for text in texts if text != simplified(text) and text != "昇腾"] == []


def test_actors_in_both_scripts(corpus_of, codebook):
    """Firms, persons and places are found in either script, and Indonesia is no actor's India."""
    tokens = tokenize(corpus_of("輝達與華為。", "英伟达与华为。", "印度尼西亚。"))
    texts = matched_texts(tokens, codebook.actors)
    assert sorted(texts) == sorted(["輝達", "華為", "英伟达", "华为"])


# --- tables of a Chinese corpus --------------------------------------------------------------------------


def test_tables_of_a_chinese_corpus(chinese, codebook):
    """Words are words, sentences sentences, and every table of the three notebooks has its rows."""
    documents = overview.document_table(chinese)
    assert documents["sentences"].between(3, 6).all()
    assert documents["tokens"].between(40, 80).all()
    words = overview.content_words(overview.vocabulary_table(chinese))["token"].head(6).tolist()
    assert {"芯片", "中国", "美国", "人工智能"} <= set(words)
    coding = code_units(chinese, codebook)
    shares = framing.frame_table(coding, "source", resamples=100)
    assert (shares[shares["group"] == "all"]["coded"] > 0).all()
    assert len(keyness_table(chinese, "source", prior=50))
    assert len(trends.rising_and_falling_words(chinese, period="year", prior=50)[0])
    assert report_corpus.describe_scripts(chinese.corpus) == ""


def test_own_words_of_the_chinese_corpus(chinese):
    """The words listed beside the corpus are words of its vocabulary; both scripts share one form."""
    vocabulary = chinese.vocabulary.to_pylist()
    assert {"世界人工智能大会", "行动计划", "大语言模型", "芯片", "印度尼西亚", "印度"} <= set(
        vocabulary
    )
    assert not {"晶片", "競賽", "輝達"} & set(vocabulary)


# --- corpora of several languages --------------------------------------------------------------------------


def test_groups_do_not_mix_languages(mixed):
    """A source with documents in two languages is two groups; others keep their name."""
    groups = set(mixed.corpus.groups("source"))
    assert {"新声周刊 (zh)", "新声周刊 (en)", "華語日報", "Qubax AI blog"} <= groups


def test_words_are_compared_within_a_language(mixed):
    """No word of one language is key, rises or falls against texts of the other."""
    keyness = keyness_table(mixed, "source", prior=50)
    chinese_groups = keyness["group"].isin(["華語日報", "南方科技报", "新声周刊 (zh)"])
    chinese_size = int(mixed.document_sizes[mixed.corpus.languages == "zh"].sum())
    sizes = keyness["tokens"] + keyness["rest_tokens"]
    assert set(sizes[chinese_groups]) == {chinese_size}
    assert set(sizes[~chinese_groups]) == {len(mixed) - chinese_size}


def test_rates_of_words_are_of_their_language(mixed, chinese):
    """A word's rate, spread and collocations in a mixed corpus are those of its language alone."""
    table = overview.vocabulary_table(mixed)
    apart = overview.vocabulary_table(chinese)
    both = (
        table[table["language"] == "zh"].set_index("token").drop(["世界", "大会"], errors="ignore")
    )
    alone = apart.set_index("token").loc["芯片"]
    assert both.loc["芯片", "count"] == alone["count"]
    assert both.loc["芯片", "of_documents"] == 12
    assert both["per_million"].sum() <= 1e6 + 1e-6
    assert set(overview.collocation_table(mixed, fewest=3)["language"]) <= {"en", "zh"}


def test_shared_words_are_shared_within_a_language(mixed, tokens):
    """What a text has in common with others counts those of its language only."""
    table = overview.overlap_table(mixed)
    assert table.loc[table["document"] == "zeng-2025", "in_documents"].max() <= 5
    here = overview.only_here(mixed).set_index("document")["words_only_here"]
    assert (
        here["zh-06"] < overview.document_table(mixed).set_index("document").loc["zh-06", "types"]
    )


def test_frames_and_terms_are_measured_by_language(mixed, codebook):
    """Tables have rows of each language; those of a language hold its units, and all of both hold all."""
    shares = framing.frame_table(code_units(mixed, codebook), "source", resamples=100)
    every = shares[(shares["group"] == "all") & (shares["frame"] == "race")].set_index("language")
    assert every.loc["all", "units"] == every.loc["en", "units"] + every.loc["zh", "units"]
    found = find(mixed, term_sets(["中国", "China"], {}))
    rates = trends.group_table(found, group="source", resamples=100)
    every = rates[(rates["group"] == "all") & (rates["term"] == "中国")].set_index("language")
    assert (every.loc["en", "tokens"], every.loc["zh", "count"] > 0) == (0, True)
    assert every.loc["all", "tokens"] == every.loc["zh", "tokens"]


def test_differences_are_within_a_language(mixed, codebook):
    """A group is set against the rest of its own language, which the table names."""
    table = framing.difference_table(code_units(mixed, codebook), "source", resamples=100)
    other = dict(zip(table["group"], table["other"], strict=True))
    assert other["華語日報"] == "the rest (zh)"
    assert other["Qubax AI blog"] == "the rest (en)"


def test_comparing_two_languages_is_refused(mixed):
    """Two groups of different languages cannot be named as a comparison."""
    with pytest.raises(InputError, match="compare names two languages"):
        framing.group_names(mixed.corpus, "source", ["華語日報", "Qubax AI blog"])


def test_frame_without_rules_in_a_language_has_no_share_there(mixed, codebook):
    """A frame with English rules only has no units in Chinese texts, and that is said."""
    frames = term_sets(["race", "竞赛"], {})
    coding = code_units(mixed, Codebook("made", "", frames, {}, {}))
    shares = framing.frame_table(coding, "source", resamples=100).set_index(["frame", "group"])
    assert shares.loc[("race", "華語日報"), "units"].max() == 0
    assert np.isnan(shares.loc[("race", "華語日報"), "share"]).all()
    by_document = framing.frames_by_document(coding).set_index(["frame", "document"])
    assert by_document.loc[("竞赛", "zeng-2025"), "units"] == 0
    told = report_corpus.describe_rules_by_language(frames.values(), mixed.corpus, "frames")
    assert "No rule in zh (12 documents) for frames: race." in told


def test_languages_are_told(mixed, seeds):
    """What languages a corpus has is said, and that they are not compared."""
    told = report_corpus.describe_languages(mixed.corpus)
    assert told == (
        "Documents by language: en 5, zh 12. Words, rates and shares are compared within a language only."
    )
    assert report_corpus.describe_languages(seeds) == "Documents by language: en 5."


def test_scripts_that_are_not_segmented_are_told(corpus_of):
    """Japanese, Thai and Khmer are named with documents and letters; Chinese is not."""
    corpus = corpus_of("การแข่งขัน race", "日本の競争", "中美竞争", "ការប្រណាំង")
    told = report_corpus.describe_scripts(corpus)
    assert [line.split()[5] for line in told.splitlines()] == ["Japanese", "Khmer", "Thai"]


# --- figures -------------------------------------------------------------------------------------------------


def drawn(mixed, codebook):
    """The figures of rates and shares of the mixed corpus."""
    shares = framing.frame_table(code_units(mixed, codebook), "source", resamples=100)
    found = find(mixed, term_sets(["中国", "race"], codebook.terms))
    rates = trends.group_table(found, group="source", resamples=100)
    moving = trends.trend_table(found, group="source", period="year", resamples=100).table
    events = pd.DataFrame(columns=["date", "label", "description", "source"])
    yield frame_shares(shares, group="source", unit="sentence", confidence=0.95)
    yield term_rates_by_group(rates, group="source", confidence=0.95)
    yield term_rates(moving, events, period="year", confidence=0.95)


def test_figures_set_languages_apart(mixed, codebook):
    """Each panel of a figure is of one language, and its title names a language of which it speaks."""
    for drawing in drawn(mixed, codebook):
        column = "frame" if "frame" in drawing.data else "term"
        assert drawing.data[column].str.endswith((" (en)", " (zh)")).all()


@pytest.mark.slow
def test_chinese_in_figures_has_glyphs(mixed, codebook):
    """With the font of the extra every Chinese label is drawn, the same bytes every time."""
    pytest.importorskip("pylopdf_fonts_zh_cn")
    for first, again in zip(drawn(mixed, codebook), drawn(mixed, codebook), strict=True):
        for kind in ("png", "svg"):
            (bytes_, unseen), (same, _) = _rendered(first, kind), _rendered(again, kind)
            assert (unseen, bytes_ == same) == (0, True)
