"""The kind of an option that takes one of a few words."""

from typing import Any

import click


class OneOf(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        del ctx
        # Imported here, because only mistakes need them.
        from difflib import get_close_matches

        from cwtui.cli.usage import choose, quoted

        typed, choices = str(value), list(self.choices)
        near = get_close_matches(typed.casefold(), choices, 1, 0.7)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return f"cannot be {quoted(typed)}. {hint}{choose(choices)}"
