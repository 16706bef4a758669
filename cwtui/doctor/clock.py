"""The clock: whether something keeps it right. One-time codes depend on it."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.programs import Answer, CannotRun
from cwtui.doctor.subject import Subject
from cwtui.language import N_, _, decimal

_AREA: Final = Area.CLOCK
_found = partial(Finding, _AREA)
_STA_UNSYNC: Final = 0x40
_TIME_ERROR: Final = 5
_FAR: Final = 10.0
"""Seconds of error that leave little of a one-time code's 30 seconds and its neighbours."""
_CHRONY_FIELDS: Final = 14
_ADVICE: Final = N_(
    "Start a time service, such as systemd-timesyncd or chrony. Codes are accepted only "
    "while the clock differs less than half a minute from the phones'."
)


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("others", ctypes.c_long * 24),
    ]


@dataclass(frozen=True)
class Kernel:
    """What the kernel says about its clock; `most_error` in seconds."""

    is_synchronised: bool
    most_error: float


def of_kernel() -> Kernel | None:
    """Ask the kernel (adjtimex(2)), which changes nothing. None if it does not say."""
    found = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    is_synchronised = state != _TIME_ERROR and not found.status & _STA_UNSYNC
    return Kernel(is_synchronised, found.maxerror / 1_000_000)


def findings(
    subject: Subject, kernel: Callable[[], Kernel | None] = of_kernel
) -> Iterator[Finding]:
    yield judged(kernel(), subject.machine)


def judged(kernel: Kernel | None, machine: Machine) -> Finding:
    """Return what the kernel says or, if it knows of no time service, what chrony or systemd say.

    chrony tells the kernel only if `rtcsync` is set.
    """
    if kernel is not None and kernel.is_synchronised:
        if kernel.most_error > _FAR:
            return _found(
                Level.WARNING,
                _(
                    "The kernel says that the clock may be {most_error} s off.",
                    most_error=f"{kernel.most_error:.0f}",
                ),
                _(_ADVICE),
            )
        return _found(
            Level.OK,
            _(
                "The kernel says that the clock is synchronised, to {most_error} s (adjtimex).",
                most_error=decimal(kernel.most_error, 2),
            ),
        )
    for program, answered in (("chronyc", _chrony(machine)), ("timedatectl", _systemd(machine))):
        if answered:
            return _found(
                Level.OK,
                _(
                    "{program} says that the clock is synchronised; the kernel does not say.",
                    program=program,
                )
                if kernel is None
                else _(
                    "{program} says that the clock is synchronised; the kernel says no.",
                    program=program,
                ),
            )
    if kernel is None:
        return _found(
            Level.UNKNOWN,
            _(
                "Neither the kernel nor chronyc or timedatectl says whether the clock is "
                "synchronised."
            ),
            _(_ADVICE),
        )
    return _found(
        Level.WARNING,
        _(
            "The clock is not synchronised, says the kernel (adjtimex), and neither chronyc nor "
            "timedatectl says otherwise."
        ),
        _(_ADVICE),
    )


def _chrony(machine: Machine) -> bool:
    answer = _asked(machine, "chronyc", "-c", "tracking")
    fields = answer.out.strip().split(",") if answer is not None else []
    return len(fields) == _CHRONY_FIELDS and fields[-1] != "Not synchronised"


def _systemd(machine: Machine) -> bool:
    answer = _asked(machine, "timedatectl", "show", "--property=NTPSynchronized")
    return answer is not None and answer.out.strip() == "NTPSynchronized=yes"


def _asked(machine: Machine, program: str, *arguments: str) -> Answer | None:
    try:
        answer = machine.ask(program, *arguments)
    except CannotRun:
        return None
    return answer if answer.status == 0 else None
