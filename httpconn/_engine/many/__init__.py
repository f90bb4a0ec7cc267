"""Exchanges over many connections in one thread, which polls: what a fetcher works with."""
