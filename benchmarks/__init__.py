"""What each claim of speed and size is measured with; every file prints a table."""
