"""The audit log: its events, its lines, the chain that binds them, and reading it."""
