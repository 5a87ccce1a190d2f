"""How the `tracing` directive works: spans of OpenTelemetry, and where they go."""
