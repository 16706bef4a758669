"""`cwtui completion`: print completion scripts for shells.

Click's own scripts ask for completions through the variable `_CWTUI_COMPLETE`; these scripts use a
hidden option instead. An SSH client can set variables, and where cwtui is the forced command, it
could list usernames that way without a password.
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
from cwtui.cli.one_of import OneOf
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
    """Click's completion for bash, fixed for names with @, where bash splits words."""

    source_template = _BASH

    def source(self) -> str:
        # Click's version would run bash to check its version.
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        if words and not line[-1].isspace():
            return words[:-1], words[-1]
        return words, ""

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return the part after the last word break, which is what bash replaces."""
        _, word = self.get_completion_args()
        breaks = os.environ.get("COMP_WORDBREAKS", "")
        last = max((place for place, one in enumerate(word) if one in breaks), default=-1)
        # Breaks that are special prefixes in readline belong to the word after them.
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
@click.argument("shell", type=OneOf(list(_SHELLS)))
@click.option("--answer", is_flag=True, hidden=True, help="Answer the script's question (COMP_*).")
@click.pass_context
def command(ctx: click.Context, shell: str, answer: bool) -> None:
    """Print a shell's completion script.

    It completes commands, options, usernames, roles, settings and events. Usernames are completed
    only for users who can read the store.
    """
    if answer:
        put(_completing(ctx.find_root().command, shell).complete())
    else:
        put(script(shell))


def script(shell: str) -> str:
    """Return the completion script for a shell."""
    return _completing(command, shell).source().rstrip("\n")


def _completing(cli: click.Command, shell: str) -> ShellComplete:
    return _SHELLS[shell](cli, {}, "cwtui", "")
