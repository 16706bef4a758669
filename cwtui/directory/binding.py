"""Bind to the server: as the bind account, or as a person to check their password."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    NoDirectoryUser,
    PasswordNotice,
    WrongDirectoryPassword,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.directory import answers, bind_password, entries
from cwtui.directory.answers import Answer
from cwtui.directory.channel import Channel
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.entries import Entry
from cwtui.language import N_, _

_WARN_SECONDS: Final = 5 * 86400
"""The default of Windows ("Prompt user to change password before expiration")."""

_MOST_SECONDS: Final = 366 * 86400
_MOST_GRACE: Final = 1000
"""Larger values are not useful as a warning, and may not be valid dates."""

_WHY_REFUSED: Final[dict[type[DirectoryRefused], str]] = {
    DirectoryPasswordExpired: N_("its password has expired"),
    DirectoryPasswordMustChange: N_("its password must be changed first"),
    DirectoryAccountLocked: N_("it is locked after too many wrong passwords"),
    DirectoryAccountDisabled: N_("it is disabled"),
}


def bind_account(channel: Channel, config: DirectoryConfig) -> None:
    """Bind as the bind account. Raises DirectoryMisconfigured if it is refused."""
    answer = channel.bind(config.bind_dn, bind_password.read(config))
    try:
        answers.check_bind(answer)
    except DirectoryRefused as refusal:
        raise DirectoryMisconfigured(_refused(answer, refusal, config.bind_dn)) from None


def _refused(answer: Answer, refusal: DirectoryRefused, bind_dn: str) -> str:
    name, technical = visible(bind_dn), answer.technical
    if type(refusal) not in _WHY_REFUSED:
        return _(
            "The directory refuses the bind account {name}: {why}. Check bind_dn and its password "
            "in [directory].",
            name=name,
            why=technical,
        )
    why = _(_WHY_REFUSED[type(refusal)])
    if answer.code != answers.SUCCESS:
        why = f"{why} ({technical})"
    return _("The directory refuses the bind account {name}: {why}.", name=name, why=why)


def check(channel: Channel, dn: str, password: Secret, entry: Entry | None, now: float) -> Answer:
    """Bind as the person, and return the answer if the password is correct.

    `entry` is the person's entry as the bind account sees it, if there is a bind account. Raises
    DirectoryRefused.
    """
    *first, last = spellings(password)
    for spelling in first:
        try:
            return _checked(channel, dn, spelling, entry, now)
        except NoDirectoryUser:
            raise
        except WrongDirectoryPassword:
            continue
    return _checked(channel, dn, last, entry, now)


def spellings(password: Secret) -> Iterator[Secret]:
    """Yield the password in NFC, as most keyboards send it, and as typed if that differs.

    Some systems send "é" as two characters, and servers compare bytes.
    """
    composed = Secret(unicodedata.normalize("NFC", password.reveal()))
    yield composed
    if composed.reveal() != password.reveal():
        yield password


def notice(answer: Answer, entry: Entry, now: float) -> PasswordNotice | None:
    """Return the notice for a correct password that expires soon or has expired, if any."""
    policy = answer.policy
    if policy.grace is not None and 0 <= policy.grace <= _MOST_GRACE:
        return PasswordNotice(grace_left=policy.grace)
    at = entries.password_expires_at(entry)
    left = policy.seconds if policy.seconds is not None else at - now if at is not None else -1
    # A server that warns by itself decides how early.
    most = _MOST_SECONDS if policy.seconds is not None else _WARN_SECONDS
    return PasswordNotice(expires_at=now + left) if 0 <= left <= most else None


def _checked(
    channel: Channel, dn: str, password: Secret, entry: Entry | None, now: float
) -> Answer:
    answer = channel.bind(dn, password)
    try:
        answers.check_bind(answer)
    except DirectoryAccountLocked:
        # Servers also report an account as locked if an administrator disabled it.
        if entry is not None and not entries.is_enabled(entry, now):
            raise answers.disabled() from None
        raise
    return answer
