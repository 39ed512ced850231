"""How often the tests of frame differences and of words are wrong, and how often they find something.

`python -m benchmarks.calibration` draws corpora whose truth is known, puts them through
`uncertainty.rate_difference` and `uncertainty.word_p`, and prints a table for each. Documents are
the clusters. In a null corpus both groups have the same shares or rates; p is then at most 0.05 in
5 of 100 tests or fewer, and some q in 5 of 100 corpora or fewer. Every row ends with a bound on its
Monte Carlo error: twice the standard error of its first column, in points.
"""

from __future__ import annotations

import argparse

import numpy as np

from analysis.statistics import uncertainty
from analysis.statistics.uncertainty import Clusters, WordSums

LEVEL, FRAMES, BATCH = 0.05, 10, 20
SCENARIOS = {
    "10 x 5 / 60 x 50": (10, 5, 60, 50),
    "8 x 30 / 40 x 30": (8, 30, 40, 30),
    "5 x 30 / 20 x 30": (5, 30, 20, 30),
    "12 x 10 / 60 x 50": (12, 10, 60, 50),
    "30 x 5 / 200 x 50": (30, 5, 200, 50),
    "10 x 50 / 60 x 5": (10, 50, 60, 5),
    "12 x 30 / 150 x 30": (12, 30, 150, 30),
    "10 x 30 / 500 x 30": (10, 30, 500, 30),
}
"""Documents and their mean number of sentences (of some 20 tokens) in each group."""
SHARES = (0.05, 0.1, 0.2, 0.35)
CORRELATIONS = (0.0, 0.1, 0.3)
TOKENS = 20


def sizes_of(n: int, mean: int, uneven: bool, rng: np.random.Generator) -> np.ndarray:
    """Sizes of n documents: all of the mean, or lognormal around it and at least 1."""
    if not uneven:
        return np.full(n, mean)
    return np.maximum(1, np.round(mean * rng.lognormal(-0.32, 0.8, n))).astype(int)


def beta_binomial(sizes, share: float, correlation: float, columns: int, rng) -> np.ndarray:
    """Counts with this share, and this correlation between the units of a document."""
    if not correlation:
        return rng.binomial(sizes[:, None], share, (len(sizes), columns))
    odds = (1 - correlation) / correlation
    levels = rng.beta(share * odds, (1 - share) * odds, (len(sizes), columns))
    return rng.binomial(sizes[:, None], levels)


def frame_draws(scenario, share, correlation, uneven, ratio, corpora, rng) -> np.ndarray:
    """p of ten frames in each corpus; the group's share is `ratio` times that of the other.

    Twenty corpora at a time have documents of the same sizes.
    """
    n, mean, m, other = scenario
    found = []
    for _ in range(0, corpora, BATCH):
        sides = [sizes_of(n, mean, uneven, rng), sizes_of(m, other, uneven, rng)]
        shares = (min(share * ratio, 0.9), share)
        documents = [
            Clusters(beta_binomial(size, one, correlation, FRAMES * BATCH, rng), size)
            for size, one in zip(sides, shares, strict=True)
        ]
        found.append(uncertainty.rate_difference(*documents, confidence=1 - LEVEL).p)
    return np.concatenate(found).reshape(-1, FRAMES)


def word_counts(sizes: np.ndarray, rates: np.ndarray, shape: float, rng) -> np.ndarray:
    """Gamma-Poisson counts: words (columns) that clump in documents the more, the smaller the shape."""
    clumps = rng.gamma(shape, 1 / shape, (len(sizes), len(rates)))
    return np.minimum(rng.poisson(sizes[:, None] * rates * clumps), sizes[:, None])


def word_side(counts: np.ndarray, sizes: np.ndarray) -> WordSums:
    """What `word_p` takes of one side, from a full table of counts."""
    x, m = counts.astype(float), sizes.astype(float)
    h = m.sum() / np.maximum(m.sum() - m, 1)
    by_word = x.sum(axis=0), h @ x**2, (h * m) @ x, np.count_nonzero(x, axis=0)
    return WordSums(*by_word, m.sum(), m @ m, (m**4).sum(), h @ m**2, len(m))


