"""`cwtui user export`: write accounts to a file that can be imported."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from cwtui.accounts import account_words, exporting
from cwtui.accounts.errors import AlreadyExists
from cwtui.accounts.listing import View
from cwtui.accounts.text import listed
from cwtui.cli import completing, filtering, json_output, standard_input, terminal
from cwtui.cli.errors import WrongUsage
from cwtui.cli.formats import say_if_formulas
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change
from cwtui.cli.one_of import OneOf
from cwtui.cli.options import as_one
from cwtui.cli.output import put_bytes, say
from cwtui.host.files import cannot, new_file, sync_folder, write_all
from cwtui.language import _, ngettext

_WORDS: Final = account_words.before_reading()
_STANDARD_OUTPUT: Final = "-"
_JSON_LINES: Final = "jsonl"
_NAMED: Final = 10
"""The maximum number of roles that a message names."""


@dataclass(frozen=True)
class _Encryption:
    """How the file is encrypted. `to` are the public keys, or says that it is a passphrase."""

    to: tuple[str, ...]
    encrypt: Callable[[bytes], bytes]


def _encryption(
    with_secrets: bool, recipients: tuple[str, ...], passphrase_stdin: bool
) -> _Encryption | None:
    """Return how the file is encrypted, after asking for what that needs; None if it is not.

    Raises WrongUsage and InvalidInput.
    """
    if not with_secrets:
        if recipients or passphrase_stdin:
            raise WrongUsage(_("--recipient and --passphrase-stdin need --with-secrets."))
        return None
    # Imported here, because it needs a library that not every host has.
    from cwtui.host import age

    if recipients and passphrase_stdin:
        raise WrongUsage(_("Give either --recipient or --passphrase-stdin."))
    if recipients:
        age.check_recipients(recipients)
        return _Encryption(recipients, lambda content: age.encrypted(content, recipients))
    passphrase = standard_input.passphrase() if passphrase_stdin else terminal.ask_new_passphrase()
    exporting.check_passphrase(passphrase)
    return _Encryption(("passphrase",), lambda content: age.encrypted_with(content, passphrase))


_encryption_options: Final = as_one(
    "encryption",
    _encryption,
    click.option(
        "--with-secrets",
        is_flag=True,
        help="Also write password hashes, devices and backup codes, encrypted in the age format.",
    ),
    click.option(
        "--recipient",
        "recipients",
        metavar="KEY",
        multiple=True,
        help="Encrypt to this public key of age or SSH; repeat the option for more.",
    ),
    click.option(
        "--passphrase-stdin",
        is_flag=True,
        help="Encrypt with the passphrase on one line of standard input.",
    ),
)


@click.command(
    "export",
    cls=CommandWithExamples,
    examples=(
        "cwtui user export people.jsonl",
        "cwtui user export - --format csv --filter role:help-desk",
        "cwtui user export people.age --with-secrets --recipient age1...",
        "cwtui user export people.age --with-secrets --passphrase-stdin < phrase",
    ),
)
@click.argument("file", shell_complete=completing.files)
@filtering.text_option(
    _WORDS, "Only accounts that match this filter, in one argument.", completing.account_terms
)
@click.option(
    "--format",
    "format_",
    type=OneOf([_JSON_LINES, "csv"]),
    default=_JSON_LINES,
    show_default=True,
    help="One JSON object per line, or CSV with a header line.",
)
@_encryption_options
@json_output.option
@pass_host
def export(
    host: Host,
    file: str,
    text: str | None,
    format_: str,
    encryption: _Encryption | None,
    as_json: bool,
) -> None:
    """Write accounts to FILE, or - for standard output.

    The file has what admins decide: names, roles, whether MFA is required, and whether the account
    is enabled, or why not. cwtui user import reads it.

    With --with-secrets, it also has the custom roles of the accounts, and what people need to sign
    in on another host. It is then encrypted to public keys or, without --recipient, with a
    passphrase of at least 15 characters. cwtui asks for the passphrase twice, unless you give
    --passphrase-stdin. The audit log says to whom the file was encrypted.

    A new file has mode 0600. Exit status 5: FILE exists.
    """
    with_secrets = encryption is not None
    if with_secrets and format_ != _JSON_LINES:
        raise WrongUsage(
            _("With --with-secrets, the format is always {format}.", format=_JSON_LINES)
        )
    if file == _STANDARD_OUTPUT and as_json:
        raise WrongUsage(
            _("With -, the accounts are on standard output, so --json cannot be used.")
        )
    if file == _STANDARD_OUTPUT and with_secrets and sys.stdout.isatty():
        raise WrongUsage(_("Secrets are not written to a terminal. Use a file or a pipe."))
    ports, view = host.ports(), View(text or "")
    number = 0

    def content() -> bytes:
        nonlocal number
        if encryption is not None:
            number, secrets = exporting.with_secrets(ports, operator(), encryption.to, view)
            return encryption.encrypt(secrets.reveal().encode())
        found = exporting.export(ports, operator(), view)
        number = len(found)
        if format_ == _JSON_LINES:
            return exporting.as_json_lines(found).encode()
        say_if_formulas(cell for row in found for cell in row.values())
        return exporting.as_csv(found).encode()

    if file == _STANDARD_OUTPUT:
        put_bytes(content())
    else:
        _write_new(Path(file), content)
        sync_folder(Path(file).absolute().parent)
    needed = exporting.custom_roles(ports, operator(), view)
    if as_json:
        fields = {
            "file": file,
            "accounts": number,
            "with_secrets": with_secrets,
            "custom_roles": needed,
        }
        put_change(fields, changed=True)
    else:
        say(
            ngettext(
                "Exported {number} account with secrets.",
                "Exported {number} accounts with secrets.",
                number,
            )
            if with_secrets
            else ngettext("Exported {number} account.", "Exported {number} accounts.", number)
        )
    _say_needed([] if with_secrets else needed)


def _say_needed(custom_roles: list[str]) -> None:
    if custom_roles:
        say(
            _(
                "To import this on another host, create these roles there first: {names}. See: "
                "cwtui role add --help",
                names=listed(custom_roles, _NAMED),
            )
        )


def _write_new(file: Path, content: Callable[[], bytes]) -> None:
    """Write what `content` returns, which is called when the new file is there.

    Raises AlreadyExists, what `content` raises, and OSError.
    """
    try:
        with new_file(file, or_abandoned=True) as descriptor:
            written = content()
            try:
                write_all(descriptor, written)
            except OSError as error:
                raise cannot("write", file, error) from None
    except FileExistsError:
        raise AlreadyExists(_("{file} exists. Name a new file.", file=file)) from None
