"""Files of every kind, as rows of text and metadata."""
