"""Laws of the whole house: layers, types, builds, signposts, one behaviour by whatever way."""
