"""The Connectware account in a terminal."""

__version__ = "0.1.0"
