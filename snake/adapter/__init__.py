"""Segments to the JSON document: sites, matchers and order. Directives tell the rest."""
