"""Generate the topic command-line, the man pages and the completion scripts from the code.

The results are committed, so that installing needs no extra step and changes are easy to review. A
test checks that they are current.
"""

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
from msgspec import inspect as types

from cwtui import __version__
from cwtui.accounts.roles import Permission
from cwtui.cli.completion import script
from cwtui.cli.root import cli
from cwtui.config import Config
from cwtui.help import text
from tests.accounts.public_actions import ALLOWED
from tools import roff

ROOT: Final = Path(__file__).parents[1]

_COMMAND_LINE: Final = """\
# Command line

`cwtui` alone opens the application. The commands are for the operator of the
host: anyone who can read the keyring acts as an admin, and the audit log
records the operator's Unix name.

- `--config` and `--store` come before the command.
- Passwords are never arguments. `--password-stdin` reads one line.

Exit status:

- 0: done
- 1: refused or failed; for `cwtui user apply --check`: there is a difference
- 2: wrong usage, such as an unknown or missing option, an unknown command or
  topic of the manual, an impossible value, or a file with a line that cannot
  be used
- 3: could not be checked, as the store or a file that was named cannot be
  read; treat it as refused
- 4: the account, role or other object with this name does not exist
- 5: something is there already: an account, a role, a key or a file
- more than 128: a signal ended it, such as 130 for Ctrl+C

If nobody reads standard output any more, as in `cwtui audit | head -1`, the
exit status is 1, and nothing is said.

The application exits with 0 only if a signed-in user quits, with 1 if nobody
signed in or the session was ended, and with 3 after a crash or an upgrade.

## What scripts can rely on

This stays the same until the next major version:

- The names of commands and options, and the exit statuses.
- **Standard output has the data, standard error the messages.** With `--json`,
  standard output has JSON and nothing else.
- **Every command that writes has `--json`,** and then prints one object.
  `changed` says whether anything is different from before. Repeat a command,
  and `changed` is false where there was nothing left to do. What creates or
  removes one thing, such as `role add`, is refused then, with exit status 5 or
  4.
- If a command is refused, nothing was changed unless its help says otherwise.
  Standard output may then be empty.
- **Commands for many accounts** print one object, with the same fields for
  one NAME, many NAMEs, `--from` and `--filter`: `dry_run`, `batch`, the id in
  the audit log (null for one NAME), and `accounts`, a list: for each its
  `username`, `changed`, `outcome`, `reason` and `not_found`, sorted by
  username. This holds for `user set`, `enable`, `disable`, `unlock`,
  `reset-mfa`, `reset-password` and `remove`, also if they are refused or the
  account is not there (`not_found`); but where `--yes` or an option is missing,
  nothing is printed. An initial password that is printed is in its account's
  object. The outcome is `done`, `already so`, `refused`, `not reached` or, with
  `--dry-run`, `would be done`. The whole has `changed` if one of them has. The
  exit status is the worst: 3 if something could not be checked, and then the
  accounts after it are `not reached`; 1 if accounts were refused; 4 if they
  are just not there. The others are done all the same.
- The fields of JSON and the columns of CSV, with their types and values, such
  as `enabled`. Times are in UTC as in 2026-11-24T08:00:00+00:00. Others may be
  added, so read them by name and ignore those that you do not know.
- The names and fields of events in the audit log, as `cwtui audit --json`
  prints them.
- Without a terminal, nothing is asked: what needs an answer is refused with
  exit status 1, unless `--yes` is given. `user reset-mfa` and `user
  reset-password` of one NAME need none there, nor does `user set` of one NAME
  to take a role. `role set` never does: what it changes is on the command line.
  `settings set` needs one only where MFA is lowered or unused accounts are
  disabled.
- What takes longer than ten seconds says so on standard error, also without a
  terminal and with `--json`: one line with the progress every ten seconds.
- A file after `--from` has one username in each line, and no comments; or it is
  one that `user import` reads.

This may change with every version: the wording of messages, tables for people,
the order of fields, progress bars, and the files of the store.

"""

