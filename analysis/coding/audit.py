"""Audit: what each rule of a codebook contributes, over the whole corpus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.rules.codebook import Codebook
from analysis.rules.evidence import Reading, read_each
from analysis.rules.negation import CountedMatches
from analysis.statistics import measures, uncertainty
from analysis.tables.framing import Coding
from analysis.tokens import Tokens

_COLUMNS = ["frame", "rule", "matches", "share", "documents", "top_document", "top_document_share"]
_COLUMNS += ["dp", "sentence"]


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
    hold one), top_document and its share, dp (Gries 2008: 0 where a rule is spread as the tokens
    are, near 1 where it sits in a small part of them; `counted` as in `rule_counts`), sentence (one with a match, drawn at random
    of those kept for reading). Counts are complete; a rule that matches nothing has a row.
    """
    tokens = coding.tokens
    counts = rule_counts(tokens, codebook, **counted)
    totals = np.asarray(counts.sum(axis=0)).ravel()
    dp = np.full(len(totals), np.nan)
    dp[totals > 0] = measures.deviation_of_proportions(counts[:, totals > 0], tokens.document_sizes)
    by_rule = counts.tocsc()
    ids = tokens.corpus.documents["id"].array
    sentences = _sampled_sentences(coding, random_seed)
    rows, number = [], 0
    for frame, rules in codebook.frames.items():
        whole = int(totals[number : number + len(rules.rules)].sum())
        for rule in rules.rules:
            cells = slice(*by_rule.indptr[number : number + 2])
            where, held = by_rule.indices[cells], by_rule.data[cells]
            top = (
                (ids[where[held.argmax()]], held.max() / held.sum()) if len(held) else ("", np.nan)
            )
            share = totals[number] / whole if whole else np.nan
            told = (len(held), *top, dp[number], sentences.get((frame, rule.text), ""))
            rows.append((frame, rule.text, int(totals[number]), share, *told))
            number += 1
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table["rank"] = table["frame"].map({name: n for n, name in enumerate(codebook.frames)})
    order = table.sort_values(["rank", "matches"], ascending=[True, False], kind="stable")
    return order.drop(columns="rank").reset_index(drop=True)


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


def audit_told(audit: pd.DataFrame) -> str:
    """How many rules match at all, and how few bring half of the matches of each frame."""
    used = audit[audit["matches"] > 0]
    lines = [f"{len(used):,} of {len(audit):,} rules match in this corpus."]
    for frame, part in used.groupby("frame", sort=False):
        few = int(np.searchsorted(part["share"].cumsum().to_numpy(), 0.5 - 1e-9)) + 1
        lines.append(f"{frame}: {len(part)} rules match, {few} bring half of its matches.")
    return "\n".join(lines)
