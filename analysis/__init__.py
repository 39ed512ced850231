"""A reproducible research workbook for corpora: what backs the notebooks.

Everything a notebook needs is here by name; a module is loaded when one of its names is used.
"""

from importlib import import_module

VERSION = "0.1.0"

NAMES = {
    "corpus": ("read_corpus",),
    "tokens": ("tokenize",),
    "codebook": ("corpus_codebook", "term_sets"),
    "evidence": (
        "concordance",
        "concordance_page",
        "evidence_table",
        "find",
        "joined",
        "sentences_page",
        "spread_sample",
        "table_page",
    ),
    "uncertainty": ("check_choices", "generator"),
    "overview": (
        "collocation_table",
        "content_words",
        "document_table",
        "group_overview",
        "growth_table",
        "in_every_document",
        "only_here",
        "overlap_table",
        "reading_account",
        "vocabulary_table",
    ),
    "trends": (
        "corpus_events",
        "group_table",
        "movers",
        "places",
        "trend_table",
        "years_spoken_of",
    ),
    "framing": (
        "actor_table",
        "code_units",
        "codebook_table",
        "concentration_table",
        "difference_table",
        "frame_table",
        "frames_by_document",
        "group_names",
        "keyness_table",
    ),
    "findings": (
        "check_rates",
        "check_shares",
        "check_token_shares",
        "findings_table",
        "read_claims",
    ),
    "results": ("open_results",),
}
MODULE_OF = {name: module for module, names in NAMES.items() for name in names}
MODULES = (*NAMES, "errors", "files", "measures", "parameters", "plots", "runs", "cli")

__all__ = ["VERSION", *sorted(MODULE_OF)]


def __getattr__(name: str):
    if name in MODULE_OF:
        return getattr(import_module(f"analysis.{MODULE_OF[name]}"), name)
    if name in MODULES:
        return import_module(f"analysis.{name}")
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*MODULE_OF, *MODULES, "VERSION"])
