"""How CGI programs are asked by FastCGI: their environment, and what they answer."""
