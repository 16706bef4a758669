"""Copies a secret, in the way that can work here, and says only what is known about it."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from cwtui.accounts.secret import Secret
from cwtui.host import tmux
from cwtui.language import _
from cwtui.ui import clipboard
from cwtui.ui.clipboard import CopyWay
from cwtui.ui.context import context_of


def can_copy(screen: Screen[Any]) -> bool:
    """Whether to offer it at all."""
    return context_of(screen).copy_way is not CopyWay.NONE


def explained(screen: Screen[Any], key: str, what: str) -> str:
    """Return a sentence for the screen's help. `key` is what copies, `what` is what it copies."""
    return clipboard.explained(context_of(screen).copy_way, key, what)


def copy(screen: Screen[Any], text: Secret, tell: Callable[[str], None]) -> None:
    """Copy the text, and call `tell` with what is known then."""
    way = context_of(screen).copy_way

    async def work() -> None:
        # In a thread, because tmux may be slow or stopped.
        if way is CopyWay.TMUX and await asyncio.to_thread(tmux.load_buffer, text, os.environ):
            tell(_(clipboard.COPIED_TO_TMUX))
        else:
            screen.app.copy_to_clipboard(text.reveal())
            tell(clipboard.said(way))

    if can_copy(screen):
        # Not a coroutine, because a worker that is replaced before its first step never awaits it.
        screen.run_worker(work, group="copy", exclusive=True)  # type: ignore[arg-type]  # mypy infers Never