_PAGE: Final = """\
## Name

cwtui - Connectware account in a terminal

## Synopsis

`cwtui` [`--config` FILE] [`--store` URL] [COMMAND [ARGUMENTS]]

## Description

Sign in to your Connectware account, change your password, use multi-factor
authentication, and manage users. It works over SSH, on a serial line and on a
server without a browser.

Without a command, cwtui opens the application. The commands are for the
operator of the host: anyone who can read the keyring acts as an admin.

## Options

{options}
## Commands

{commands}
## Exit status

| Status | Meaning |
| --- | --- |
| 0 | Done. The application: a signed-in user quit. |
| 1 | Refused or failed. The application: nobody signed in. |
| 2 | Wrong usage. |
| 3 | Could not be checked; treat it as refused. Also a crash or an upgrade. |
| 4 | Nothing has this name. |
| 5 | Something is there already. |

## Environment

| Variable | Meaning |
| --- | --- |
| `CWTUI_CONFIG` | The configuration file, unless `--config` is given. |
| `CWTUI_STORE` | The folder of the store, unless `--store` is given. |
| `NO_COLOR` | If set, no colours are used. |

## Files

| File | Meaning |
| --- | --- |
| `~/.config/cwtui/config.toml` | Configuration; see cwtui.toml(5). |
| `~/.config/cwtui/keyring.json` | The keys that protect the store. |
| `~/.local/share/cwtui/` | The store. |
| `~/.local/state/cwtui/` | Crash reports. |

## Locked out

{locked_out}
## See also

cwtui.toml(5). The whole manual comes with the program: `cwtui help`.
"""

_CONFIGURATION_PAGE: Final = """\
## Name

cwtui.toml - configuration of cwtui

## Description

{configuration}
## Keys

{keys}
## LDAP

{ldap}
## See also

cwtui(1), `cwtui help configuration`, `cwtui help ldap`
"""


_COMPLETIONS: Final = {"bash": "cwtui.bash", "zsh": "_cwtui", "fish": "cwtui.fish"}


def written() -> dict[Path, str]:
    """Return the content of each generated file."""
    return {
        ROOT / "cwtui" / "help" / "admin.md": _with_permissions(text("admin")),
        ROOT / "cwtui" / "help" / "command-line.md": command_line(),
        ROOT / "man" / "cwtui.1": roff.page("cwtui", 1, __version__, _main_page()),
        ROOT / "man" / "cwtui.toml.5": roff.page("cwtui.toml", 5, __version__, _toml_page()),
        **{
            ROOT / "packaging" / "completions" / name: f"{script(shell)}\n"
            for shell, name in _COMPLETIONS.items()
        },
    }


def _with_permissions(topic: str) -> str:
    """Return the topic with the table of permissions that the tests' matrix says."""
    rows = [
        f"| `{permission}` | {_sentence(one.what for one in ALLOWED if permission in one.by)} |\n"
        for permission in Permission
    ]
    head = "| Permission | What it allows |\n| --- | --- |\n"
    before, _, after = topic.partition(head)
    return before + head + "".join(rows) + after[after.index("\n\n") + 1 :]


def _sentence(parts: Iterable[str]) -> str:
    whole = "; ".join(parts)
    return f"{whole[:1].upper()}{whole[1:]}."


def command_line() -> str:
    """Return the topic command-line, with a section for each command as in `--help`."""
    return _COMMAND_LINE + "\n".join(_sections(2))


def _main_page() -> str:
    return _PAGE.format(
        options="\n".join(_options(click.Context(cli, info_name="cwtui"))) + "\n",
        commands="\n".join(_sections(3)),
        locked_out=_body("locked-out"),
    )


def _toml_page() -> str:
    return _CONFIGURATION_PAGE.format(
        configuration=_body("configuration").partition("### All keys")[0],
        keys="\n".join(_keys()) + "\n",
        ldap=_body("ldap"),
    )


