"""The former place of two names."""

from analysis.coding.audit import example_table as example_table
from analysis.report.coding import describe_failures as failures_told  # noqa: F401
