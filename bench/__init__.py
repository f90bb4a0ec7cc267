"""Servers to talk to, the demo, and the benchmarks. Not part of the installed package."""
