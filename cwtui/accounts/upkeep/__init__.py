"""Rules for a whole store: key rotation, key use, checking and restoring."""
