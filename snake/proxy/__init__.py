"""What stands between a request and the servers that it is passed on to."""
