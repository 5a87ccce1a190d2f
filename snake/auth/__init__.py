"""How the `basic_auth` directive works: accounts, and the hashes of their passwords."""
