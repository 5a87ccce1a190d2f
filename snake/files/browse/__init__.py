"""How file_server lists folders."""
