"""What PAM would decide at a door of the host for a person, and what cwtui has to do with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from cwtui.doctor.machine import Machine, UnixUser
from cwtui.doctor.pam_files import Module, Service
from cwtui.doctor.pam_stack import IGNORE, REFUSED, SUCCESS, Decisions, decisions
from cwtui.doctor.programs import CannotRun
from cwtui.doctor.subject import CWTUI, Subject, asks_cwtui

_DECIMAL: Final = re.compile("0|[1-9][0-9]{0,9}")
"""pam_succeed_if also reads octal and hexadecimal numbers. They are rare, so they are unknown."""
_USUAL_SOCKET: Final = "/run/cwtui/pam"
"""What the module asks if no argument names a socket."""
_REFUSALS: Final = (REFUSED, "maxtries", "user_unknown", "authinfo_unavail", "acct_expired")
"""How cwtui can refuse; a stack may treat each of them in another way."""
_FACTORS: Final = frozenset(
    f"pam_{name}.so"
    for name in (
        "unix", "unix2", "sss", "ldap", "krb5", "winbind", "google_authenticator", "oath", "u2f",
        "yubico", "pkcs11", "p11", "radius_auth", "fprintd", "systemd_home", "pwdfile", "userdb",
        "duo", "tcb",
    )
)  # fmt: skip
"""Modules that ask for a password, a code or the like."""
_WITHOUT_OPINION: Final = frozenset(
    f"pam_{name}.so"
    for name in (
        "cap", "echo", "env", "faildelay", "gnome_keyring", "group", "keyinit", "kwallet5",
        "limits", "loginuid", "mail", "motd", "nologin", "selinux", "systemd", "umask", "warn",
    )
)  # fmt: skip
_ALWAYS: Final = {
    **dict.fromkeys(_WITHOUT_OPINION, IGNORE),
    "pam_deny.so": REFUSED,
    "pam_permit.so": SUCCESS,
    "pam_faillock.so": SUCCESS,
    # Root may become anybody; this is about all others.
    "pam_rootok.so": REFUSED,
    # These only restrict.
    **dict.fromkeys(("pam_access.so", "pam_securetty.so", "pam_time.so"), SUCCESS),
}
"""What modules say, whoever it is."""
_CONDITION_FLAGS: Final = frozenset(
    ("quiet", "quiet_fail", "quiet_success", "use_uid", "debug", "audit")
)
_CONDITION: Final = 3
"""Words of a condition of pam_succeed_if: field, operator, value."""
_NUMBERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "=": int.__eq__, "eq": int.__eq__, "!=": int.__ne__, "ne": int.__ne__, "<": int.__lt__,
    "lt": int.__lt__, "<=": int.__le__, "le": int.__le__, ">": int.__gt__, "gt": int.__gt__,
    ">=": int.__ge__, "ge": int.__ge__,
}  # fmt: skip

_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda text, value: text == value,
    "!=": lambda text, value: text != value,
    "=~": fnmatchcase,
    "!~": lambda text, value: not fnmatchcase(text, value),
    "in": lambda text, value: text in value.split(":"),
    "notin": lambda text, value: text not in value.split(":"),
}


@dataclass(frozen=True)
class Door:
    """One PAM service."""

    service: Service
    machine: Machine

    @property
    def name(self) -> str:
        return self.service.name

    def cwtui_in(self, kind: str) -> list[Module]:
        return [module for module in self.service.modules(kind) if module.name == CWTUI]

    @property
    def modules(self) -> list[Module]:
        """All lines that name cwtui's module."""
        return [module for kind in self.service.steps for module in self.cwtui_in(kind)]

    @property
    def sockets(self) -> set[str]:
        """The sockets of the service that these lines ask."""
        return {
            next(
                (word.partition("=")[2] for word in module.arguments if word.startswith("socket=")),
                _USUAL_SOCKET,
            )
            for module in self.modules
        }

    @property
    def asks_for_code_only(self) -> bool:
        """Whether cwtui asks for no password here."""
        modules = self.cwtui_in("auth")
        return bool(modules) and all(
            {"mode=code", "mode=key"} & {*module.arguments} for module in modules
        )

    @property
    def needs_key(self) -> bool:
        """Whether cwtui refuses whoever sshd has not let in by key."""
        return any("mode=key" in module.arguments for module in self.cwtui_in("auth"))

    @property
    def null_ok(self) -> bool:
        return any("nullok" in module.arguments for module in self.cwtui_in("auth"))

    def if_refused(self, kind: str, user: UnixUser) -> Decisions:
        """Return what `auth` or `account` decides if cwtui refuses, however it does.

        All other factors are taken to be right.
        """
        found = [self._decisions(kind, user, refusal, SUCCESS) for refusal in _REFUSALS]
        return Decisions(any(one.accepts for one in found), all(one.refuses for one in found))

    def accepts_cwtui_alone(self, user: UnixUser) -> bool:
        """Whether `auth` accepts if cwtui does and all other factors are wrong."""
        return self._decisions("auth", user, SUCCESS, REFUSED).accepts

    def _decisions(self, kind: str, user: UnixUser, cwtui: str, factor: str) -> Decisions:
        known: dict[Module, str | None] = {}

        def result_of(module: Module) -> str | None:
            if module not in known:
                known[module] = self._result(kind, module, user, cwtui, factor)
            return known[module]

        return decisions(self.service.steps.get(kind, ()), result_of)

    def _result(
        self, kind: str, module: Module, user: UnixUser, cwtui: str, factor: str
    ) -> str | None:
        name = module.name
        if name == "pam_succeed_if.so":
            return _in_words(condition(module.arguments, user, self.machine, self.name))
        if name == "pam_faillock.so" and "authfail" in module.arguments:
            return REFUSED
        factor = factor if kind == "auth" else SUCCESS
        return {CWTUI: cwtui, **_ALWAYS, **dict.fromkeys(_FACTORS, factor)}.get(name)


