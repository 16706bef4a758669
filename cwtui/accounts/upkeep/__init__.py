"""Rules for looking after a whole store: key rotation, protection, checking and restoring."""
