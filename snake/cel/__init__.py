"""CEL, the Common Expression Language: an expression is read, typed and compiled once, then run."""