def _body(topic: str) -> str:
    """Return a topic without its title, with its sections one level lower."""
    _, _, body = text(topic).partition("\n")
    return re.sub(r"^##", "###", body, flags=re.MULTILINE)


def commands(
    command: click.Command = cli, ctx: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a context for each command, in the order of the help."""
    here = click.Context(command, ctx, info_name="cwtui" if ctx is None else command.name)
    if ctx is not None:
        yield here
    if isinstance(command, click.Group):
        for name in command.list_commands(here):
            found = command.get_command(here, name)
            if found is not None:
                yield from commands(found, here)


def _sections(level: int) -> Iterator[str]:
    for ctx in commands():
        command = ctx.command
        if isinstance(command, click.Group) and not command.invoke_without_command:
            continue
        yield f"{'#' * level} {ctx.command_path}\n"
        yield f"    {_usage(ctx)}\n"
        paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        yield from (f"{_filled(paragraph)}\n" for paragraph in paragraphs)
        options = list(_options(ctx))
        if options:
            yield "\n".join(options) + "\n"
        words = getattr(command, "words", ())
        if words:
            yield f"{getattr(command, 'title', '')}:\n"
            yield "\n".join(_filled(f"- `{word}`: {means}", "  ") for word, means in words) + "\n"
        examples = getattr(command, "examples", ())
        if examples:
            yield "Examples:\n"
            yield "\n".join(f"    {example}" for example in examples) + "\n"


def _usage(ctx: click.Context) -> str:
    return f"{ctx.command_path} {' '.join(ctx.command.collect_usage_pieces(ctx))}"


def _options(ctx: click.Context) -> Iterator[str]:
    for parameter in ctx.command.get_params(ctx):
        record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
        if record is not None and "--help" not in record[0]:
            names, sentence = record
            yield _filled(f"- `{names}`: {sentence}", indent="  ")


def _filled(sentence: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(sentence.split()),
        78,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _keys() -> Iterator[str]:
    """Yield a table of the configuration's keys, with defaults and meanings."""
    meanings = comments("configuration") | comments("ldap")
    yield "| Key | Meaning |"
    yield "| --- | --- |"
    for key, field in keys():
        default = json.dumps(field.default) if isinstance(field.default, bool | float | int) else ""
        shown = f"{key} = {default}" if default else key
        yield f"| `{shown}` | {meanings.get(key, '')} |"


def keys() -> Iterator[tuple[str, types.Field]]:
    """Yield each key of the configuration with its section, such as `session.idle_minutes`."""
    for name, table in _fields(types.type_info(Config)):
        for key, field in _fields(table.type):
            yield f"{name}.{key}", field


def comments(topic: str) -> dict[str, str]:
    """Return the comment lines above each key in the topic's example."""
    found: dict[str, str] = {}
    for block in re.findall(r"^```toml\n(.*?)^```", text(topic), re.MULTILINE | re.DOTALL):
        table, lines = "", list[str]()
        for line in block.splitlines():
            if header := re.fullmatch(r"\[([\w.]+)\]", line):
                table = header[1]
                if lines:
                    found[table] = " ".join(lines)
                lines = []
            elif key := re.match(r"(?:# )?(\w+) = ", line):
                found[f"{table}.{key[1]}"] = " ".join(lines)
                lines = []
            elif line.startswith("# "):
                lines.append(line.removeprefix("# "))
            else:
                lines = []
    return found


def _fields(kind: types.Type) -> Iterator[tuple[str, types.Field]]:
    """Yield the keys of a section, which may be optional."""
    for one in kind.types if isinstance(kind, types.UnionType) else (kind,):
        if isinstance(one, types.StructType):
            yield from ((field.encode_name, field) for field in one.fields)


def main() -> None:
    """Write the files."""
    for path, content in written().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
