"""Rules: codebooks compiled, matched, and every match kept with its place."""
