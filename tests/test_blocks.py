"""The fast path against the slow one: what bytes are cut into, and what no cutting may change."""

import os
import random
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pandas as pd
import pytest
import reading
import sentencex
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import analysis.tokens
from analysis.rules.codebook import Codebook, term_sets
from analysis.rules.evidence import concordance, evidence_table, find
from analysis.rules.voices import Voices
from analysis.store import blocks
from analysis.store.cache import drop
from analysis.tables.framing import code_units, frame_table, keyness_table
from analysis.tables.overview import (
    collocation_table,
    growth_table,
    overlap_table,
    vocabulary_table,
)
from analysis.tables.trends import group_table

ROOT = Path(__file__).parent.parent
PIECES = """The race|We|is on|China|US|A|b|é|É|1|4.0|12 Chinese |2 While |e\u0301|x\u0323y|\u0301|हिन्दी। |人工|智能。|！
U.S.|U.S.’s|U.S.'s|U.S. |e.g. |J.K.Rowling|end.Next|Mr. |St. |’s|'s|'|’|ʼ|＇|‘|“|”|"|„|«|»|😀|👩\u200d💻|👍🏽|٣٤|१|²|Ⅳ
大语言模型|中美|竞争|。”|，|印度尼西亞|軟體|AI大模型|競賽2024年|人工知能の|〇々|。|？|！
(|)|[|]|(CAC, 2023)| (Li 2024b).|. . .|. . . |…|. |? |! |.|..|,|-|–|—|_|&|<b>|\u00ad|\ufeff|\u200b|\x7f|\ue000|\U0010ffff"""
BLANKS = [" ", "  ", "\t", "\x1f", "\xa0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"]
NEWLINES = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
HOSTILE = [*PIECES.replace("\n", "|").split("|"), *BLANKS, *NEWLINES, "\0", "\n\n"]
ANY = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=20)
TEXT = st.one_of(st.lists(st.sampled_from(HOSTILE), max_size=14).map("".join), ANY)
DOCUMENT = st.tuples(
    TEXT,
    st.sampled_from(["en", "zh", "zh-Hant", "hi", "de", "", "zz"]),
    st.sets(st.integers(1, 4), max_size=2),
)
SETTINGS = settings(
    max_examples=400, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


# --- against the slow reader -------------------------------------------------------------------------


def fast(documents) -> list[list[tuple]]:
    texts, languages, excluded = zip(*documents, strict=True)
    lines = [sorted(numbers) for numbers in excluded]
    return reading.read_block(reading.block_of(*texts, languages=languages, excluded=lines))


def slow(documents) -> list[list[tuple]]:
    return [
        [tuple(sentence) for sentence in naive.sentences(text, language, tuple(excluded))]
        for text, language, excluded in documents
    ]


@SETTINGS
@given(st.lists(DOCUMENT, min_size=1, max_size=4))
@example([("\u2003The race.", "en", set())])
@example([("²", "en", set())])
@example([("We.\r", "en", set()), ("", "en", set()), ("\nWe.", "en", set())])
@example([("“We go.\nNo.” (Li, 2023)\nYes.", "en", set())])
def test_a_block_is_read_as_line_by_line(documents):
    """Forms, first and last bytes, sentences, spans, lines and documents of hostile texts are NLTK's, and
    those of the splitter given each line by itself."""
    assert fast(documents) == slow(documents)


FULL_LINE = st.sampled_from(
    [
        "the delegates in the old harbour hall spoke of",
        "  Artificial intelligence as though it were inter-",
        "national weather. Nobody in the room could say  ",
        "– who had first used (the word) “U.S. law” é in a",
        "12 of them, e.g. the two ministers, spoke of self-",
        "- reliance and the race. “We go,” it said, and the",
        "双方都说竞争已经开始并且不会很快结束。港口的人工",
        "智能会改变海上的安全形势。渔民AI几乎没有注意到两",
        "minister.",
        "The harbour (CAC, 2023)",
        "",
    ]
)
WRAPPED = st.lists(FULL_LINE, min_size=4, max_size=9)


@SETTINGS
@given(
    st.lists(WRAPPED, min_size=1, max_size=3),
    st.sampled_from(NEWLINES),
    st.sampled_from(["en", "zh", "de"]),
    st.sets(st.integers(1, 9), max_size=1),
)
def test_hard_wrapped_lines_are_read_as_one(texts, newline, language, excluded):
    """Lines that are joined are read as the slow reader reads them as one, offsets as given."""
    texts = [newline.join(lines) for lines in texts]
    documents = [(text, language, excluded) for text in texts]
    assert fast(documents) == slow(documents)


PROSE = """We|State|leads|China|US|I|it|Mr|Dr|St|Prof|No|no|etc|Jan|Inc|vs|al|e.g|3.14|50%|café|users’|don't
“We go on and on”|(see the other page)|‘it is so’"""
ODD = """A|Ph|a.b|12|Élan|“Why? No. We go”|“No”|“|”|‘|(He left. They came.)|(a)|(|)|—|:|;|"We go."|[1]
(CAC, 2023)|(in 2024)|(see 6.)|(AI)|(is a)|(go ii)|6 in|5 ft|2024|law|the|• Big|• small|•|“a ‘b’ c”|“a (b. C) d”|v2.0|mild)
"|"We. Go"|("No")|U.S|the U.K|#ai|#Mr|·|£5|(ii)|(xxxviii)|(civil)|(12)|Yahoo|‘the|‘No. Go’|companies’|“(so)”|Qa “b|c” d"""
SETTLED = """The race is on. it goes on.|The law of 2024. But we go.|The gap is (e.g. the law) here. We go.
The gap (of 4.0 and more) is wide.|We say “No. We go on” and go. It is so.|• Big gap. But small law. the end
  They all go. No one stays. |The list: • Big gap • Small gap. Then all.|The law (Li 2024) is it. So (Wu 2023). We go.
AI leads (the PRC). It is in v2.0 now. We go.|“We go.” Then we go. “No one stays” is it.
“We go,” it says. “No.” it says.|"We go." Then "No one" stays. "We go." is it.|The law’. We go. The “law”. We go.
The U.S. and the U.K. officials go. We go.|It is so. (CAC, 2023) We go on.|We go . . . on and on. It is so.
We see (LLMs) Here. We see (12) here. We go.|#ai#china We go. #ai is it.|News·4 minutes. It is £5 now. We go.
The ‘law of U.S. power. It is’ so. We go.|It is • small things. We go.|• Big “gap” here. It is so. • Small gap"""
ENDS = [*[" "] * 6, *[". "] * 6, "! ", "? "]
ODD_ENDS = [
    " ",
    ". ",
    ".",
    ".  ",
    "?!",
    ".) ",
    ") ",
    ". (",
    ". “",
    ". ‘",
    ".” ",
    ". — ",
    "... ",
    " . ",
    '." ',
    '". ',
    ' "',
    "’. ",
    ".’ ",
    " . . . ",
    ". #",
    ". • ",
    ".”, ",
]
MISTAKEN = [
    'The law. "is it.” We go.',
    "The 12. #Mr. don't “‘It é’”, ",
    '• The iv "12 It. ". (“In No x1,”) the It? ',
    '• In China "al don’t US. " US 12 ',
    "No China (“US iv”)Yahoo. in companies’ vs ",
    "No? etc ",
    "The law (xxxviii) No. So (xxxvii) No. It is so.",
    "xxviii. The law. It is so ix) No one. We go.",
]
"""Lines that an earlier version cut wrongly."""


def lines_of(words: str, ends: list[str]) -> st.SearchStrategy[str]:
    """Lines of words with something after each."""
    pairs = st.tuples(st.sampled_from(words.replace("\n", "|").split("|")), st.sampled_from(ends))
    return st.lists(pairs, max_size=7).map(lambda some: "The " + "".join(map("".join, some)))


LINE = st.one_of(lines_of(PROSE, ENDS), lines_of(f"{PROSE}|{ODD}", [*ENDS, *ODD_ENDS]))


@SETTINGS
@given(st.lists(LINE, min_size=1, max_size=8), st.sampled_from(["en", "", "zz"]))
def test_plain_prose_is_read_as_line_by_line(lines, language):
    """The sentences of ordinary English are those of the splitter given each line by itself."""
    documents = [("\n".join(lines), language, ())]
    assert fast(documents) == slow(documents)


@pytest.mark.parametrize("line", [*MISTAKEN, *SETTLED.replace("\n", "|").split("|")])
def test_these_lines_are_read_as_the_splitter_does(line):
    """Stops before small letters and numbers, in brackets, quotations and lists, and at the ends."""
    assert fast([(line, "en", ())]) == slow([(line, "en", ())])


@pytest.mark.parametrize("newline", NEWLINES)
def test_a_document_ends_where_the_next_begins(newline):
    """A newline of any kind at the end of a text takes nothing from the text after it."""
    documents = [(f"One{newline}", "en", ()), ("", "en", ()), (f"{newline}Two{newline}", "en", ())]
    assert [[line for line, *_ in found] for found in fast(documents)] == [[1], [], [2]]


def test_an_excluded_line_leaves_no_form():
    """The forms of a block are those of the lines that are kept."""
    block = reading.block_of("race\ngap\nrace", excluded=[[2]])
    assert block["forms_text"].tobytes() == b"race"


def test_the_five_texts_are_read_as_line_by_line(seeds):
    """The five texts at once, their excluded lines left out, as each line by itself."""
    lines = seeds.excluded.groupby("document")["line"].agg(set).to_dict()
    columns = zip(seeds.texts, seeds.documents["language"], seeds.documents["id"], strict=True)
    documents = [(text, language, lines.get(name, set())) for text, language, name in columns]
    assert fast(documents) == slow(documents)


class PanicException(BaseException):
    """What sentencex raises where it fails."""


def test_a_line_that_stops_the_splitter_stays_whole(monkeypatch):
    """Where the splitter fails on a line, the others are still split."""
    split = sentencex.segment

    def failing(language: str, line: str) -> list[str]:
        if line.startswith("One"):
            raise PanicException
        return split(language, line)

    monkeypatch.setattr(sentencex, "segment", failing)
    (found,) = reading.read_block(reading.block_of("One. Two (a).\nThree. Four (a)."))
    assert [line for line, *_ in found] == [1, 2, 2]


# --- what may not matter -----------------------------------------------------------------------------

WORDS = ["race", "Race", "gap", "US", "us", "China’s", "arms race", "self-reliance", "café", "2023"]
SETS = term_sets(["race", "arms race", "US", "ga*", "us ~2 race", "café"], {})
BOOK = Codebook("made", "", SETS, term_sets(["China", "us"], {}), {})
SOME, EACH = (150, 600), (0, 1)
"""Bytes of a block: some documents, or one."""


def rows() -> list[dict]:
    """61 documents of one to four sentences, two of them alike, three without a word."""
    rng = random.Random(7)
    texts = [
        " ".join(" ".join(rng.choices(WORDS, k=rng.randint(2, 7))) + "." for _ in range(n % 4 + 1))
        for n in range(57)
    ]
    texts = [*texts[:19], "…", *texts[19:38], "²", *texts[38:56], texts[0], "", texts[1]]
    return [
        {"id": f"d{n:02}", "text": text, "source": "AB"[n % 2], "date": f"20{10 + n % 7}"}
        for n, text in enumerate(texts)
    ]


def results(tokens) -> dict[str, pd.DataFrame]:
    """The tables that a notebook makes of tokens."""
    found = find(tokens, SETS, keep=5, random_seed=3)
    coding = code_units(tokens, BOOK, keep=5, random_seed=3)
    return {
        "vocabulary": vocabulary_table(tokens),
        "collocations": collocation_table(tokens, fewest=2),
        "growth": growth_table(tokens),
        "overlap": overlap_table(tokens),
        "keyness": keyness_table(tokens, "source", prior=50),
        "counts": pd.DataFrame(found.counts.toarray(), columns=found.names),
        "sentences": pd.DataFrame(found.n_sentences),
        "rules": pd.concat(found.rule_counts),
        "rates": group_table(found, group="source", resamples=100),
        "evidence": evidence_table(found, "sentence"),
        "frames": frame_table(coding, "source", resamples=100),
        "actors": pd.DataFrame(coding.together),
    }


def assert_same(there: dict, back: dict) -> None:
    for name, table in there.items():
        compare = pd.testing.assert_frame_equal if isinstance(table, pd.DataFrame) else pd.testing.assert_series_equal  # fmt: skip
        compare(table, back[name], obj=name)


def ends_one_by_one(sizes: list[int], stretch: int) -> list[int]:
    """Where blocks end, document by document: where the next one begins in another stretch."""
    begins = [sum(sizes[:n]) // stretch for n in range(len(sizes))]
    changes = [n for n in range(1, len(sizes)) if begins[n] != begins[n - 1]]
    return [*changes, len(sizes)]


@SETTINGS
@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.sampled_from([1, 50, 600, 10**6]))
def test_blocks_end_where_a_plain_loop_ends_them(sizes, stretch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis.tokens, "_BLOCK_BYTES", stretch)
        ends = analysis.tokens._block_ends(np.array(sizes))
    assert ends == ends_one_by_one(sizes, stretch)


def test_documents_added_at_the_end_change_only_the_last_block():
    """All blocks but the last are those of before."""
    sizes = np.full(200_000, 3800)
    before = analysis.tokens._block_ends(sizes)
    after = analysis.tokens._block_ends(np.append(sizes, [3800] * 3000))
    assert len(before) > 100
    assert after[: len(before) - 1] == before[:-1]


def test_a_store_that_was_made_is_opened_without_a_look_at_its_documents(in_blocks, monkeypatch):
    corpus = in_blocks(rows()).corpus
    monkeypatch.setattr(analysis.tokens, "_jobs_of", lambda *_: pytest.fail("was looked at"))
    assert len(analysis.tokenize(corpus)) > 0


@pytest.mark.parametrize("cut", [SOME, EACH], ids=["some", "one a document"])
def test_the_size_of_blocks_is_irrelevant(in_blocks, cut):
    """Tables, counts and samples are the same in one block, in a handful and in one a document."""
    whole, cut_up = in_blocks(rows()), in_blocks(rows(), cut)
    assert (len(whole.keys), len(cut_up.keys) > 5) == (1, True)
    assert reading.sentence_forms(whole) == reading.sentence_forms(cut_up)
    assert_same(results(whole), results(cut_up))


def test_the_concordance_holds_every_match(in_blocks):
    """The lines are the same in one block and in a handful, and none is left out."""
    whole, cut_up, rules = in_blocks(rows()), in_blocks(rows(), SOME), SETS["race"]
    one, other = (concordance(tokens, rules, width=9) for tokens in (whole, cut_up))
    pd.testing.assert_frame_equal(one, other)
    assert len(one) == find(cut_up, {"race": rules}, keep=0).totals.sum()


def test_the_order_of_rows_in_the_file_is_irrelevant(in_blocks):
    """A file read from its last row to its first gives the same tables, counts and samples."""
    assert_same(results(in_blocks(rows())), results(in_blocks(rows()[::-1])))


@pytest.mark.parametrize("workers", ["1", "3"])
def test_the_number_of_processes_is_irrelevant(in_blocks, monkeypatch, tmp_path, workers):
    """One process or three, each with a cache of its own: the same tables."""
    expected = results(in_blocks(rows(), SOME))
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WORKBOOK_WORKERS", workers)
    monkeypatch.setattr(blocks, "WORTH_A_PROCESS", 0)
    assert_same(expected, results(in_blocks(rows(), SOME)))


def test_processes_make_every_block(in_blocks, monkeypatch, tmp_path):
    """With three processes this one makes no block itself."""
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WORKBOOK_WORKERS", "3")
    monkeypatch.setattr(blocks, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(blocks, "save", lambda *_: pytest.fail("was made here"))
    assert len(in_blocks(rows(), SOME).keys) > 5


def test_what_a_killed_process_leaves_undone_is_made_here(in_blocks, monkeypatch):
    """A process that is killed costs nothing but time, and no block is lost or broken."""
    corpus = in_blocks(rows(), SOME).corpus
    jobs = in_blocks(rows(), SOME).jobs
    before = [dict(zip(("ids", "start"), map(bytes, (block["ids"], block["start"])), strict=True)) for block in blocks.make_blocks(corpus, jobs)]  # fmt: skip
    for job in jobs:
        drop("blocks", job.key)
    monkeypatch.setenv("WORKBOOK_WORKERS", "2")
    monkeypatch.setattr(blocks, "WORTH_A_PROCESS", 0)
    made = blocks.per_block(corpus, jobs, "blocks", lambda job: job.key, reading.killed)
    assert [{name: bytes(block[name]) for name in ("ids", "start")} for block in made] == before


def test_processes_do_not_run_the_users_script(tmp_path):
    """A script without a main guard is run once, however many processes make blocks."""
    (tmp_path / "a.txt").write_text("We race. You lead.\n" * 30, encoding="utf-8")
    (tmp_path / "b.txt").write_text("They race.\n" * 30, encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(
        "import analysis\nimport analysis.tokens\nfrom analysis.store import blocks\n"
        "print('started')\nblocks.WORTH_A_PROCESS, analysis.tokens._BLOCK_BYTES = 0, 1\n"
        f"print(len(analysis.tokenize(analysis.read_corpus({str(tmp_path)!r}))))\n",
        encoding="utf-8",
    )
    places = {"WORKBOOK_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True,
        env={**os.environ, **places, "WORKBOOK_WORKERS": "2"},
    )  # fmt: skip
    assert done.stdout.split() == ["started", "180"]


def test_a_block_is_made_without_pandas():
    """A process that makes blocks need not wait for pandas, which pyarrow imports for lists."""
    code = (
        "import sys; import numpy as np; from analysis.store.blocks import Job, _make_block\n"
        "text = 'US–China’s race. We go on. “Yes. No.” (CAC, 2023) 2 While e.g. U.S.’s\\n'.encode()\n"
        "class Texts: gathered = lambda self, numbers: (text, np.array([0, len(text)]))\n"
        "made = _make_block(Texts(), Job('', 0, 1, ['en'], {}))\n"
        "print(len(made['ids']), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["14", "False"]


def test_voices_of_a_part_are_those_of_a_corpus_of_its_own(in_blocks):
    """Blocks without some of their documents are heard as they are cut."""
    told = [row | {"text": f"Xi said that {row['text']}"} for row in rows()]
    part = analysis.tokens.part_of(in_blocks(told, SOME), np.arange(len(told)) % 3 > 0)
    own = in_blocks([row for n, row in enumerate(told) if n % 3 > 0])
    one, other = ([Voices(tokens).of(block) for block in tokens.blocks()] for tokens in (part, own))
    assert len(one) > len(other)
    assert np.array_equal(np.concatenate(one), np.concatenate(other))


def test_blocks_join_into_the_corpus(in_blocks):
    """First documents, tokens and sentences of the blocks follow each other without a gap."""
    tokens = in_blocks(rows(), SOME)
    documents = first = sentences = 0
    for block in tokens.blocks():
        starts = (block.first_document, block.first_token, block.first_sentence)
        assert starts == (documents, first, sentences)
        documents, first = documents + block.n_documents, first + len(block.ids)
        sentences += block.n_sentences
    assert (documents, first, sentences) == (len(tokens.corpus), len(tokens), tokens.n_sentences)
    assert np.array_equal(np.diff(tokens.document_start), tokens.document_sizes)
