"""Passwords, one-time codes and backup codes."""
