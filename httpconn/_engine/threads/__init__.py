"""Exchanges for threads that wait, one connection at a time: what a pool works with."""
