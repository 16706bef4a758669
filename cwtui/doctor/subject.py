"""What several areas look at. Each part is read once, when it is first needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from cwtui import hints, installation, maintenance
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import BY_USERNAME, AccountRow
from cwtui.accounts.settings import OrganizationSettings
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import Area
from cwtui.doctor.machine import Machine, UnixUser
from cwtui.doctor.pam_files import PamFiles, Service
from cwtui.doctor.programs import CannotRun
from cwtui.language import _
from cwtui.maintenance import Glance

T = TypeVar("T")

_DOORS: Final = ("sshd", "sudo", "sudo-i", "login", "su", "su-l")
"""Services that are looked at even if nothing there mentions cwtui."""
CWTUI: Final = "pam_cwtui.so"
_TRIED: Final = 5
"""How many people's sign-ins are worked out."""
_SOMEBODY: Final = UnixUser("somebody", 60_000, 60_000, "/home/somebody", "/bin/sh")
"""Tried if the host lists no people."""
MOST_ACCOUNTS: Final = 500
"""How many accounts are compared with Unix users."""


@dataclass(frozen=True)
class Accounts:
    """The first accounts, how many there are in all, and all of them that have a last day."""

    rows: Sequence[AccountRow]
    total: int
    settings: OrganizationSettings
    dated: Sequence[AccountRow]


@dataclass
class Subject:
    """The host and its configuration. Where a part cannot be read, its value is the error."""

    machine: Machine
    load: Callable[[], Config]
    config_path: str
    command: str
    """How this command began, such as `cwtui --config FILE doctor`, to say how to run it again."""
    areas: frozenset[Area] = frozenset(Area)
    """What is looked at."""
    _once: dict[str, object] = field(default_factory=dict, init=False)

    @cached_property
    def config(self) -> Config | ConfigError:
        try:
            return self.load()
        except ConfigError as error:
            return error

    @cached_property
    def settings(self) -> Config:
        """The configuration, or the defaults if it cannot be read, which another area says."""
        return Config() if isinstance(self.config, ConfigError) else self.config

    @cached_property
    def owner(self) -> int | None:
        """The uid of the store's owner; None if there is no store or it cannot be determined."""
        if isinstance(self.config, ConfigError) or self.config.database:
            return None
        try:
            return self.config.folder.stat().st_uid
        except OSError:
            return None

    @cached_property
    def glance(self) -> Glance | CannotCheck | ConfigError:
        """A quick look at the store; the error if this user cannot look at it."""
        if isinstance(self.config, ConfigError):
            return self.config
        if self.is_others:
            return CannotCheck(_("The store belongs to another Unix user."))
        try:
            return maintenance.glance(self.config)
        except CannotCheck as error:
            return error

    @property
    def is_others(self) -> bool:
        """Whether the store belongs to another Unix user."""
        return self.owner is not None and self.owner != self.machine.euid

    @cached_property
    def accounts(self) -> Accounts | None:
        """The accounts; None if they cannot be read, which another area says."""
        glance = self.glance
        if isinstance(glance, Exception) or glance.accounts is None:
            return None
        try:
            return Accounts(
                glance.accounts.page(Query(), BY_USERNAME, limit=MOST_ACCOUNTS),
                glance.accounts.count(Query()),
                glance.accounts.settings(),
                [row for row in glance.accounts.rows() if row.expires_at is not None],
            )
        except CannotCheck:
            return None

    @cached_property
    def pam(self) -> dict[str, Service]:
        """PAM's services by name: the usual doors, and all that ask cwtui."""
        files = PamFiles(self.machine.root)
        there = files.names()
        found = {name: files.service(name) for name in there}
        return {
            name: service
            for name, service in found.items()
            if name in _DOORS or (asks_cwtui(service) and name not in files.included)
        }

    @cached_property
    def unix_users(self) -> list[UnixUser] | CannotRun:
        """All Unix users that this host lists."""
        try:
            return self.machine.unix_users()
        except CannotRun as error:
            return error

    @cached_property
    def people(self) -> list[UnixUser]:
        """Unix users who can probably sign in, without root. Those who have an account first."""
        users = self.unix_users if isinstance(self.unix_users, list) else []
        names = {row.username for row in self.accounts.rows} if self.accounts else set()
        return sorted(
            (one for one in users if one.is_person), key=lambda one: one.name not in names
        )

    @property
    def tried(self) -> Sequence[UnixUser]:
        """Some of them, whose sign-ins are worked out; somebody if the host lists nobody."""
        return self.people[:_TRIED] or [_SOMEBODY]

    def by_owner(self, words: str) -> str:
        """Return how the owner of the store runs cwtui with these words."""
        if self.owner is None:
            return installation.by_owner(self.settings, words)
        if not self.is_others:
            return hints.again(words)
        return f"{self.machine.becoming(self.owner)} {hints.as_called()} {words}"

    def again(self, *areas: str, uid: int = 0) -> str:
        """Return the command that looks at these areas as another Unix user."""
        words = " ".join((self.command, *areas))
        if uid == 0:
            return f"sudo {words}"
        return f"{self.machine.becoming(uid)} {words}"


def asks_cwtui(service: Service) -> bool:
    return any(module.name == CWTUI for kind in service.steps for module in service.modules(kind))
