"""The suite. A package, so that the tests can share their case tables and servers."""
