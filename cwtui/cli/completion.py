"""`cwtui completion`: commands, options and names at the press of Tab.

Click completes; its scripts ask through a variable, `_CWTUI_COMPLETE`, and these ask through a
command. A variable can come from the other end of a connection, and where cwtui is all that one
may start, nobody is asked for a password before usernames are listed.
"""

import os
from typing import Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from cwtui.cli.groups import CommandWithExamples
from cwtui.cli.output import put

_BASH: Final = """\
# Completion of cwtui for bash 4.4 or newer.
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        "$1" completion bash --answer 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Click's, for names with the @ at which bash ends a word."""

    source_template = _BASH

    def source(self) -> str:
        # Click's would run bash to see how old it is.
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        if words and not line[-1].isspace():
            return words[:-1], words[-1]
        return words, ""

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Without what stands before the last break: bash puts the rest in place of the word."""
        _, word = self.get_completion_args()
        breaks = os.environ.get("COMP_WORDBREAKS", "")
        last = max((place for place, one in enumerate(word) if one in breaks), default=-1)
        # A break that readline calls a special prefix belongs to the word after it.
        start = last if word[last : last + 1] in {"@", "$"} else last + 1
        return f"{item.type},{item.value.removeprefix(word[:start])}"


class _Zsh(ZshComplete):
    source_template = ZshComplete.source_template.replace(
        "%(complete_var)s=zsh_complete %(prog_name)s",
        "%(prog_name)s completion zsh --answer 2>/dev/null",
    )


class _Fish(FishComplete):
    source_template = FishComplete.source_template.replace(
        "%(complete_var)s=fish_complete ", ""
    ).replace(
        "COMP_CWORD=(commandline -t) %(prog_name)s",
        "COMP_CWORD=(commandline -t) %(prog_name)s completion fish --answer 2>/dev/null",
    )


_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


@click.command(
    "completion",
    cls=CommandWithExamples,
    examples=(
        "cwtui completion bash > ~/.local/share/bash-completion/completions/cwtui",
        "cwtui completion zsh > ~/.zfunc/_cwtui",
        "cwtui completion fish > ~/.config/fish/completions/cwtui.fish",
    ),
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.option("--answer", is_flag=True, hidden=True, help="What the script asks, in COMP_*.")
@click.pass_context
def command(ctx: click.Context, shell: str, answer: bool) -> None:
    """Print a shell's completion script.

    It completes commands, options, usernames, roles, settings and events. Usernames are read from
    the store, and only by a user who may read it.
    """
    completing = _SHELLS[shell](ctx.find_root().command, {}, "cwtui", "")
    put(completing.complete() if answer else completing.source().rstrip("\n"))
