"""The areas apart from the doors, each told from a small host."""

import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from cwtui import services
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotSearchDirectory,
    NoDirectoryUser,
    Step,
    Tell,
)
from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.settings import OrganizationSettings
from cwtui.config import AuditConfig, Config, ConfigError, PasswordsConfig, ServiceConfig
from cwtui.directory.config import DirectoryConfig
from cwtui.doctor import (
    clock,
    configuration,
    directory,
    keyring,
    people,
    programs,
    service,
    sessions,
    store,
    terminal,
)
from cwtui.doctor.clock import Kernel
from cwtui.doctor.doors import Door
from cwtui.doctor.findings import Area, Finding, Level, exit_status
from cwtui.doctor.keyring import Backup
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.people import Matching
from cwtui.doctor.programs import Answer, CannotRun
from cwtui.doctor.subject import Subject
from cwtui.ui.screens.entry import register_device
from tests.doctor.hosts import COMMON, PASSWD, machine, said, subject, with_pam

DAY = 86_400.0
SUDO = "auth required pam_cwtui.so mode=code\naccount required pam_cwtui.so\n"


def found(level: Level) -> Finding:
    return Finding(Area.STORE, level, "A sentence.")


@pytest.mark.parametrize(
    ("levels", "status"),
    [
        ((), 0),
        ((Level.OK, Level.NOTE, Level.WARNING), 0),
        ((Level.WARNING, Level.UNKNOWN), 3),
        ((Level.PROBLEM,), 1),
        # What is certainly wrong counts more.
        ((Level.PROBLEM, Level.UNKNOWN), 1),
    ],
)
def test_the_exit_status(levels: tuple[Level, ...], status: int) -> None:
    assert exit_status([found(level) for level in levels]) == status


# Programs


def test_a_program_is_bounded_in_time_and_size() -> None:
    assert programs.run("sh", ["-c", "echo $HOME-$LC_ALL; exit 3"]) == Answer(3, "-C\n", "")
    with pytest.raises(CannotRun, match="took longer than"):
        programs.run("sleep", ["60"], 0.1)
    with pytest.raises(CannotRun, match="printed more than"):
        programs.run("head", ["-c", "3000000", "/dev/zero"])
    with pytest.raises(CannotRun, match="not installed"):
        programs.run("no-such-program")


def test_what_a_program_started_ends_with_it() -> None:
    with pytest.raises(CannotRun):
        programs.run("sh", ["-c", "sleep 61 & wait"], 0.1)
    names = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert b"sleep\x0061\x00" not in names


def test_a_program_that_hung_is_not_run_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def hangs(_: object) -> Answer:
        asked.append("once")
        raise CannotRun("it hung")

    host = machine(tmp_path, programs={"sshd": hangs})
    for _ in range(3):
        with pytest.raises(CannotRun):
            host.ask("sshd", "-T")
    assert asked == ["once"]


# The clock


def of_clock(root: Path, kernel: Kernel | None, **answers: Answer) -> tuple[Level, str]:
    one = clock.judged(kernel, machine(root, programs=answers))
    return one.level, one.sentence


def test_who_says_that_the_clock_is_right(tmp_path: Path) -> None:
    level, sentence = of_clock(tmp_path, Kernel(is_synchronised=True, most_error=0.05))
    assert (level, sentence) == (
        Level.OK,
        "The kernel says that the clock is synchronised, to 0.05 s (adjtimex).",
    )
    assert of_clock(tmp_path, Kernel(is_synchronised=True, most_error=15))[0] is Level.WARNING
    unknown = Kernel(is_synchronised=False, most_error=16)
    assert of_clock(tmp_path, unknown)[0] is Level.WARNING
    assert of_clock(tmp_path, None)[0] is Level.UNKNOWN
    fields = (
        "A29FC87B,162.159.200.123,4,1764179000.1,0.0001,0.0002,0.0003,-1.2,0.0,0.03,0.01,0.002,64.5"
    )
    for kernel in (unknown, None):
        assert of_clock(tmp_path, kernel, chronyc=Answer(0, f"{fields},Normal\n", ""))[
            1
        ].startswith("chronyc says that the clock is synchronised")
        not_yet = Answer(0, f"{fields},Not synchronised\n", "")
        assert of_clock(tmp_path, kernel, chronyc=not_yet)[0] is not Level.OK
        yes = Answer(0, "NTPSynchronized=yes\n", "")
        assert of_clock(tmp_path, kernel, timedatectl=yes)[1].startswith("timedatectl says")


