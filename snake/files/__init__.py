"""How file_server works."""
