"""Notebooks with parameters in, executed notebooks and a receipt out."""
