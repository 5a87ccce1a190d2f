"""A program in one file: an app, what it needs, snake and Python, packed by PyInstaller."""
