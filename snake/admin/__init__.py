"""admin: the API by which a running snake is asked how it is, and changed."""
