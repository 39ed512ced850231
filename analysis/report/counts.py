"""Counts in words: how many articles and matches count, and how many are kept for reading."""

from __future__ import annotations

from analysis.errors import shown_lines
from analysis.rules.evidence import Found
from analysis.tables.stories import CorpusStories


def describe_stories(stories: CorpusStories, unique: str) -> str:
    """How many articles are how many stories, and which of them count below."""
    articles, n = len(stories.found.story), len(stories)
    problem = f"Near copies were not looked for: {stories.problem}. " if stories.problem else ""
    if n == articles:
        text = f"No article is a copy of another: {n:,} articles, {n:,} stories."
        return shown_lines(problem + text)
    share = 1 - stories.tokens.document_sizes[stories.counts].sum() / len(stories.tokens)
    copies = articles - n
    text = f"{articles:,} articles are {n:,} stories: {copies:,} copies hold {share:.0%} of the tokens. "
    below = {
        "all": "Every article counts below.",
        "stories": f"One article of each story counts below; {copies:,} are left out.",
    }
    return shown_lines(problem + text + below[unique])


def describe_kept_matches(found: Found, parameter: str) -> str:
    """Whether every match is kept for reading, and if not, how many are."""
    total, kept = int(found.totals.sum()), len(found.kept)
    if kept == total:
        return f"All {total:,} matches are kept for reading."
    return (
        f"Counts are of all {total:,} matches; {kept:,} of them are kept for reading, of each rule "
        f"at most {found.keep:,}, drawn at random (parameter {parameter})."
    )
