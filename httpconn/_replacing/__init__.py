"""What ``install`` does with http.client's own classes while ours stand in their place.

For: whoever holds them still (``early.py``), and what others have patched on them (``patches.py``).

Not for: the swap itself, and whom it comes too late for (``_install.py``).
"""
