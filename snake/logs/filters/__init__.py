"""What the filter encoder can do to a field, one noun a file."""