def test_the_kernel_answers() -> None:
    kernel = clock.of_kernel()
    assert kernel is None or kernel.most_error >= 0


# The keyring's copies


@pytest.mark.parametrize(
    ("backup", "level", "words"),
    [
        (Backup(None, searched_all=True), Level.WARNING, "the audit log has no backup"),
        (Backup(None, searched_all=False), Level.WARNING, "the newest events of the audit log has"),
        (Backup(9 * DAY, searched_all=False), Level.WARNING, "after the last backup of the store"),
        (Backup(11 * DAY, searched_all=False), Level.NOTE, "was made on 1970-01-12."),
        (Backup(10 * DAY, searched_all=False), Level.NOTE, "was made on 1970-01-11."),
    ],
)
def test_what_is_known_of_copies(backup: Backup, level: Level, words: str) -> None:
    (one,) = keyring.copies("ab12", 10 * DAY, backup, 12 * DAY)
    assert one.level is level
    assert words in one.sentence
    assert "ab12" in one.sentence + one.action


def test_an_old_backup_is_a_warning() -> None:
    (one,) = keyring.copies("ab12", 0, Backup(DAY, searched_all=False), 33 * DAY)
    assert one.level is Level.WARNING
    assert "32 days ago" in one.sentence


# The configuration


def test_what_deserves_a_look_in_the_configuration(tmp_path: Path) -> None:
    config = Config(
        passwords=PasswordsConfig(bcrypt_cost=10),
        service=ServiceConfig(fresh_minutes={"sudo": 5, "sudoo": 5}),
        audit=AuditConfig(syslog=str(tmp_path / "log")),
    )
    host = machine(tmp_path, with_pam({"sudo": SUDO}), environ={"CWTUI_STORE": "/tmp/x"})
    warnings = said(configuration.findings(subject(host, config)), Level.WARNING)
    assert [one.split()[0] for one in warnings] == [
        "passwords.bcrypt_cost",
        "service.fresh_minutes",
        "audit.syslog",
    ]
    assert "sudoo" in warnings[1]
    notes = said(configuration.findings(subject(host, config)), Level.NOTE)
    assert any("CWTUI_STORE is set" in one for one in notes)


def test_a_configuration_that_may_not_be_read_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("x")

    def refuse() -> Config:
        raise ConfigError("It cannot be used.")

    host = Subject(machine(tmp_path), refuse, str(file), "cwtui doctor")
    (one,) = configuration.findings(host)
    assert one.level is Level.PROBLEM
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    (one,) = configuration.findings(host)
    assert one.level is Level.UNKNOWN


# The directory


class Answers:
    """A directory that tells these steps, then raises this error."""

    def __init__(self, error: Exception | None, *steps: Step) -> None:
        self._error, self._steps = error, steps

    def explain(self, username: str, password: None, tell: Tell) -> None:
        assert (username, password) == ("cwtui-doctor", None)
        for step in self._steps:
            tell(step)
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "levels"),
    [
        (None, [Level.OK, Level.WARNING, Level.PROBLEM]),
        (NoDirectoryUser(), [Level.OK, Level.WARNING, Level.PROBLEM]),
        (CannotSearchDirectory(), [Level.NOTE, Level.OK, Level.WARNING, Level.PROBLEM]),
        (CannotReachDirectory(("no answer",)), [Level.PROBLEM]),
        (CannotCheck("The bind password is wrong."), [Level.PROBLEM]),
    ],
)
def test_what_the_directory_answers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    levels: list[Level],
) -> None:
    steps = (
        Step("server", True, "It answers."),
        Step("tls", False, "It is not encrypted."),
        Step("entry", False, "No entry matches."),
        Step("group", False, "A group does not exist."),
    )
    monkeypatch.setattr(services, "directory", lambda _: Answers(error, *steps))
    config = Config(
        directory=DirectoryConfig(
            servers=("ldaps://ldap.example.com",), base="dc=x", roles={"minimum-access": ("cn=a",)}
        )
    )
    found = directory.findings(subject(machine(tmp_path), config))
    assert [one.level for one in found] == levels


