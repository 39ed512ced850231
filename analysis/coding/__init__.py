"""Units coded by people: sampled, compared, and used to correct the automatic codes."""
