"""The kind of an option that takes one of a few words."""

from typing import Any

import click

from cwtui.language import _


class OneOf(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        del ctx
        # Imported here, because only mistakes need them.
        from difflib import get_close_matches

        from cwtui.cli.usage import choose, quoted

        typed, choices = str(value), list(self.choices)
        near = get_close_matches(typed.casefold(), choices, 1, 0.7)
        hint = _("Did you mean {near!r}?", near=near[0]) if near else ""
        refusal = _("cannot be {value}.", value=quoted(typed))
        return " ".join(filter(None, (refusal, hint, choose(choices))))
