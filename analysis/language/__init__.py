"""Words and sentences of a line, in English and in Chinese."""
