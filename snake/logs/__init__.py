"""Where records go: writers and encoders."""
