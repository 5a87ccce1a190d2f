"""One file per group of global options."""
