"""Spells what changes on a terminal in as few bytes as possible: a serial line has few."""