def word_draws(scenario, shape, uneven, ratio, corpora, rng) -> tuple[np.ndarray, np.ndarray]:
    """p of 500 words in each corpus (rarer ones are never tested), and which words the smaller group lacks.

    With a ratio, every tenth word is that many times as frequent in the group, and only those count.
    """
    n, mean, m, other = scenario
    rates = 0.05 / np.arange(1, 501)
    chosen = np.arange(500) % 10 == 5 if ratio > 1 else np.ones(500, dtype=bool)
    found, absent = [], []
    for _ in range(corpora):
        sides = [sizes_of(k, mean * TOKENS, uneven, rng) for k, mean in ((n, mean), (m, other))]
        own, rest = (
            word_side(word_counts(size, one, shape, rng), size)
            for size, one in zip(
                sides, (np.where(chosen, rates * ratio, rates), rates), strict=True
            )
        )
        found.append(np.where(chosen, uncertainty.word_p(own, rest), np.nan))
        absent.append((own.counts == 0) & chosen)
    return np.array(found), np.array(absent)


def told(p: np.ndarray) -> tuple[float, float, float]:
    """Per cent of tests with p within the level, of corpora with any such q, of what is not tested."""
    tested = ~np.isnan(p)
    small = (p <= LEVEL)[tested].mean() * 100 if tested.any() else np.nan
    any_q = [(uncertainty.false_discovery(row) <= LEVEL).any() for row in p]
    return small, np.mean(any_q) * 100, 100 - tested.mean() * 100


def error(share: float, n: int) -> float:
    """Twice the standard error of a percentage over n corpora."""
    return float(2 * np.sqrt(max(share * (100 - share), 0) / n)) if np.isfinite(share) else np.nan


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--corpora", type=int, default=400, help="corpora a cell of frames")
    parser.add_argument("--vocabularies", type=int, default=100, help="corpora a cell of words")
    options = parser.parse_args()
    print("frames: worst cell over shares, correlations and even or uneven sizes, then power")
    print("| documents x sentences | p <= .05 | any q <= .05 of ten | worst p | worst q | not tested"
          " | power at twice the share | +- |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    cells = [(s, c, u) for s in SHARES for c in CORRELATIONS for u in (False, True)]
    for name, scenario in SCENARIOS.items():
        rng = uncertainty.generator(1, name)
        null = [frame_draws(scenario, *cell, 1, options.corpora, rng) for cell in cells]
        real = [frame_draws(scenario, *cell, 2, options.corpora // 4, rng) for cell in cells]
        small, any_q, refused = told(np.concatenate(null))
        each = [told(p) for p in null if np.mean(~np.isnan(p)) >= 0.05]
        worst = [max((cell[k] for cell in each), default=np.nan) for k in (0, 1)]
        numbers = [small, any_q, *worst, refused, told(np.concatenate(real))[0]]
        shown = " | ".join("–" if np.isnan(one) else f"{one:.1f}" for one in numbers)
        print(f"| {name} | {shown} | {error(worst[0], options.corpora):.1f} |", flush=True)
    print("\nwords: gamma-Poisson, 500 words")
    print("| documents x sentences | p <= .05 | absent words | any q <= .05 | worst q | not tested"
          " | power at three times the rate | +- |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name, scenario in SCENARIOS.items():
        rng = uncertainty.generator(2, name)
        cells = [(shape, uneven) for shape in (0.3, 1.0, 5.0) for uneven in (False, True)]
        draws = [word_draws(scenario, *cell, 1, options.vocabularies, rng) for cell in cells]
        real = [word_draws(scenario, *cell, 3, options.vocabularies // 4, rng)[0] for cell in cells]
        p, absent = (np.concatenate(part) for part in zip(*draws, strict=True))
        small, any_q, refused = told(p)
        lacking = told(np.where(absent, p, np.nan))[0]
        worst = max(told(one)[1] for one, _ in draws)
        numbers = [small, lacking, any_q, worst, refused, told(np.concatenate(real))[0]]
        shown = " | ".join("–" if np.isnan(one) else f"{one:.1f}" for one in numbers)
        print(f"| {name} | {shown} | {error(worst, options.vocabularies):.1f} |", flush=True)


if __name__ == "__main__":
    main()
