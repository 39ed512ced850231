"""Audit: what each rule of a codebook finds in the corpus, and whether its examples hold."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import regex
from scipy import sparse

from analysis.corpus import read_corpus
from analysis.rules.codebook import Codebook, Example, RuleSet
from analysis.rules.evidence import Reading, read_each
from analysis.rules.matching import Matcher
from analysis.rules.negation import CountedMatches
from analysis.statistics import measures, uncertainty
from analysis.tables.framing import Coding
from analysis.tokens import Tokens, tokenize

_AUDIT = ["frame", "rule", "matches", "share", "documents", "top_document", "top_document_share"]
_AUDIT += ["dp", "sentence"]
_EXAMPLES = ["kind", "name", "rule", "where", "text", "expected", "found", "passes"]
_KINDS = {"frames": "frame", "actors": "actor", "terms": "term"}
_HAN = regex.compile(r"\p{Han}")


# --- the corpus -----------------------------------------------------------------------------------


def rule_counts(
    tokens: Tokens, codebook: Codebook, *, negation: int = 0, voice: str = "all"
) -> sparse.csr_array:
    """Matches of every rule of every frame (columns, in the order of the codebook) in each document;
    `negation` and `voice` as in `framing.code_units`."""
    sets = list(codebook.frames.values())
    first = np.cumsum([0, *(len(rules.rules) for rules in sets)])
    matcher = CountedMatches(tokens, replace(codebook, actors={}), negation, voice)
    parts = []
    for block, (rows, _) in tokens.each(matcher.matches):
        cells = (block.document_of[rows[:, 1]], first[rows[:, 0]] + rows[:, 3])
        shape = (block.n_documents, int(first[-1]))
        parts.append(sparse.csr_array((np.ones(len(rows), dtype=np.int64), cells), shape=shape))
    counts = sparse.vstack(parts).tocsr()
    counts.sum_duplicates()
    return counts


def rule_audit(
    coding: Coding, codebook: Codebook, *, random_seed: int = 0, **counted
) -> pd.DataFrame:
    """What each rule of each frame contributes: `rule_audit.csv`, by frame and matches.

    Columns: frame, rule (as written), matches, share (of its frame's matches), documents (that
    hold one), top_document and its share, dp (Gries 2008: 0 where a rule is distributed as the
    tokens are, near 1 where it is confined to a small part of them), sentence (one with a match,
    drawn at random of those kept for reading). Counts are complete (`counted` as in `rule_counts`);
    a rule that matches nothing has a row.
    """
    tokens = coding.tokens
    counts = rule_counts(tokens, codebook, **counted)
    totals = np.asarray(counts.sum(axis=0)).ravel()
    dp = np.full(len(totals), np.nan)
    dp[totals > 0] = measures.deviation_of_proportions(counts[:, totals > 0], tokens.document_sizes)
    names = [
        (number, frame, rule.text)
        for number, (frame, rules) in enumerate(codebook.frames.items())
        for rule in rules.rules
    ]
    table = pd.DataFrame(names, columns=["order", "frame", "rule"])
    table["matches"] = totals
    table["share"] = totals / table.groupby("frame")["matches"].transform("sum").replace(0, np.nan)
    by_rule = counts.tocsc()
    table["documents"] = np.diff(by_rule.indptr)
    ids = np.asarray(tokens.corpus.documents["id"].array[by_rule.argmax(axis=0)], dtype=object)
    table["top_document"] = np.where(totals > 0, ids, "")
    largest = by_rule.max(axis=0).toarray().ravel()
    table["top_document_share"] = largest / np.where(totals > 0, totals, np.nan)
    table["dp"] = dp
    sentences = _sampled_sentences(coding, random_seed)
    keys = zip(table["frame"], table["rule"], strict=True)
    table["sentence"] = [sentences.get(key, "") for key in keys]
    table = table.sort_values(["order", "matches"], ascending=[True, False], kind="stable")
    return table[_AUDIT].reset_index(drop=True)


def _sampled_sentences(coding: Coding, random_seed: int) -> dict[tuple[str, str], str]:
    """One sentence of each rule, drawn at random of the matches kept for reading."""
    kept = coding.found.kept
    order = uncertainty.generator(random_seed, "rule audit").permutation(len(kept))
    chosen = kept.iloc[order].drop_duplicates(["name", "rule"])

    def sentence(one: Reading) -> str:
        return " ".join(one.text[slice(*one.sentence)].split())

    texts = read_each(coding.tokens, chosen, sentence)
    names = zip(chosen["name"], chosen["rule"], strict=True)
    return dict(zip(names, texts, strict=True))


def leading_rules(audit: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """The rules with the most matches of each frame."""
    return audit[audit["matches"] > 0].groupby("frame", sort=False).head(most)


# --- examples -------------------------------------------------------------------------------------


def example_table(codebook: Codebook) -> pd.DataFrame:
    """Every example of a codebook, tried: kind, name, rule ('' for all of the set), where, text,
    expected ('match', 'no match'), found (the rules that match, ' | ' between them), passes.

    An example is found where any of its sentences holds a match that counts, so that the longest
    match and the exceptions apply. An example of one rule is tried on that rule alone.
    """
    cases = [
        (kind, one, example)
        for key, kind in _KINDS.items()
        for one in getattr(codebook, key).values()
        for example in one.examples
    ]
    if not cases:
        return pd.DataFrame(columns=_EXAMPLES)
    tokens = _tokens_of([example.text for *_, example in cases])
    found = _rules_found(tokens, [_rules_of(one, example) for _, one, example in cases])
    rows = [
        (
            kind,
            one.name,
            example.rule.text if example.rule else "",
            example.where,
            example.text,
            "match" if example.matches else "no match",
            " | ".join(rules),
            bool(rules) == example.matches,
        )
        for (kind, one, example), rules in zip(cases, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=_EXAMPLES)


def _rules_of(rules: RuleSet, example: Example) -> RuleSet:
    """What an example is tried on: its rule set, or its one rule with the set's exceptions."""
    return RuleSet(rules.name, (example.rule,), rules.exceptions) if example.rule else rules


def _tokens_of(texts: Sequence[str]) -> Tokens:
    """The tokens of some texts, a document each, in their order."""
    rows = [
        {"id": f"{n:06d}", "text": text, "language": "zh" if _HAN.search(text) else "en"}
        for n, text in enumerate(texts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "examples.jsonl"
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        file.write_text("\n".join(lines), encoding="utf-8")
        return tokenize(read_corpus(file))


def _rules_found(tokens: Tokens, sets: Sequence[RuleSet]) -> list[list[str]]:
    """The rules of the n-th set that match in the n-th document, in the order of the set."""
    unique = list(dict.fromkeys(sets))
    place = {rules: number for number, rules in enumerate(unique)}
    found: list[set[int]] = [set() for _ in sets]
    matcher = Matcher(tokens, unique)
    for block, rows in tokens.each(matcher.matches):
        documents = block.document_of[rows[:, 1]] + block.first_document
        for document, (owner, *_, rule) in zip(documents.tolist(), rows.tolist(), strict=True):
            if owner == place[sets[document]]:
                found[document].add(rule)
    return [
        [rules.rules[number].text for number in sorted(numbers)]
        for rules, numbers in zip(sets, found, strict=True)
    ]
