"""One document, one generation of worker processes; the next document replaces it whole."""
