"""Dialogs and panels that open over a screen."""
