"""The rules of an account. Time, randomness and storage come in as parameters."""
