"""Tokens: integer ids with offsets, sentences and documents, made once for every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import regex
import sentencex
from scipy import sparse

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.files import line_spans

APOSTROPHES = "'\u2019\u02bc\uff07"
WORD = r"[[\p{L}\p{M}\p{Nd}]--[\u02BC]]"
TOKEN = regex.compile(
    rf"(?V1)(?<!{WORD})\p{{L}}(?:\.\p{{L}})+(?!{WORD})\.?(?:[{APOSTROPHES}][sS](?!{WORD}))?"
    rf"|{WORD}+(?:[{APOSTROPHES}]{WORD}+)*"
)
CITATION = regex.compile(r"\([^()]*\)[.;,]?\s*")
FOUR_DIGITS = regex.compile(r"\d{4}")
FOOTNOTE = regex.compile(r"\d{1,2}\s+(?=(\p{Lu}\p{L}*))")
SPACE = regex.compile(r"[^\S ]")
LANGUAGE = regex.compile(r"[a-z]{2,3}")
SPACED_ELLIPSIS = regex.compile(r"\. \. \.\s*\Z")


@dataclass(frozen=True, eq=False)
class Tokens:
    """Every token of a corpus as an id, with the places of tokens, sentences and documents.

    `vocabulary` holds the case-keeping normal forms in code-point order, `ids` point into it.
    `start` and `end` are character offsets into the token's document. `document_start[d]` and
    `sentence_start[s]` are the first token of a document and a sentence (each one longer than the
    number of documents or sentences). A sentence without a token is no sentence. `sentence_span`
    holds each sentence's own character offsets, `paragraph` the number of its line from 1.
    """

    corpus: Corpus
    vocabulary: tuple[str, ...]
    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray
    document_start: np.ndarray
    sentence_start: np.ndarray
    sentence_document: np.ndarray
    sentence_span: np.ndarray
    paragraph: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_documents(self) -> int:
        return len(self.document_start) - 1

    @property
    def n_sentences(self) -> int:
        return len(self.sentence_document)

    @cached_property
    def document_sizes(self) -> np.ndarray:
        """Tokens of each document."""
        return np.diff(self.document_start)

    @cached_property
    def document_of(self) -> np.ndarray:
        """Document of each token."""
        return np.repeat(np.arange(self.n_documents), self.document_sizes)

    @cached_property
    def sentence_of(self) -> np.ndarray:
        """Sentence of each token."""
        return np.repeat(np.arange(self.n_sentences), np.diff(self.sentence_start))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types that are counted: normal forms folded to lower case (see `folded`), sorted."""
        return tuple(sorted({folded(form) for form in self.vocabulary}))

    @cached_property
    def type_ids(self) -> np.ndarray:
        """Type of each token, as its place in `types`."""
        place = {form: number for number, form in enumerate(self.types)}
        type_of = np.array([place[folded(form)] for form in self.vocabulary], dtype=np.int32)
        return type_of[self.ids]

    @cached_property
    def document_types(self) -> sparse.csr_array:
        """Counts of types (columns) in documents (rows)."""
        shape = (self.n_documents, len(self.types))
        ones = np.ones(len(self), dtype=np.int64)
        return sparse.coo_array((ones, (self.document_of, self.type_ids)), shape=shape).tocsr()

    @cached_property
    def postings(self) -> tuple[np.ndarray, np.ndarray]:
        """Token positions in the order of their ids, and where each id's positions begin."""
        order = np.argsort(self.ids, kind="stable")
        begins = np.searchsorted(self.ids[order], np.arange(len(self.vocabulary) + 1))
        return order, begins

    def sentence_text(self, sentence: int) -> str:
        """The sentence as it stands in its document."""
        start, end = self.sentence_span[sentence]
        return self.corpus.texts[self.sentence_document[sentence]][start:end]


def normal_form(token: str) -> str:
    """A token with a plain apostrophe, without possessive 's, a dotted abbreviation joined.

    >>> [normal_form(token) for token in ("China’s", "U.S.", "don’t", "O’Hanlon")]
    ['China', 'US', "don't", "O'Hanlon"]
    """
    for mark in APOSTROPHES[1:]:
        token = token.replace(mark, "'")
    if len(token) > 2 and token[-2:] in ("'s", "'S"):
        token = token[:-2]
    return token.replace(".", "")


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """The project's own function words of a language, none where it has no list."""
    file = Path(__file__).parent / "stopwords" / f"{language}.txt"
    if not language.isalpha() or not file.exists():
        return frozenset()
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def folded(form: str) -> str:
    """The type a normal form is counted under: lower case, but `US`, `IT`, `WHO` stay apart.

    A form all in capitals that would become a function word keeps its capitals.

    >>> [folded(form) for form in ("China", "AI", "US", "us")]
    ['china', 'ai', 'US', 'us']
    """
    lower = form.lower()
    if len(form) > 1 and form.isupper() and lower in stop_words():
        return form
    return lower


