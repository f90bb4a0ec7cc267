"""One request and its response, whoever carries them: made, read, bounded and judged."""
