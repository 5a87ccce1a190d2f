"""Trust stores of this machine, in which a root is put: one file per store."""
