"""The rules for accounts. Time, randomness and storage are passed in as parameters."""
