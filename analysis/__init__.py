"""A reproducible research workbook for corpora: what backs the notebooks.

Everything a notebook needs is here by name; a module is loaded when one of its names is used.
"""

from importlib import import_module

VERSION = "0.1.0"

NAMES = {
    "corpus": ("read_corpus",),
    "tokens": ("tokenize",),
    "tables.stories": (
        "copy_table",
        "counted",
        "duplicate_table",
        "stories_of",
        "stories_told",
        "story_counts",
    ),
    "rules.codebook": ("corpus_codebook", "rules_told", "term_sets"),
    "statistics.uncertainty": ("check_choices",),
    "rules.evidence": ("evidence_table", "find", "kept_told"),
    "report.pages": ("concordance_page", "concordance_pages", "sentence_pages", "table_page"),
    "tables.overview": (
        "collocation_table",
        "content_words",
        "document_table",
        "describe_shared_words",
        "drawn_told",
        "group_overview",
        "growth_table",
        "in_every_document",
        "languages_told",
        "only_here",
        "overlap_table",
        "overview_answer",
        "pairs_told",
        "reading_account",
        "reading_notes",
        "rules_told_by_language",
        "scripts_told",
        "vocabulary_table",
        "words_told",
    ),
    "tables.trends": (
        "corpus_events",
        "describe_periods",
        "edge_matches",
        "event_table",
        "group_table",
        "movers",
        "never_told",
        "occurring",
        "places",
        "story_trends_told",
        "trend_table",
        "trends_answer",
        "trends_by_story",
        "trends_caveat",
        "years_spoken_of",
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
    "tables.changes": ("change_table", "changes_told", "split_table", "split_told"),
    "tables.framing": (
        "actor_table",
        "code_units",
        "codebook_table",
        "concentration_table",
        "concentration_warnings",
        "describe_evidence",
        "difference_table",
        "evidence_of",
        "frame_table",
        "frames_by_document",
        "frames_by_story",
        "framing_answer",
        "groups_told",
        "group_names",
        "keyness_table",
        "story_frames_told",
        "tests_told",
    ),
    "coding.stances": ("actor_agreement", "actor_confusion", "voice_accuracy"),
    "coding.audit": ("audit_told", "leading_rules", "rule_audit"),
    "coding.form": ("coding_form",),
    "coding.validation": (
        "actor_scores",
        "agreement_of_coders",
        "automatic_coders",
        "automatic_scores",
        "codings_told",
        "confusion_of_coders",
        "corpus_codings",
        "corrected_differences",
        "corrected_shares",
        "correction_coverage",
        "divided_units",
        "further_told",
        "macro_told",
        "rule_accuracy",
        "sample_of_codings",
        "sample_told",
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
