"""Who says it, about whom, and whether it is denied."""