# Disk space


@pytest.mark.parametrize(
    ("blocks", "files", "level"),
    [(50_000, 5000, Level.OK), (20_000, 5000, Level.WARNING), (50_000, 900, Level.WARNING)],
)
def test_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, files: int, level: Level
) -> None:
    numbers = SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_files=10_000, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _: numbers)
    (one,) = store.room(tmp_path)
    assert one.level is level
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    (one,) = store.room(tmp_path)
    assert one.sentence.startswith(f"{tmp_path} is read-only")


# The service


def of_service(root: Path, path: Path, status: str | Exception, **pam: str) -> list[Finding]:
    def ask(_: Path) -> str:
        if isinstance(status, Exception):
            raise status
        return status

    config = Config(service=ServiceConfig(socket=str(path), gate_socket=str(path) + "-gate"))
    return [*service.findings(subject(machine(root, with_pam(pam)), config), ask)]


def test_a_missing_service_matters_only_where_a_door_asks_it(tmp_path: Path) -> None:
    (one,) = of_service(tmp_path, tmp_path / "pam", "")
    assert one.level is Level.OK
    (one,) = of_service(tmp_path, tmp_path / "pam", "", sudo=SUDO)
    assert one.level is Level.PROBLEM
    assert one.sentence.endswith("so nobody gets in at sudo.")


def test_whether_the_service_answers(tmp_path: Path) -> None:
    path = tmp_path / "pam"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        answer = '{"since": 0, "conversations": {"auth accepted": 2, "auth refused": 1}, "pid": 1}'
        (one,) = of_service(tmp_path, path, answer)
        assert one.sentence == (
            "The service answers. It has run since 1970-01-01 00:00 UTC, and was asked 3 times."
        )
        for status, level in (
            ("{", Level.PROBLEM),
            (CannotCheck("Hangs."), Level.PROBLEM),
            (Refused("No."), Level.UNKNOWN),
        ):
            (one,) = of_service(tmp_path, path, status)
            assert one.level is level
    path.unlink()
    path.write_text("")
    (one,) = of_service(tmp_path, path, answer)
    assert one.sentence == f"{path} is not a socket."


def test_everybody_may_knock_at_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "pam-gate"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        for mode, level in ((0o600, Level.PROBLEM), (0o666, Level.OK)):
            path.chmod(mode)
            assert of_service(tmp_path, tmp_path / "pam", "")[0].level is level


def test_the_owner_and_the_modes_of_the_socket() -> None:
    path, private = Path("/run/cwtui/pam"), stat.S_IFSOCK | 0o600
    assert not [*service.modes(path, 998, private, 0o755, 998)]
    assert not [*service.modes(path, 0, private, 0o755, 998)]
    (one,) = service.modes(path, 1000, private, 0o755, 998)
    assert "which does not own the store" in one.sentence
    (one,) = service.modes(path, 998, stat.S_IFSOCK | 0o666, 0o755, 998)
    assert one.level is Level.WARNING
    (one,) = service.modes(path, 998, private, 0o777, 998)
    assert one.level is Level.PROBLEM


# People


def row(
    name: str, *, factor: bool = False, required: bool = False, enabled: bool = True
) -> AccountRow:
    second = Present() if factor else None
    return AccountRow(username=name, second_factor=second, mfa_required=required, enabled=enabled)


def unix(*names: str) -> list[UnixUser]:
    return [UnixUser(name, 1000, 1000, "/home", "/bin/sh") for name in names]


