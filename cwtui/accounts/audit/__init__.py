"""The audit log: events, lines, the hash chain that protects them, and reading."""
