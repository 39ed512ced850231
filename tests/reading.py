"""What tests ask of tokens, as plain lists; texts made without a corpus."""

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from multiprocessing import parent_process
from pathlib import Path

import numpy as np

from analysis.language.words import TOKEN
from analysis.rules.codebook import RuleSet, parse_rule
from analysis.rules.evidence import evidence_table, find
from analysis.rules.matching import Matcher
from analysis.store.blocks import Job, _make_block
from analysis.store.texts import Texts, _Files
from analysis.tokens import Tokens


def rule_set(rules, exceptions=(), name: str = "set") -> RuleSet:
    """A rule set from the texts of its rules and exceptions."""
    return RuleSet(name, tuple(map(parse_rule, rules)), tuple(map(parse_rule, exceptions)))


def forms(tokens: Tokens) -> list[str]:
    """The normal form of every token."""
    vocabulary = tokens.vocabulary.to_pylist()
    return [vocabulary[n] for block in tokens.blocks() for n in block.forms[block.ids].tolist()]


def token_texts(tokens: Tokens) -> list[str]:
    """Every token as it stands in its text."""
    return [TOKEN.match(text, place).group() for text, place in token_places(tokens)]


def token_places(tokens: Tokens) -> Iterator[tuple[str, int]]:
    """Text of the document and first character of every token."""
    for block in tokens.blocks():
        starts = np.split(block.start, block.document_start[1:-1])
        for number, places in enumerate(starts, start=block.first_document):
            content = np.frombuffer(tokens.corpus.texts.content(number), np.uint8)
            character = np.cumsum((content & 0xC0) != 0x80) - 1
            text = tokens.corpus.texts[number]
            yield from ((text, place) for place in character[places].tolist())


def sentences(tokens: Tokens) -> list[str]:
    """Every sentence as it stands in its text."""
    return [
        tokens.corpus.texts.content(block.first_document + document)[first:last].decode()
        for block in tokens.blocks()
        for document, (first, last) in zip(
            block.sentence_document.tolist(), block.span.tolist(), strict=True
        )
    ]


def paragraphs(tokens: Tokens) -> list[int]:
    """The line that each sentence stands in."""
    return [line for block in tokens.blocks() for line in block.paragraph.tolist()]


def sentence_forms(tokens: Tokens) -> list[list[str]]:
    """The normal forms of each sentence."""
    every, found = iter(forms(tokens)), []
    for block in tokens.blocks():
        sizes = np.diff(block.sentence_start).tolist()
        found += [[next(every) for _ in range(size)] for size in sizes]
    return found


def matches(tokens: Tokens, rules: RuleSet) -> list[tuple[int, int, int]]:
    """First token, last token (through the corpus) and rule of every match."""
    matcher = Matcher(tokens, [rules])
    return [
        (first + block.first_token, last + block.first_token, rule)
        for block in tokens.blocks()
        for _, first, last, rule in matcher.matches(block).tolist()
    ]


def matched_texts(tokens: Tokens, sets) -> list[str]:
    """The text of every match, as readers are shown it."""
    return evidence_table(find(tokens, sets, keep=10**6), "sentence")["text"].tolist()


# --- blocks of texts that are no corpus ----------------------------------------------------------------


class Held(Texts):
    """Texts in memory, exactly as given."""

    def __init__(self, *texts: str):
        self.contents = [text.encode() for text in texts]
        sizes = np.array([len(content) for content in self.contents])
        begins = 2 * np.cumsum(sizes)  # none follows another
        self.spans = np.column_stack((begins, begins + sizes))
        self.checked = np.ones(len(texts), dtype=bool)
        self.files = _Files(Path("nowhere"), np.array([], dtype=np.int64))

    def content(self, number: int) -> bytes:
        return self.contents[number]


def block_of(*texts: str, languages=None, excluded=None) -> dict[str, np.ndarray]:
    """The arrays of one block of these texts."""
    n = len(texts)
    lines = {str(number): lines for number, lines in enumerate(excluded or ()) if lines}
    job = Job("", 0, n, languages or ["en"] * n, lines)
    return _make_block(Held(*texts), job)


def killed(texts: Texts, job: Job) -> dict[str, np.ndarray]:
    """The arrays of a block; a process that was started to make it is killed."""
    if parent_process():
        os.kill(os.getpid(), signal.SIGKILL)
    return _make_block(texts, job)


def read_block(block: dict[str, np.ndarray]) -> list[list[tuple]]:
    """A block as `naive.sentences` tells it: the sentences of each of its documents."""
    data, begins = block["forms_text"].tobytes(), block["forms_begin"].tolist()
    names = [data[a:b].decode() for a, b in pairwise(begins)]
    ends = block["start"] + block["size"]
    places = zip(block["start"].tolist(), ends.tolist(), block["ids"].tolist(), strict=True)
    tokens = [(start, end, names[n]) for start, end, n in places]
    found = [[] for _ in block["document_start"][1:]]
    bounds = zip(block["sentence_start"], block["sentence_start"][1:], strict=False)
    rows = zip(block["sentence_document"].tolist(), block["paragraph"].tolist(), block["span"].tolist(), bounds, strict=True)  # fmt: skip
    for document, line, span, (first, last) in rows:
        found[document].append((line, tuple(span), tokens[first:last]))
    return found
