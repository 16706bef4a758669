"""The store: accounts, settings, sign-in records and the audit log, in TinyDB files."""
