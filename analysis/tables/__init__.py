"""Tables: one for each question that is asked of a corpus."""
