"""Figures: one table in, one drawing out. The only place that draws."""

from analysis.plots.framing import (
    actor_frames,
    frame_concentration,
    frame_differences,
    frame_shares,
    keyness,
)
from analysis.plots.overview import (
    collocations,
    document_lengths,
    frequent_words,
    lexical_diversity,
    shared_vocabulary,
    timeline,
    vocabulary_growth,
)
from analysis.plots.sheet import Drawing
from analysis.plots.stance import actor_tone, frame_objects, frames_by_voice, nearest_actors
from analysis.plots.trends import (
    risers_and_fallers,
    term_dispersion,
    term_rates,
    term_rates_by_group,
    trend_split,
    years_spoken_of,
)
from analysis.plots.validity import (
    automatic_coders,
    coder_agreement,
    corrected_differences,
    corrected_shares,
    correction_coverage,
    rule_accuracy,
    specification_curve,
)

__all__ = [
    "Drawing",
    "actor_frames",
    "actor_tone",
    "automatic_coders",
    "coder_agreement",
    "collocations",
    "corrected_differences",
    "corrected_shares",
    "correction_coverage",
    "document_lengths",
    "frame_concentration",
    "frame_differences",
    "frame_objects",
    "frame_shares",
    "frames_by_voice",
    "frequent_words",
    "keyness",
    "lexical_diversity",
    "nearest_actors",
    "risers_and_fallers",
    "rule_accuracy",
    "shared_vocabulary",
    "specification_curve",
    "term_dispersion",
    "term_rates",
    "term_rates_by_group",
    "timeline",
    "trend_split",
    "vocabulary_growth",
    "years_spoken_of",
]