def test_people_whom_a_door_would_refuse(tmp_path: Path) -> None:
    host = subject(machine(tmp_path, with_pam({"sudo": SUDO})))
    door = Door(host.pam["sudo"], host.machine)
    rows = [
        row("ada", factor=True),
        row("bob"),
        row("carol", enabled=False),
        row("dora", required=True),
        row("far"),
    ]
    known = frozenset(("ada", "bob", "carol", "dora"))
    matching = Matching(rows, OrganizationSettings(), unix("ada", "bob", "eve"), known, [door])
    warnings = said(people.judged(matching), Level.WARNING)
    assert warnings == [
        "1 Unix user has no account and cannot enter where cwtui is asked (sudo): eve.",
        "sudo refuses whoever has no second factor and needs none: bob.",
    ]
    notes = said(people.judged(matching), Level.NOTE)
    assert notes == [
        "The account far has no Unix user of the same name, so it means nothing to sshd and sudo.",
        (
            "1 person must register a device at the first sign-in: dora. A key alone does not let "
            "them in before."
        ),
        "1 account with a Unix user cannot enter, as disabled or gone from the directory: carol.",
    ]
    before = Matching(rows, OrganizationSettings(), unix("eve"), known, [])
    assert not said(people.judged(before), Level.WARNING)
    (first, *_) = said(people.judged(before), Level.NOTE)
    assert first.startswith("1 Unix user has no account: eve. They could not enter")


def test_unix_users_are_people_with_a_shell(tmp_path: Path) -> None:
    host = machine(tmp_path)
    assert [user.name for user in host.unix_users() if user.is_person] == ["alice", "bob"]
    assert [user.name for user in host.unix_users("bob", "1000", "nosuch")] == ["bob"]
    assert host.unix_users("1000") == []
    assert len(host.unix_users()) == PASSWD.count("\n")
    assert "common-auth" in COMMON


# The terminal


def of_terminal(columns: int, rows: int, **environ: str) -> list[Finding]:
    return [*terminal.judged({"TERM": "xterm-256color", **environ}, (columns, rows))]


def test_what_the_terminal_can_show() -> None:
    sentences = [one.sentence for one in of_terminal(80, 24, LANG="C.UTF-8")]
    assert sentences == [
        "xterm-256color, 80 columns and 24 rows, with UTF-8.",
        "TERM says that the terminal shows 256 colours.",
        "Text can be sent to the terminal's clipboard; whether it takes it, it does not say.",
        "The QR code fits, even for the longest username.",
    ]
    small = [one.level for one in of_terminal(59, 19)]
    assert small == [Level.OK, Level.WARNING, Level.OK, Level.OK, Level.WARNING]
    assert of_terminal(60, 24)[-1].level is Level.WARNING
    assert "without UTF-8 (iso8859-1)" in of_terminal(80, 24, LANG="de_DE.ISO-8859-1")[0].sentence
    assert of_terminal(80, 24, NO_COLOR="1")[1].sentence == "Colours are switched off (NO_COLOR)."
    assert [one.level for one in of_terminal(80, 24, TERM="dumb")] == [Level.WARNING]


def test_the_qr_code_has_the_room_that_the_page_gives_it() -> None:
    assert terminal.PANEL_COLUMNS == register_device.PANEL_COLUMNS


# Sessions


@pytest.mark.parametrize(
    ("line", "is_it"),
    [
        ("/opt/cwtui/bin/python -I -m cwtui --kiosk --config /etc/cwtui/config.toml", True),
        ("/usr/bin/python3 /opt/cwtui/bin/cwtui", True),
        ("cwtui --config=x", True),
        ("python -m cwtui --config serve user list", False),
        ("python -I -m cwtui serve", False),
        ("cwtui --plain", True),
        ("vi cwtui.py", False),
        ("python -m pytest -m cwtui", False),
    ],
)
def test_which_processes_are_the_application(line: str, is_it: bool) -> None:
    assert sessions.is_application(line.split()) is is_it