def is_stop_word(form: str) -> bool:
    """Whether a type is a function word, a lone letter, a number or a cited year (`2024b`)."""
    number = form.isdecimal() or (len(form) == 5 and form[:4].isdecimal())
    return number or len(form) == 1 or form in stop_words()


def pieces(line: str, language: str) -> list[str]:
    """The line cut by sentencex; put together again the pieces are the line.

    sentencex is given plain spaces only, as some others stop it; should a line stop it all the
    same, the line stays whole.
    """
    plain = SPACE.sub(" ", line)
    try:
        cut = list(sentencex.segment(language if LANGUAGE.fullmatch(language) else "en", plain))
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        cut = []
    return cut if "".join(cut) == plain else [plain]


def sentence_spans(line: str, language: str) -> list[tuple[int, int]]:
    """Start and end of each sentence in one line of text, white space at its ends left out.

    sentencex finds the boundaries; four cases are then mended: a citation in parentheses stays
    with its sentence, a footnote number (before a function word: `2 While`, not `12 Chinese firms`)
    belongs to no sentence's text, a piece without a letter
    is no sentence, and a spaced ellipsis does not end one.

    >>> sentence_spans("It blurs warfare. 2 While this holds. (CAC, 2023)", "en")
    [(0, 17), (20, 49)]
    """
    spans: list[tuple[int, int]] = []
    place = 0
    for piece in pieces(line, language):
        start, place = place, place + len(piece)
        if not spans:
            spans.append((start, place))
            continue
        previous = line[spans[-1][0] : start]
        cited = CITATION.fullmatch(piece) and FOUR_DIGITS.search(piece)
        if cited or SPACED_ELLIPSIS.search(previous):
            spans[-1] = (spans[-1][0], place)
        elif regex.search(r"\p{L}", piece):
            note = FOOTNOTE.match(piece)
            note = note if note and note[1].lower() in stop_words() else None
            spans.append((start + note.end() if note else start, place))
    return [trimmed(line, start, end) for start, end in spans]


def trimmed(line: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    piece = line[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


@dataclass(frozen=True)
class Sentence:
    """A sentence of one document: its span, its line from 1, and the spans of its tokens."""

    span: tuple[int, int]
    paragraph: int
    tokens: list[tuple[str, int, int]]


def sentences(text: str, language: str, excluded: frozenset[int] = frozenset()) -> Iterator:
    """Sentences of a text that hold a token, line by line, `excluded` line numbers left out.

    Every token of a line belongs to a sentence: one between two sentences (the number of a
    footnote) to the one before it.
    """
    for number, (start, end) in enumerate(line_spans(text), start=1):
        line = text[start:end]
        if number in excluded or not line.strip():
            continue
        spans = sentence_spans(line, language)
        found = [(m.group(), start + m.start(), start + m.end()) for m in TOKEN.finditer(line)]
        limits = [start + later for later, _ in spans[1:]] + [end + 1]
        first = 0
        for span, limit in zip(spans, limits, strict=True):
            last = first
            while last < len(found) and found[last][1] < limit:
                last += 1
            if last > first:
                yield Sentence((start + span[0], start + span[1]), number, found[first:last])
            first = last


def tokenize(corpus: Corpus) -> Tokens:
    """The tokens of every line of the corpus that is not excluded."""
    excluded = corpus.excluded.groupby("document")["line"].agg(frozenset).to_dict()
    forms: dict[str, int] = {}
    form_of: dict[str, int] = {}
    ids, starts, ends = [], [], []
    document_start, sentence_start, sentence_document, spans, paragraphs = ([], [], [], [], [])
    rows = zip(corpus.documents["id"], corpus.documents["language"], corpus.texts, strict=True)
    for number, (document, language, text) in enumerate(rows):
        document_start.append(len(ids))
        for sentence in sentences(text, language, excluded.get(document, frozenset())):
            sentence_start.append(len(ids))
            sentence_document.append(number)
            spans.append(sentence.span)
            paragraphs.append(sentence.paragraph)
            for token, start, end in sentence.tokens:
                if token not in form_of:
                    form_of[token] = forms.setdefault(normal_form(token), len(forms))
                ids.append(form_of[token])
                starts.append(start)
                ends.append(end)
    if not ids:
        raise InputError("no line that is kept holds a letter or a digit", where=corpus.name)
    vocabulary = tuple(sorted(forms))
    rank = np.empty(len(forms), dtype=np.int32)
    for place, form in enumerate(vocabulary):
        rank[forms[form]] = place
    return Tokens(
        corpus=corpus,
        vocabulary=vocabulary,
        ids=rank[np.array(ids, dtype=np.int64)] if ids else np.empty(0, dtype=np.int32),
        start=np.array(starts, dtype=np.int64),
        end=np.array(ends, dtype=np.int64),
        document_start=np.array([*document_start, len(ids)], dtype=np.int64),
        sentence_start=np.array([*sentence_start, len(ids)], dtype=np.int64),
        sentence_document=np.array(sentence_document, dtype=np.int64),
        sentence_span=np.array(spans, dtype=np.int64).reshape(-1, 2),
        paragraph=np.array(paragraphs, dtype=np.int64),
    )
