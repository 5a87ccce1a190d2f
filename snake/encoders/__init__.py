"""How encode compresses, one file per coding."""
