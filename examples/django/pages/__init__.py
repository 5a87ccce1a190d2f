"""The one app of the site: a form, and what it answers."""
