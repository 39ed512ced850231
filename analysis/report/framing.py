"""Framing in words: the groups, what is tested, what frames rest on, what the answer is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.corpus import EVERY, NO_VALUE, Corpus, others_told
from analysis.errors import shown_lines
from analysis.tables.framing import Coding, group_names, largest_difference

_MAX_NAMED = 20
_MAX_REASONS = 3


def describe_groups(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> str:
    """The groups that are compared, and how many documents belong to none, in words."""
    names = group_names(corpus, group, compare)
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    text = f"{len(names)} groups by {group}: {', '.join(names[:_MAX_NAMED])}{more}. "
    if not names:
        text = f"No document has a {group}: there are no groups. "
    without = int((corpus.groups(group) == NO_VALUE).sum())
    if names and without:
        text += f"Documents without a {group}, compared with nothing: {without:,}. "
    return shown_lines((text + others_told(names, group)).strip().rstrip("."))


def describe_evidence(coding: Coding, parameter: str) -> str:
    """Whether `evidence.parquet` holds every match, and if not, how many and which."""
    total = sum(int(found.totals.sum()) for found in coding.matches)
    kept = sum(len(found.kept) for found in coding.matches)
    if kept == total:
        return f"Every match is in evidence.parquet ({total:,})."
    return (
        f"{kept:,} of {total:,} matches are in evidence.parquet (at most {coding.found.keep:,} of each "
        f"rule, drawn at random; parameter {parameter}). Counts are of all matches."
    )


def describe_concentration(table: pd.DataFrame) -> str:
    """The warnings of a concentration table, a line a frame."""
    warned = table[table["warning"] != ""]
    lines = [
        f"WARNING {row.frame}: {row.warning}"
        + (f" ({row.top_rule}; {row.top_document})" if row.matches else "")
        for row in warned.itertuples()
    ]
    nothing = "No frame rests on one rule, one document or too few matches."
    return shown_lines("\n".join(lines)) or nothing


def describe_tests(differences: pd.DataFrame) -> str:
    """How many differences could be tested, and why the others could not (three reasons at most)."""
    if differences.empty:
        return "Fewer than two groups: no difference to test."
    tested = int(differences["p"].notna().sum())
    reasons = list(dict.fromkeys(differences["no_test"][differences["no_test"] != ""]))
    text = [f"{len(differences)} differences, {tested} of them tested."]
    text += [f"Not tested: {reason}." for reason in reasons[:_MAX_REASONS]]
    if len(reasons) > _MAX_REASONS:
        text.append(f"{len(reasons) - _MAX_REASONS} more reasons are in the column no_test.")
    return " ".join(text)


def describe_framing(
    shares: pd.DataFrame, differences: pd.DataFrame, confidence: float = 0.95
) -> str:
    """The frames by share, how many differences hold, and the largest of them."""
    every = shares[shares["group"] == EVERY].sort_values("share", ascending=False, kind="stable")
    parts = [("", every)]
    if "language" in every:
        parts = [(f" ({code})", part) for code, part in every.groupby("language") if code != EVERY]
    text = [f"Frames by share of all units{of}: {_listed(part)}." for of, part in parts]
    return shown_lines("\n".join([*text, _describe_differences(differences, confidence)]))


def _describe_differences(differences: pd.DataFrame, confidence: float) -> str:
    """How many differences between groups hold, and the largest one that may be named."""
    if not differences["difference"].notna().any():
        return "Fewer than two groups: nothing to compare."
    tested, held = differences["p"].notna().sum(), (differences["q"] <= 1 - confidence).sum()
    text = "No difference between groups can be tested."
    if tested:
        rate = f"{1 - confidence:.2g}"
        text = f"{held} of {tested} tested differences hold at a false discovery rate of {rate}."
    row, few = largest_difference(differences, confidence)
    if row is None:
        return text
    which = "Largest counted one in these texts" if few else "Largest of them"
    return (
        f"{text} {which}: {row['frame']}, {row['group']} {row['share']:.0%} against "
        f"{row['other']} {row['other_share']:.0%}."
    )


def _listed(shares: pd.DataFrame) -> str:
    """Frames with their shares, those without units left out."""
    measured = shares[shares["units"] > 0]
    return ", ".join(f"{row.frame} {row.share:.0%}" for row in measured.itertuples()) or "none"


def describe_frames_by_story(table: pd.DataFrame, *, most: int = 3) -> str:
    """The frames whose share changes most when stories instead of articles are counted."""
    every = table[table["group"] == EVERY]
    if (every["articles"] == every["stories"]).all():
        return "By story every share is as by article: no article is another's copy."
    ranks = [every[f"{side}_share"].rank(ascending=False) for side in ("article", "story")]
    order = "stay in the same order" if ranks[0].equals(ranks[1]) else "change their order"
    change = (every["article_share"] - every["story_share"]).abs()
    rows = every.loc[change.sort_values(ascending=False, kind="stable").index[:most]]
    text = ", ".join(
        f"{row.frame} {row.article_share:.1%} by article and {row.story_share:.1%} by story"
        for row in rows.itertuples()
    )
    return shown_lines(f"The frames {order} when stories are counted. Changed most: {text}.")
