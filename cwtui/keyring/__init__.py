"""The keys that protect the store, kept apart from it."""
