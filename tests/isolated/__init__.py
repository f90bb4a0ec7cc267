"""What must run in processes of its own: sanitizers, leaks, misuse. Not collected by pytest; `make` and CI call it."""
