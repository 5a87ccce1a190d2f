"""Certificate authorities of the server's own, and who believes them."""
