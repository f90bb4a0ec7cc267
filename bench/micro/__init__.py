"""Micro benchmarks, for pytest-benchmark: parsing alone, chunks alone, a whole cycle.

python -m pytest bench/micro --benchmark-only       times
python -m pytest bench/micro --benchmark-disable    only verifies that all parse the same

For: working on a parser.

Not for: figures that are published.
"""
