"""Text to tokens to segments. It knows the meaning of no directive."""
