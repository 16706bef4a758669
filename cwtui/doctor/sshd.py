"""sshd: what happens to whom, as `sshd -T` and PAM's files say together."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.accounts.text import listed
from cwtui.doctor.before_command import before_command
from cwtui.doctor.doors import Door, door
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.machine import Machine, UnixUser
from cwtui.doctor.programs import CannotRun, NotInstalled
from cwtui.doctor.sshd_commands import Asked, about_commands
from cwtui.doctor.sshd_settings import SshdSettings, matched_users, settings_for
from cwtui.doctor.subject import Subject
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

_AREA: Final = Area.SSHD
_found = partial(Finding, _AREA)
_GRACE: Final = 300
"""Seconds that a first sign-in needs at least: an app is installed, and a code is scanned."""
_MATCHED: Final = 4
"""How many users of Match lines are worked out too."""
_KBDINT: Final = "keyboard-interactive"
_CONFIGURED: Final = "/etc/ssh/sshd_config"
_MOST: Final = 1 << 18
_MOST_FILES: Final = 50


def findings(subject: Subject) -> Iterator[Finding]:
    people = {user.name: user for user in (*subject.tried, *_matched(subject))}
    try:
        asked = [Asked(user, settings_for(subject.machine, name)) for name, user in people.items()]
        for_root = settings_for(subject.machine, "root")
    except NotInstalled as error:
        yield _found(Level.NOTE, _("sshd was not looked at: {reason}.", reason=error))
        return
    except CannotRun as error:
        action = (
            # While it is stopped, its folder in /run may be missing.
            _("Correct that, or start sshd: systemctl start ssh")
            if subject.machine.is_root
            else _("Run as root: {command}", command=subject.again(_AREA.value))
        )
        yield _found(
            Level.UNKNOWN, _("Cannot check what sshd does. {reason}.", reason=error), action
        )
        return
    at = door(subject, "sshd")
    yield from judged(asked, at)
    yield from _kiosks_without_account(asked, at)
    yield from about_commands(asked, for_root, subject)
    yield from before_command([one for one in asked if one.is_kiosk], subject.machine)
    yield from _by_address(subject.machine)
    yield from _not_reloaded(asked[0].settings, subject.machine)


def judged(asked: Sequence[Asked], at: Door | None) -> Iterator[Finding]:
    """Yield what happens to people who may sign in as themselves, and not to shared users."""
    persons = [one for one in asked if one.user.is_person and not one.is_kiosk]
    if not persons:
        yield _found(Level.OK, _("No person was found who could sign in over SSH."))
        return
    if at is None or not (at.cwtui_in("auth") or at.cwtui_in("account")):
        yield from _before(persons)
        return
    without_pam = [person for person in persons if not person.settings.is_on("usepam")]
    if without_pam:
        yield _found(
            Level.PROBLEM,
            _(
                "UsePAM is off, so sshd never asks cwtui about {names}.",
                names=_names(without_pam, persons),
            ),
            _("Set UsePAM yes."),
        )
        return
    if not at.cwtui_in("auth"):
        yield _found(Level.OK, _("sshd asks cwtui whether the account may enter, and for no code."))
        return
    by_cwtui = [person for person in persons if not at.if_refused("auth", person.user).accepts]
    if not by_cwtui:
        yield _found(Level.NOTE, _("At sshd, cwtui does not decide who gets in: see PAM."))
        return
    wrong = [*_wrong(by_cwtui, at)]
    yield from wrong
    if not wrong:
        ways = sorted({" + ".join(way) for person in by_cwtui for way in person.settings.ways})
        yield _found(
            Level.OK,
            _(
                "If cwtui agrees, sshd lets {names} in by {ways}.",
                names=_names(by_cwtui, []),
                ways=_(" or ").join(ways),
            ),
        )


def _wrong(persons: Sequence[Asked], one: Door) -> Iterator[Finding]:
    def such(chosen: Iterable[Asked]) -> tuple[Level, str] | None:
        found = [*chosen]
        if not found:
            return None
        everyone = len(found) == len(persons)
        return Level.PROBLEM if everyone else Level.WARNING, _names(found, persons)

    if some := such(p for p in persons if not p.settings.ways):
        yield _found(
            some[0],
            _(
                "sshd cannot let {names} in: AuthenticationMethods needs a method that is off.",
                names=some[1],
            ),
            _("Switch the methods on that it names, such as KbdInteractiveAuthentication yes."),
        )
    persons = [p for p in persons if p.settings.ways]
    if some := such(p for p in persons if not any(_KBDINT in way for way in p.settings.ways)):
        yield _found(
            some[0],
            _("sshd never asks {names} for a code: keyboard-interactive is off.", names=some[1]),
            _(
                "Set KbdInteractiveAuthentication yes, and name keyboard-interactive:pam in "
                "AuthenticationMethods."
            ),
        )
    unasked = {
        way for p in persons for way in p.settings.ways if not {_KBDINT, "password"} & {*way}
    }
    for way in sorted(unasked):
        if some := such(p for p in persons if way in p.settings.ways):
            yield _found(
                some[0],
                _("An SSH key alone lets {names} in, without a code.", names=some[1])
                if {*way} == {"publickey"}
                else _(
                    "The method {method} alone lets {names} in, without a code.",
                    method=" + ".join(way),
                    names=some[1],
                ),
                _("Set AuthenticationMethods publickey,keyboard-interactive:pam"),
            )
    if some := such(p for p in persons if any("password" in way for way in p.settings.ways)):
        yield _found(
            some[0],
            _(
                "sshd offers {names} the method password, which cannot ask a second question: "
                "with MFA, nobody gets in that way, and without it, nobody is enrolled.",
                names=some[1],
            ),
            _("Set PasswordAuthentication no and KbdInteractiveAuthentication yes."),
        )
    if (
        one.asks_for_code_only
        and not one.needs_key
        and (
            some := such(
                p
                for p in persons
                if any(set(way) == {_KBDINT} for way in p.settings.ways)
                and one.accepts_cwtui_alone(p.user)
            )
        )
    ):
        yield _found(
            some[0],
            _(
                "A one-time code alone lets {names} in over SSH, without a key or a password.",
                names=some[1],
            ),
            _(
                "Set AuthenticationMethods publickey,keyboard-interactive:pam, or write mode=key "
                "in /etc/pam.d/sshd."
            ),
        )
    if short := [p for p in persons if 0 < p.settings.grace_seconds < _GRACE]:
        yield _found(
            Level.WARNING,
            _(
                "LoginGraceTime is {seconds} s for {names}. That is too short to register "
                "a device over SSH.",
                seconds=short[0].settings.grace_seconds,
                names=_names(short, persons),
            ),
            _("Set LoginGraceTime 600"),
        )


def _before(persons: Sequence[Asked]) -> Iterator[Finding]:
    """Yield what to set before PAM's file for sshd asks cwtui."""
    settings = persons[0].settings
    steps = [
        words
        for is_due, words in (
            (not settings.is_on("usepam"), "UsePAM yes"),
            (_KBDINT not in settings.methods, "KbdInteractiveAuthentication yes"),
            ("password" in settings.methods, "PasswordAuthentication no"),
            (
                settings.key_alone or settings.get("authenticationmethods") in {"", "any"},
                "AuthenticationMethods publickey,keyboard-interactive:pam",
            ),
            (0 < settings.grace_seconds < _GRACE, "LoginGraceTime 600"),
        )
        if is_due
    ]
    said = (
        _("sshd does not ask cwtui. It would first need: {steps}.", steps="; ".join(steps))
        if steps
        else _("sshd does not ask cwtui.")
    )
    yield _found(Level.NOTE, said)


