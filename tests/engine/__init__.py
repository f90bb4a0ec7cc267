"""Pool and fetcher: connections, names, clocks, places."""
