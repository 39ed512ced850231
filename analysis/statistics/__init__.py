"""Formulas, intervals and tests: arrays in, arrays out."""
