"""Laws of the whole house: layers, types, builds, signposts, one behaviour by whatever way.

For: what must hold for code that nobody has written yet.

Not for: one function or class.
"""
