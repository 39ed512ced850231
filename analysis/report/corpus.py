"""A corpus in words: its languages and scripts, its vocabulary, what tables list, what it is."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.corpus import NO_VALUE, Corpus
from analysis.errors import shown_lines
from analysis.rules.codebook import RuleSet
from analysis.tables.overview import (
    MAX_PAIRS,
    MIN_TOGETHER,
    content_words,
    in_every_document,
    unsegmented_scripts,
)
from analysis.tokens import Tokens

_MAX_NAMED = 20


def describe_languages(corpus: Corpus) -> str:
    """The languages of the documents, and what is compared."""
    strata = corpus.strata
    counts = ", ".join(f"{code or 'not declared'} {int(inside.sum())}" for code, inside in strata)
    text = f"Documents by language: {counts}."
    if len(strata) > 1:
        text += " Words, rates and shares are compared within a language only."
    return shown_lines(text)


def describe_scripts(corpus: Corpus) -> str:
    """The scripts that put no spaces between words and are not segmented, '' for none."""
    return "\n".join(
        f"NOT SEGMENTED: {letters:,} letters of {script} in {documents} documents: this script puts no "
        "spaces between words, so what is counted as one of its tokens is not a word."
        for script, (documents, letters) in unsegmented_scripts(corpus).items()
    )


def describe_rules_by_language(sets: Iterable[RuleSet], corpus: Corpus, what: str) -> str:
    """The languages of the corpus in which rule sets have no rule, or that there are none."""
    lines = []
    for code, inside in corpus.strata:
        without = [rules.name for rules in sets if not rules.has_rules_in(code)]
        if without:
            more = " and more" if len(without) > _MAX_NAMED else ""
            names = ", ".join(without[:_MAX_NAMED]) + more
            documents = f"{code or 'the language'} ({int(inside.sum())} documents)"
            lines.append(f"No rule in {documents} for {what}: {names}.")
    nothing = f"Every one of the {what} has rules in every language."
    return shown_lines("\n".join(lines)) or nothing


def describe_vocabulary(tokens: Tokens, shown: int) -> str:
    """How many words there are, and how many a table of the most frequent ones leaves out."""
    total = len(tokens.types)
    rest = f"; the {shown:,} most frequent are listed" if shown < total else ", all listed"
    return f"{total:,} different words{rest}."


def describe_collocations(pairs: pd.DataFrame) -> str:
    """How many pairs are listed, and whether there are more."""
    listed = f"{len(pairs):,} pairs are listed"
    if len(pairs) < MAX_PAIRS:
        return (
            f"{listed}: all that occur together {MIN_TOGETHER} times and more often than expected."
        )
    return f"{listed}, those with the highest G²."


def describe_drawn(table: pd.DataFrame, tokens: Tokens) -> str:
    """Of how many documents a table has a row."""
    if len(table) == tokens.n_documents:
        return "Every document is in the table."
    return f"{len(table):,} of {tokens.n_documents:,} documents are in the table, drawn at random."


def describe_shared_words(vocabulary: pd.DataFrame, n_documents: int, *, most: int = 30) -> str:
    """The content words in every document (of their language), or that there are none."""
    words = in_every_document(vocabulary, n_documents)["token"]
    every = "every document" + (" of their language" if "language" in vocabulary else "")
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    listed = ", ".join(words.head(most)) or "none"
    return shown_lines(f"Content words in {every}: {listed}{more}")


def describe_corpus(
    tokens: Tokens, group: str, vocabulary: pd.DataFrame, collocations: pd.DataFrame
) -> str:
    """What the corpus is, in three sentences made of its numbers."""
    corpus, longest = tokens.corpus, tokens.document_sizes.max() / max(len(tokens), 1)
    words = ", ".join(content_words(vocabulary)["token"].head(8))
    pairs = ", ".join(collocations["collocation"].head(4)) or "none"
    groups = corpus.groups(group)
    named = groups[groups != NO_VALUE]
    without = len(groups) - len(named)
    values = f"{named.nunique()} values of {group}"
    values += f", {without:,} documents without one" if without else ""
    return shown_lines(
        f"{len(corpus)} documents ({values}) hold "
        f"{len(tokens):,} tokens in {tokens.n_sentences:,} sentences; "
        f"{len(corpus.excluded)} lines were left out.\n"
        f"The longest document holds {longest:.0%} of the tokens.\n"
        f"Most frequent content words: {words}. Strongest pairs: {pairs}."
    )
