"""How spans and figures get to a collector of OpenTelemetry."""
