"""What was read and cut into tokens, kept in a cache by content."""
