"""Duplicates: documents that are one story, and what is counted of a corpus that holds them."""

from analysis.duplicates.near import find_stories

__all__ = ["find_stories"]
