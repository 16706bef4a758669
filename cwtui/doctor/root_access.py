"""Root's own way in, for the day when cwtui cannot be asked."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from cwtui.doctor.doors import door, doors
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.programs import CannotRun
from cwtui.doctor.sshd_settings import SshdSettings, settings_for
from cwtui.doctor.subject import Subject
from cwtui.host.untrusted_files import read_regular
from cwtui.language import N_, _

_AREA: Final = Area.ROOT
_ROOT: Final = UnixUser("root", 0, 0, "/root", "/bin/sh")
_found = partial(Finding, _AREA)
_MOST: Final = 1 << 20
_LOCKED: Final = ("", "*", "!", "x")
_ADVICE: Final = N_(
    "Keep one way in that does not ask cwtui: a key for root (PermitRootLogin "
    "prohibit-password, Match User root with AuthenticationMethods publickey, and PAM's "
    "account lines past cwtui for uid 0), or root's Unix password on the console."
)


def findings(subject: Subject) -> Iterator[Finding]:
    if not doors(subject):
        yield _found(Level.OK, _("No door asks cwtui, so root gets in as before."))
        return
    if not subject.machine.is_root:
        yield _found(
            Level.UNKNOWN,
            _("Only root can check whether root gets in without cwtui."),
            _("Run: {command}", command=subject.again(_AREA.value)),
        )
        return
    ways = [*_by_key(subject), *_on_console(subject)]
    if ways:
        yield _found(Level.OK, _("Root gets in without cwtui {ways}.", ways=_(" and ").join(ways)))
        yield _found(Level.NOTE, _("Try it once while the service is stopped."))
    else:
        yield _found(
            Level.WARNING,
            _(
                "No way in for root was found that works if cwtui cannot be asked. Another user "
                "outside cwtui may have one."
            ),
            _(_ADVICE),
        )


def _by_key(subject: Subject) -> Iterator[str]:
    try:
        settings = settings_for(subject.machine, "root")
    except CannotRun:
        return
    if settings.get("permitrootlogin") == "no" or not settings.key_alone:
        return
    sshd = door(subject, "sshd")
    passes = (
        sshd is None or not sshd.cwtui_in("account") or (sshd.if_refused("account", _ROOT).accepts)
    )
    if passes and _has_keys(subject, settings):
        yield _("over SSH with a key")


def _has_keys(subject: Subject, settings: SshdSettings) -> bool:
    for name in settings.get("authorizedkeysfile").split():
        relative = name.replace("%h", "/root").replace("%u", "root").replace("%%", "%")
        path = relative if relative.startswith("/") else f"/root/{relative}"
        try:
            content = read_regular(subject.machine.path(path), _MOST)
        except OSError:
            continue
        if any(line.strip() and not line.startswith(b"#") for line in content.splitlines()):
            return True
    return False


def _on_console(subject: Subject) -> Iterator[str]:
    login = door(subject, "login")
    if login is not None and not login.if_refused("auth", _ROOT).accepts:
        return
    if (
        login is not None
        and login.cwtui_in("account")
        and (not login.if_refused("account", _ROOT).accepts)
    ):
        return
    try:
        shadow = read_regular(subject.machine.path("/etc/shadow"), _MOST).decode(errors="replace")
    except OSError:
        return
    line = next((one for one in shadow.splitlines() if one.startswith("root:")), "")
    password = line.split(":")[1] if line else ""
    if password not in _LOCKED and not password.startswith("!"):
        yield _("on the console with a password")