def door(subject: Subject, name: str) -> Door | None:
    """Return this door of the host if it asks cwtui for anything."""
    service = subject.pam.get(name)
    return Door(service, subject.machine) if service and asks_cwtui(service) else None


def doors(subject: Subject) -> list[Door]:
    """Return the doors that ask cwtui."""
    return [one for one in (door(subject, name) for name in subject.pam) if one is not None]


def _in_words(holds: bool | None) -> str | None:
    if holds is None:
        return None
    return SUCCESS if holds else REFUSED


def condition(
    arguments: tuple[str, ...], user: UnixUser, machine: Machine, service: str
) -> bool | None:
    """Return whether the conditions of pam_succeed_if(8) hold; None if that is not known."""
    words = [word for word in arguments if word not in _CONDITION_FLAGS]
    if not words or len(words) % _CONDITION:
        return None
    parts = [words[at : at + _CONDITION] for at in range(0, len(words), _CONDITION)]
    answers = [_holds(field, sign, value, user, machine, service) for field, sign, value in parts]
    if False in answers:
        return False
    return None if None in answers else True


def _holds(
    field: str, sign: str, value: str, user: UnixUser, machine: Machine, service: str
) -> bool | None:
    if sign in {"ingroup", "notingroup"}:
        return _is_in_group(value, user, machine, wanted=sign == "ingroup")
    if field in {"uid", "gid"} and sign in _NUMBERS:
        number = user.uid if field == "uid" else user.gid
        return _NUMBERS[sign](number, int(value)) if _DECIMAL.fullmatch(value) else None
    texts = {"user": user.name, "shell": user.shell, "home": user.home, "service": service}
    compare = _TEXTS.get(sign)
    return compare(texts[field], value) if field in texts and compare is not None else None


def _is_in_group(value: str, user: UnixUser, machine: Machine, *, wanted: bool) -> bool | None:
    try:
        return machine.groups(user.name).isdisjoint(value.split(":")) is not wanted
    except CannotRun:
        return None
