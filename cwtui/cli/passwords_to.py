"""The file for initial passwords that commands make."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import click

from cwtui.accounts.bulk import sentences
from cwtui.accounts.errors import AlreadyExists, CannotCheck, Refused
from cwtui.accounts.importing.creating import Made
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.ports import AccountStore
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import WrongUsage
from cwtui.cli.initial_password import invite_option
from cwtui.cli.input_file import STANDARD_INPUT
from cwtui.cli.options import as_one
from cwtui.cli.output import say
from cwtui.host.passwords_file import PasswordsFile
from cwtui.language import _, ngettext


def _a_file(_ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    # Elsewhere - is a stream, but passwords must not end up in the log of a job.
    if path is not None and str(path) == STANDARD_INPUT:
        raise WrongUsage(
            _("--passwords-to needs the name of a new file. It cannot be - for standard output.")
        )
    return path


passwords_to_option: Final = click.option(
    "--passwords-to",
    metavar="NEWFILE",
    type=click.Path(path_type=Path),
    callback=_a_file,
    help="Write the initial passwords to this new file, with mode 0600; - is refused.",
)


class Keep(Protocol):
    """Writes usernames and their initial passwords to disk, as `PasswordsFile.add` does."""

    def __call__(
        self, made: Iterable[tuple[str, Secret]], *, invited: bool | None = None
    ) -> None: ...


def _always() -> bool:
    return True


@contextmanager
def passwords_file(
    path: Path | None,
    *,
    invitations: bool | None = False,
    may_be_valid: Callable[[], bool] = _always,
) -> Iterator[Keep]:
    """Create the file, and yield the function that writes to it.

    `invitations`: it is for invitation codes; None if it is for both. At the end the file is
    removed if it has no passwords or, as they are not valid, after Refused. After any other error
    it is kept if `may_be_valid` returns true. Raises AlreadyExists and OSError.
    """
    if path is None:
        yield _keep_nothing
        return
    try:
        file = PasswordsFile(path, invitations=invitations)
    except FileExistsError:
        raise AlreadyExists(_("{path} exists. Name a new file.", path=path)) from None
    is_valid = True
    try:
        yield file.add
    except Refused:
        is_valid = False
        raise
    except BaseException:
        is_valid = bool(file.count) and may_be_valid()
        if is_valid:
            say(
                _(
                    "{path} is kept, as some of what it holds may be valid. Look with: cwtui "
                    "user list",
                    path=path,
                )
            )
        raise
    finally:
        file.close(keep=is_valid)


def _keep_nothing(made: Iterable[tuple[str, Secret]], *, invited: bool | None = None) -> None:
    """Stand for a file where there is nothing to keep."""


@dataclass(frozen=True)
class InitialPasswords:
    """The new file for the initial passwords of new accounts, if one was named.

    `invite`: they are invitation codes, unless the file of the accounts says something else.
    """

    passwords_to: Path | None
    invite: bool

    def check_named(self, plan: Plan) -> None:
        """Raise WrongUsage if the plan makes initial passwords and no file is named for them."""
        if self.passwords_to is not None or not plan.without_password:
            return
        passwords = plan.without_password - plan.invitations
        raise WrongUsage(
            ngettext(
                "{number} new account would get initial passwords, as there are none to take "
                "over. Name a new file for them: --passwords-to NEWFILE",
                "{number} new accounts would get initial passwords, as there are none to take "
                "over. Name a new file for them: --passwords-to NEWFILE",
                passwords,
            )
            if passwords
            else _("Name a new file for the invitation codes: --passwords-to NEWFILE")
        )

    def say_where(self, plan: Plan) -> None:
        """Say where the initial passwords are that this plan made, and how long they are valid."""
        passwords = plan.without_password - plan.invitations
        for invited, number in ((False, passwords), (True, plan.invitations)):
            if self.passwords_to is not None and number:
                say(sentences.passwords_in(self.passwords_to, number, invited=invited))

    @contextmanager
    def handed_over(
        self, plan: Plan, accounts: AccountStore
    ) -> Iterator[Callable[[Sequence[Made]], None]]:
        """Create the file for what the plan makes, and yield the function that writes it there.

        After an error, it is kept if some of the new accounts are in `accounts`.
        """
        is_only = plan.invitations == plan.without_password
        kind = is_only if is_only or not plan.invitations else None
        file = self.passwords_to if plan.without_password else None

        def may_be_valid() -> bool:
            try:
                return not {one.username for one in plan.new}.isdisjoint(accounts.names())
            except CannotCheck:
                return True

        with passwords_file(file, invitations=kind, may_be_valid=may_be_valid) as keep:

            def hand_over(made: Sequence[Made]) -> None:
                for invited in (False, True):
                    kept = [
                        (one.account.username, one.password)
                        for one in made
                        if one.password is not None and one.account.invited is invited
                    ]
                    if kept:
                        keep(kept, invited=invited)

            yield hand_over


options: Final = as_one(
    "initial",
    InitialPasswords,
    passwords_to_option,
    invite_option(
        "Make invitation codes instead of initial passwords, except where FILE says invite=no."
    ),
)
"""Decorate a command that creates accounts with --passwords-to and --invite; it gets `initial`."""