def _kiosks_without_account(asked: Sequence[Asked], at: Door | None) -> Iterator[Finding]:
    """Yield the shared users whom PAM refuses before the application can ask who it is."""
    for one in asked:
        is_open = one.is_kiosk and "gate" not in one.forced.split() and one.settings.is_on("usepam")
        if (
            is_open
            and at
            and at.cwtui_in("account")
            and not at.if_refused("account", one.user).accepts
        ):
            yield _found(
                Level.PROBLEM,
                _(
                    "PAM asks cwtui for an account named {name}, and refuses without one. But "
                    "several people connect as this user, and the application asks them.",
                    name=one.name,
                ),
                _(
                    "In /etc/pam.d/sshd, skip pam_cwtui.so for this user, as in "
                    "/usr/share/cwtui/pam/pam.d/sshd-code."
                ),
            )


def _names(found: Sequence[Asked], among: Sequence[Asked]) -> str:
    if len(found) == len(among):
        return _("people")
    return listed([person.name for person in found], NAMED)


def _matched(subject: Subject) -> list[UnixUser]:
    """Return the users named in Match lines, root, and the owner of the store."""
    names = [name for content in _configured(subject.machine) for name in matched_users(content)]
    if subject.owner is not None:
        names.append(subject.machine.name_of(subject.owner))
    wanted = [name for name in dict.fromkeys(names) if name != "root"][:_MATCHED]
    try:
        return subject.machine.unix_users(*wanted) if wanted else []
    except CannotRun:
        return []


def _files(machine: Machine) -> list[Path]:
    main = machine.path(_CONFIGURED)
    return [main, *sorted(Path(f"{main}.d").glob("*.conf"))[:_MOST_FILES]]


def _configured(machine: Machine) -> Iterator[str]:
    for path in _files(machine):
        try:
            yield read_regular(path, _MOST).decode(errors="replace")
        except OSError:
            continue


def _not_reloaded(settings: SshdSettings, machine: Machine) -> Iterator[Finding]:
    """Yield a note if a file was changed after sshd has read it.

    sshd writes its pid file when it starts, and again when it is told to read its configuration.
    """
    pid_file = settings.get("pidfile")
    if not pid_file.startswith("/"):
        return
    try:
        since = machine.path(pid_file).stat().st_mtime
        newer = [path for path in _files(machine) if path.stat().st_mtime > since]
    except OSError:
        return
    if newer:
        yield _found(
            Level.NOTE,
            _(
                "sshd has not read {file} since it was changed. These findings are about the "
                "new settings.",
                file=newer[0],
            ),
            _("Check it, then reload sshd: sshd -t && systemctl reload ssh"),
        )


def _by_address(machine: Machine) -> Iterator[Finding]:
    pattern = r"(?im)^\s*match\s.*\b(address|host|localaddress|localport|rdomain)\b"
    if any(re.search(pattern, content) for content in _configured(machine)):
        yield _found(
            Level.NOTE,
            _(
                "sshd's settings depend on where a connection comes from. This check assumed one "
                "from 192.0.2.1 only."
            ),
            _("For another one: sshd -T -C user=NAME,host=HOST,addr=ADDRESS"),
        )
