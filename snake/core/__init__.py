"""What everything stands on: modules, errors, networks, units. It knows nothing of HTTP."""
