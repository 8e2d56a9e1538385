"""How near float32 every other type and quantisation answers."""
