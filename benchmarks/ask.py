"""Questions to the token store: asked in a session (`serve`) or once, by a new process (`once`).

`python -m benchmarks.ask serve FILE` reads the name of a question from each line of standard
input and answers with a line of JSON: seconds, and what came out. `once NAME FILE` asks one.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cached_property
from pathlib import Path

import numpy as np

TERMS = (
    "china", "chatgpt", "security", "race", "regulat*", "start", "gap*", "talent", "chip*", "data",
    "military", "innovation", "market*", "model*", "investment", "leader*", "risk*", "power*",
    "global", "domestic",
)  # fmt: skip
KEYWORD = "china"


def frame_rules(book) -> dict[str, list[str]]:
    """Twelve frames of thirty rules each, from a codebook: lower case, no gaps, none twice."""
    rules = dict.fromkeys(
        " ".join(rule.words)
        for frame in book.frames.values()
        for rule in frame.rules
        if not any(rule.gaps) and all(word == word.lower() for word in rule.words)
    )
    rules = [rule for rule in rules if "'" not in rule]
    return {f"frame{n:02d}": rules[n::12][:30] for n in range(12)}


class Session:
    """The store of a corpus, and the questions that can be put to it."""

    def __init__(self, file: str):
        from analysis.corpus import read_corpus
        from analysis.rules.codebook import term_sets
        from analysis.tokens import tokenize

        self.corpus = read_corpus(file)
        self.tokens = tokenize(self.corpus)
        self.terms = term_sets(TERMS, {})
        self.keyword = term_sets([KEYWORD], {})

    @cached_property
    def book(self):
        """Frames of rules, read by the questions that ask for frames."""
        from analysis.rules.codebook import Codebook, RuleSet, parse_rule, read_codebook

        frames = {
            name: RuleSet(name, tuple(map(parse_rule, rules)))
            for name, rules in frame_rules(read_codebook("seeds/codebook.yaml")).items()
        }
        return Codebook("bench", "", frames, {}, {})

    def trends(self):
        """Twenty terms by month and source: counts."""
        import pandas as pd
        from scipy import sparse

        from analysis.rules.evidence import find
        from analysis.tables.trends import period_labels

        found = find(self.tokens, self.terms, keep=0)
        documents = self.corpus.documents
        months = period_labels(documents["date"], "month")
        (month, n), source = pd.factorize(months), pd.factorize(documents["source"])[0]
        _, at = np.unique(source * len(n) + month, return_inverse=True)
        member = sparse.csr_array((np.ones(len(at), np.int64), (at, np.arange(len(at)))))
        counts = (member @ found.counts).toarray()
        return int(counts.sum()), int((counts**2).sum())

    def keyness(self):
        """Log-odds with an informative prior over the whole vocabulary, one source against the rest."""
        from analysis.statistics.measures import log_odds

        mine = (self.corpus.documents["source"] == "Agency A").to_numpy()
        own, rest = self.tokens.group_totals(np.stack((mine, ~mine)))
        _, z = log_odds(own, rest, (own + rest) / (own + rest).sum() * 500)
        return len(z), round(float(np.abs(z).sum()), 3)

    def concordance(self):
        """Every line in which a word stands."""
        from analysis.rules.evidence import concordance

        lines = concordance(self.tokens, self.keyword[KEYWORD], width=30)
        return len(lines), int(lines["match"].str.lower().isin(["china", "china’s"]).sum())

    def frames(self):
        """Twelve frames of thirty rules, sentence by sentence."""
        from analysis.tables.framing import code_units

        coding = code_units(self.tokens, self.book, "sentence", keep=0)
        return coding.n_units, np.asarray(coding.coded.sum(axis=0)).ravel().tolist()

    def vocabulary(self):
        """The vocabulary table: counts, documents, dispersion."""
        from analysis.tables.overview import vocabulary_table

        return len(vocabulary_table(self.tokens))

    def collocations(self):
        """Pairs of neighbouring content words."""
        from analysis.tables.overview import collocation_table

        return len(collocation_table(self.tokens))

    def intervals(self):
        """Rates of twenty terms by month and source, each with an interval."""
        from analysis.rules.evidence import find
        from analysis.tables.trends import trend_table

        found = find(self.tokens, self.terms, keep=0)
        return len(trend_table(found, group="source", period="month", resamples=1000).table)

    def differences(self):
        """Differences of frame shares between sources, with tests."""
        from analysis.tables.framing import code_units, difference_table

        coding = code_units(self.tokens, self.book, "sentence", keep=0)
        return len(difference_table(coding, "source", resamples=1000))

    def evidence(self):
        """A sample of the matches of every rule with their sentences."""
        from analysis.rules.evidence import evidence_table
        from analysis.tables.framing import code_units

        return len(evidence_table(code_units(self.tokens, self.book, keep=300).found, "sentence"))

    def keyness_table(self):
        """Log-odds, G², log ratio and a test over documents for every source against the rest."""
        from analysis.tables.keyness import keyness_table

        return len(keyness_table(self.tokens, "source", prior=500))

    def documents(self):
        """Size and diversity of every document."""
        from analysis.tables.overview import document_table

        return len(document_table(self.tokens))


QUESTIONS = ("trends", "keyness", "concordance", "frames")
MORE = ("vocabulary", "collocations", "intervals", "differences", "evidence", "keyness_table", "documents")  # fmt: skip


def peak() -> int:
    """The most memory this program has held, mapped files included, in bytes."""
    status = Path("/proc/self/status").read_text()
    return (
        int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        * 1024
    )


def main() -> None:
    kind, *rest = sys.argv[1:]
    session = Session(rest[-1])
    names = rest[:1] if kind == "once" else map(str.strip, sys.stdin)
    if kind == "serve":
        print("ready", flush=True)
    for name in names:
        begun = time.perf_counter()
        result = getattr(session, name)()
        seconds = time.perf_counter() - begun
        memory = peak()
        print(json.dumps({"seconds": seconds, "result": result, "memory": memory}), flush=True)


if __name__ == "__main__":
    main()
