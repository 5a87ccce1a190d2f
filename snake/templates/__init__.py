"""How the `templates` directive works: responses that are run as templates of Jinja."""
