"""What a reader sees: sentences made of tables, pages, files of results."""
