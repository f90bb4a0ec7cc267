"""The programs of the documentation run, and what the pages claim is asked of the other side."""
