"""Where accounts, settings, sign-in state and the audit log are kept."""
