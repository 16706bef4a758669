"""Read what `sshd -T` prints: the settings for one connection (sshd(8), sshd_config(5))."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cwtui.doctor.machine import Machine
from cwtui.doctor.programs import CannotRun
from cwtui.language import _

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_KBDINT: Final = "keyboard-interactive"
_FROM: Final = "host=client.example,addr=192.0.2.1,laddr=192.0.2.2,lport=22"
"""A connection from nowhere in particular (RFC 5737)."""


@dataclass(frozen=True)
class SshdSettings:
    """The settings for the connections of one user. Names are in lower case."""

    values: dict[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """Return the setting; empty if sshd does not print it."""
        return next(iter(self.values.get(name, ())), "")

    def is_on(self, name: str) -> bool:
        return self.get(name) == "yes"

    @property
    def grace_seconds(self) -> int:
        """LoginGraceTime; 0 means for ever."""
        return seconds(self.get("logingracetime"))

    @cached_property
    def methods(self) -> frozenset[str]:
        """The methods that are switched on."""
        switches = {
            "publickey": "pubkeyauthentication",
            "password": "passwordauthentication",
            _KBDINT: "kbdinteractiveauthentication",
            "hostbased": "hostbasedauthentication",
            "gssapi-with-mic": "gssapiauthentication",
        }
        return frozenset(method for method, switch in switches.items() if self.is_on(switch))

    @cached_property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """The ways in: the methods that each needs, in this order. Only those that can work.

        The same method may be needed twice; a submethod such as `:pam` is left out.
        """
        wanted = self.get("authenticationmethods") or "any"
        if wanted == "any":
            return tuple((method,) for method in sorted(self.methods))
        lists = [
            tuple(method.partition(":")[0] for method in one.split(",")) for one in wanted.split()
        ]
        return tuple(one for one in dict.fromkeys(lists) if self.methods.issuperset(one))

    @property
    def key_alone(self) -> bool:
        """Whether a public key is all that is asked for."""
        return any(set(way) == {"publickey"} for way in self.ways)


def settings_for(machine: Machine, user: str) -> SshdSettings:
    """Ask sshd for its settings for this user. Raises CannotRun."""
    answer = machine.ask("sshd", "-T", "-C", f"user={user},{_FROM}")
    if answer.status:
        said = answer.err.strip().splitlines()
        answered = said[-1].rstrip(".") if said else _("nothing")
        raise CannotRun(_("sshd says: {answer}", answer=answered))
    return parse(answer.out)


def parse(printed: str) -> SshdSettings:
    """Return the settings in the output of `sshd -T`. A name may occur several times."""
    values: dict[str, tuple[str, ...]] = {}
    for line in printed.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            values[name.lower()] = (*values.get(name.lower(), ()), value.strip())
    return SshdSettings(values)


def seconds(time: str) -> int:
    """Return the seconds of a time such as 120, 2m or 1h30m (sshd_config(5), TIME FORMATS)."""
    if re.fullmatch(r"([0-9]{1,9}[smhdwSMHDW]?)+", time) is None:
        return 0
    parts = re.findall(r"([0-9]{1,9})([smhdwSMHDW]?)", time)
    return sum(int(number) * _UNITS[unit.lower() or "s"] for number, unit in parts)


def matched_users(content: str) -> list[str]:
    """Return the users whom Match lines of sshd_config name without wildcards."""
    found: list[str] = []
    for line in content.splitlines():
        words = re.split(r"[\s=]+", line.strip())
        if words[0].lower() != "match":
            continue
        for criterion, value in zip(words[1::2], words[2::2], strict=False):
            if criterion.lower() == "user":
                found += [name for name in value.split(",") if re.fullmatch(r"[\w.@-]+", name)]
    return list(dict.fromkeys(found))
