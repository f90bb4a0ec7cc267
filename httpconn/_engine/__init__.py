"""What carries exchanges over connections: one at a time for a thread that waits, many for one that polls."""
