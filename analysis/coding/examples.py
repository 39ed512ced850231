"""Examples: texts of a codebook that its rules must find, and texts that they must not."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import regex

from analysis.corpus import read_corpus
from analysis.errors import shown
from analysis.rules.codebook import Codebook, Example, RuleSet
from analysis.rules.matching import Matcher
from analysis.tokens import Tokens, tokenize

_HAN = regex.compile(r"\p{Han}")
_KINDS = {"frames": "frame", "actors": "actor", "terms": "term"}
_COLUMNS = ["kind", "name", "rule", "where", "text", "expected", "found", "passes"]


def example_table(codebook: Codebook) -> pd.DataFrame:
    """Every example of a codebook, tried: kind, name, rule ('' for all of the set), where, text,
    expected ('match', 'no match'), found (the rules that match, ' | ' between them), passes.

    An example is found where any of its sentences holds a match that counts, so that the longest
    match and the exceptions have their say. An example of one rule is tried on that rule alone.
    """
    cases = [
        (kind, one, example)
        for key, kind in _KINDS.items()
        for one in getattr(codebook, key).values()
        for example in one.examples
    ]
    if not cases:
        return pd.DataFrame(columns=_COLUMNS)
    tokens = _tokens_of([example.text for *_, example in cases])
    found = _rules_found(tokens, [_tried(one, example) for _, one, example in cases])
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
    return pd.DataFrame(rows, columns=_COLUMNS)


def _tried(rules: RuleSet, example: Example) -> RuleSet:
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


def failures_told(examples: pd.DataFrame) -> list[str]:
    """A line for each example that fails: where, of what, and what was found in it."""
    lines = []
    for row in examples[~examples["passes"].astype(bool)].itertuples():
        who = f"{row.kind} {shown(row.name)}" + (f", rule {shown(row.rule)}" if row.rule else "")
        what = (
            "does not match, and should" if row.expected == "match" else "matches, and should not"
        )
        by = f" (by {shown(row.found)})" if row.found and not row.rule else ""
        lines.append(f"{row.where}: {who} {what}{by}: {shown(row.text, longest=160)}")
    return lines
