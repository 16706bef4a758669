"""The keys that protect the store, stored apart from it."""
