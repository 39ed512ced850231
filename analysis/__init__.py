"""A reproducible research workbook for corpora: what backs the notebooks.

Everything a notebook needs is here by name; a module is loaded when one of its names is used.
"""

from importlib import import_module

VERSION = "0.1.0"

NAMES = {
    "corpus": ("read_corpus",),
    "tokens": ("tokenize",),
    "tables.stories": ("copy_table", "counted", "duplicate_table", "stories_of", "story_counts"),
    "rules.codebook": ("corpus_codebook", "term_sets"),
    "statistics.uncertainty": ("check_choices",),
    "rules.evidence": ("evidence_table", "find"),
    "report.counts": ("describe_kept_matches", "describe_stories"),
    "report.pages": ("concordance_page", "concordance_pages", "sentence_pages", "table_page"),
    "tables.overview": (
        "collocation_table",
        "content_words",
        "document_table",
        "group_overview",
        "growth_table",
        "in_every_document",
        "only_here",
        "overlap_table",
        "reading_account",
        "reading_notes",
        "vocabulary_table",
    ),
    "report.corpus": (
        "describe_collocations",
        "describe_corpus",
        "describe_drawn",
        "describe_languages",
        "describe_rules_by_language",
        "describe_scripts",
        "describe_shared_words",
        "describe_vocabulary",
    ),
    "tables.trends": (
        "corpus_events",
        "edge_matches",
        "event_table",
        "group_table",
        "occurring",
        "rising_and_falling_words",
        "term_places",
        "trend_table",
        "trends_by_story",
        "years_mentioned",
    ),
    "report.trends": (
        "describe_caveat",
        "describe_changes",
        "describe_missing_terms",
        "describe_periods",
        "describe_split",
        "describe_trends",
        "describe_trends_by_story",
    ),
    "tables.stance": (
        "count_stances",
        "negation_table",
        "nearest_table",
        "object_table",
        "tone_table",
        "tone_words",
        "voice_coverage",
        "voice_table",
    ),
    "tables.changes": ("change_table", "split_table"),
    "tables.framing": (
        "actor_table",
        "code_units",
        "codebook_table",
        "concentration_table",
        "difference_table",
        "evidence_of",
        "frame_table",
        "frames_by_document",
        "frames_by_story",
        "group_names",
    ),
    "tables.keyness": ("keyness_table",),
    "report.framing": (
        "describe_concentration",
        "describe_evidence",
        "describe_frames_by_story",
        "describe_framing",
        "describe_groups",
        "describe_tests",
    ),
    "coding.audit": ("leading_rules", "rule_audit"),
    "coding.form": ("coding_form",),
    "coding.validation": (
        "actor_scores",
        "agreement_of_coders",
        "automatic_coders",
        "automatic_scores",
        "confusion_of_coders",
        "corpus_codings",
        "corrected_differences",
        "corrected_shares",
        "correction_coverage",
        "divided_units",
        "rule_accuracy",
        "sample_of_codings",
    ),
    "report.coding": (
        "describe_audit",
        "describe_codings",
        "describe_further_units",
        "describe_rules",
        "describe_sample",
        "describe_scores",
    ),
    "tables.findings": (
        "check_rates",
        "check_shares",
        "check_token_shares",
        "findings_table",
        "read_claims",
    ),
    "report.results": ("open_results",),
    "report.runs": ("describe_sweep",),
    "runs.specifications": ("corpus_sweep", "sweep_findings", "sweep_table"),
}
MODULE_OF = {name: module for module, names in NAMES.items() for name in names}
MODULES = (
    *("cli", "coding", "corpus", "errors", "files", "language", "plots", "reading", "report"),
    *("rules", "runs", "statistics", "store", "tables", "tokens"),
)

__all__ = ["VERSION", *sorted(MODULE_OF)]


def __getattr__(name: str):
    if name in MODULE_OF:
        return getattr(import_module(f"analysis.{MODULE_OF[name]}"), name)
    if name in MODULES:
        return import_module(f"analysis.{name}")
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*MODULE_OF, *MODULES, "VERSION"])
