"""What sshd lets people in by, told from samples of `sshd -T`."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from cwtui.doctor import pam, sshd
from cwtui.doctor.findings import Level
from cwtui.doctor.programs import Answer
from tests.doctor import hosts
from tests.doctor.hosts import (
    CODE,
    EXAMPLES,
    SSHD,
    machine,
    printed,
    said,
    sshd_says,
    subject,
    with_pam,
)

OFFERS_PASSWORD = (
    "sshd offers people the method password, which cannot ask a second question: with MFA, nobody "
    "gets in that way, and without it, nobody is enrolled."
)


def test_before_it_is_switched_on_it_says_what_it_needs(tmp_path: Path) -> None:
    (note,) = sshd_says(tmp_path, Level.NOTE, printed(), file=hosts.COMMON["sshd"])
    assert note == (
        "sshd does not ask cwtui. It would first need: KbdInteractiveAuthentication yes; "
        "PasswordAuthentication no; AuthenticationMethods publickey,keyboard-interactive:pam; "
        "LoginGraceTime 600."
    )


def test_a_key_and_a_code_are_right(tmp_path: Path) -> None:
    assert sshd_says(tmp_path, Level.OK, printed(**CODE)) == [
        "If cwtui agrees, sshd lets alice, bob in by publickey + keyboard-interactive."
    ]
    assert not sshd_says(tmp_path, Level.PROBLEM, printed(**CODE))
    assert not sshd_says(tmp_path, Level.WARNING, printed(**CODE))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"usepam": "no"}, "UsePAM is off, so sshd never asks cwtui about people."),
        (
            {"kbdinteractiveauthentication": "no", "authenticationmethods": "any"},
            "sshd never asks people for a code: keyboard-interactive is off.",
        ),
        ({"authenticationmethods": "any"}, "An SSH key alone lets people in, without a code."),
        (
            {"authenticationmethods": "publickey,password"},
            "sshd cannot let people in: AuthenticationMethods needs a method that is off.",
        ),
        (
            {"authenticationmethods": "any", "gssapiauthentication": "yes"},
            "The method gssapi-with-mic alone lets people in, without a code.",
        ),
        (
            {"authenticationmethods": "keyboard-interactive:pam publickey,publickey"},
            "An SSH key alone lets people in, without a code.",
        ),
        (
            {
                "authenticationmethods": "publickey,password publickey,keyboard-interactive",
                "passwordauthentication": "yes",
            },
            OFFERS_PASSWORD,
        ),
        (
            {"authenticationmethods": "keyboard-interactive"},
            "A one-time code alone lets people in over SSH, without a key or a password.",
        ),
    ],
)
def test_each_fault_of_sshd_is_reported(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    assert sentence in sshd_says(tmp_path, Level.PROBLEM, printed(**{**CODE, **settings}))
    some = sshd_says(tmp_path, Level.WARNING, printed(**CODE), bob=printed(**{**CODE, **settings}))
    if "UsePAM" not in sentence:
        assert sentence.replace("people", "bob") in some


def test_people_outside_the_group_sign_in_as_before(tmp_path: Path) -> None:
    """The recipe for a group: nothing is said of the methods of others."""
    file = (EXAMPLES / "pam.d" / "sshd-group").read_text()

    def groups(arguments: Sequence[str]) -> Answer:
        return Answer(0, "connectware" if arguments[-1] == "alice" else "staff", "")

    programs = {"sshd": hosts.sshd(printed(), alice=printed(**CODE)), "id": groups}
    found = subject(machine(tmp_path, with_pam({"sshd": file}), programs))
    assert [(one.level, one.sentence) for one in sshd.findings(found)] == [
        (Level.OK, "If cwtui agrees, sshd lets alice in by publickey + keyboard-interactive.")
    ]
    (note,) = said(pam.findings(found), Level.NOTE)
    assert note == "sshd does not need cwtui's consent for bob."


def test_password_and_code_need_no_key(tmp_path: Path) -> None:
    full = (EXAMPLES / "pam.d" / "sshd-password").read_text()
    settings = CODE | {"authenticationmethods": "keyboard-interactive:pam"}
    assert not sshd_says(tmp_path, Level.PROBLEM, printed(**settings), file=full)


def test_there_must_be_time_to_register_a_device(tmp_path: Path) -> None:
    for time, short in (("120", True), ("2m", True), ("299", True), ("300", False), ("0", False)):
        found = sshd_says(tmp_path, Level.WARNING, printed(**CODE | {"logingracetime": time}))
        assert bool(found) is short, time


def test_sshd_without_host_keys_is_unknown(tmp_path: Path) -> None:
    answer = Answer(1, "", "sshd: no hostkeys available -- exiting.\n")
    found = subject(machine(tmp_path, with_pam({}), {"sshd": answer}, euid=998))
    (one,) = sshd.findings(found)
    assert one.level is Level.UNKNOWN
    assert one.sentence.endswith("sshd says: sshd: no hostkeys available -- exiting.")
    assert one.action == "Run as root: sudo cwtui doctor sshd"
    as_root = subject(machine(tmp_path, with_pam({}), {"sshd": answer}))
    (one,) = sshd.findings(as_root)
    assert one.action == "Correct that, or start sshd: systemctl start ssh"
    (note,) = sshd.findings(subject(machine(tmp_path)))
    assert note.sentence == "sshd was not looked at: sshd is not installed."


def test_sshd_that_says_nothing_of_root_is_unknown(tmp_path: Path) -> None:
    people = hosts.sshd(printed(**CODE))

    def sshd_t(arguments: Sequence[str]) -> Answer:
        return Answer(1, "", "no") if "user=root," in arguments[-1] else people(arguments)

    found = subject(machine(tmp_path, with_pam({"sshd": SSHD}), {"sshd": sshd_t}))
    assert said(sshd.findings(found), Level.UNKNOWN) == [
        "Cannot check what sshd does. sshd says: no."
    ]


KIOSK = {
    "/etc/ssh/sshd_config.d/cwtui.conf": "Match User connectware\n  ForceCommand x\n",
    "/opt/cwtui/bin/connectware": "#!/bin/sh\nexec /opt/cwtui/bin/python -I -m cwtui --kiosk\n",
}


@pytest.mark.parametrize(
    ("command", "level", "sentence"),
    [
        ("/opt/cwtui/bin/connectware", Level.OK, "Connections of connectware run"),
        ("cwtui --kiosk", Level.PROBLEM, "is cwtui, without its folder."),
        ("/opt/cwtui/bin/nosuch", Level.PROBLEM, "does not exist: /opt/cwtui/bin/nosuch."),
        ("/opt/cwtui/bin/python -m cwtui --kiosk", Level.WARNING, "lets environment variables"),
    ],
)
def test_the_forced_command_of_a_shared_user_is_checked(
    tmp_path: Path, command: str, level: Level, sentence: str
) -> None:
    kiosk = printed(forcecommand=command, disableforwarding="yes")
    files = with_pam({"sshd": SSHD}) | KIOSK
    found = machine(tmp_path, files, {"sshd": hosts.sshd(printed(**CODE), connectware=kiosk)})
    assert any(sentence in one for one in said(sshd.findings(subject(found)), level))
    # The code is asked for after the connection.
    assert not [one for one in said(sshd.findings(subject(found)), level) if "An SSH key" in one]


def test_a_shared_user_is_not_asked_by_sshd(tmp_path: Path) -> None:
    """Cwtui asks after the connection, so a key alone is no fault there."""
    kiosk = printed(forcecommand="/opt/cwtui/bin/connectware", disableforwarding="yes")
    assert not sshd_says(tmp_path, Level.WARNING, printed(**CODE), bob=kiosk)
    assert "An SSH key alone lets bob in, without a code." in sshd_says(
        tmp_path, Level.WARNING, printed(**CODE), bob=printed()
    )


def test_users_of_the_system_are_no_people(tmp_path: Path) -> None:
    programs = {"sshd": hosts.sshd(printed(**CODE), connectware=printed())}
    found = machine(tmp_path, with_pam({"sshd": SSHD}) | KIOSK, programs)
    assert not said(sshd.findings(subject(found)), Level.WARNING)


def test_a_forced_command_must_be_executable(tmp_path: Path) -> None:
    kiosk = printed(forcecommand="/opt/cwtui/bin/connectware", disableforwarding="yes")
    programs = {"sshd": hosts.sshd(printed(**CODE), connectware=kiosk)}
    found = machine(tmp_path, with_pam({"sshd": SSHD}) | KIOSK, programs)
    (tmp_path / "opt/cwtui/bin/connectware").chmod(0o644)
    problems = said(sshd.findings(subject(found)), Level.PROBLEM)
    assert any("cannot be run: /opt/cwtui/bin/connectware" in problem for problem in problems)


def test_the_command_for_keys_is_checked(tmp_path: Path) -> None:
    def says(level: Level, **settings: str) -> list[str]:
        default = printed(**CODE, authorizedkeyscommand="/opt/keys %u", **settings)
        found = machine(tmp_path, with_pam({"sshd": SSHD}), {"sshd": hosts.sshd(default)})
        return said(sshd.findings(subject(found)), level)

    (problem,) = says(Level.PROBLEM)
    assert problem == "AuthorizedKeysCommand is set without AuthorizedKeysCommandUser."
    (problem,) = says(Level.PROBLEM, authorizedkeyscommanduser="connectware")
    assert "The AuthorizedKeysCommand /opt/keys does not exist" in problem
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "keys").write_text("exec cwtui ssh-keys")
    (problem,) = says(Level.PROBLEM, authorizedkeyscommanduser="connectware")
    assert "/opt/keys cannot be run" in problem
    (tmp_path / "opt" / "keys").chmod(0o755)
    assert "sshd asks /opt/keys for keys, as connectware." in says(
        Level.OK, authorizedkeyscommanduser="connectware"
    )
    (warning,) = says(Level.WARNING, authorizedkeyscommanduser="connectware")
    assert warning.startswith("sshd asks cwtui for root's keys too.")


def test_files_that_sshd_has_not_read_yet(tmp_path: Path) -> None:
    files = with_pam({}) | {"/etc/ssh/sshd_config": "", "/run/sshd.pid": "1\n"}
    found = machine(tmp_path, files, {"sshd": hosts.sshd(printed(pidfile="/run/sshd.pid"))})
    for changed_at, is_news in ((10, False), (30, True)):
        os.utime(tmp_path / "etc/ssh/sshd_config", (changed_at, changed_at))
        os.utime(tmp_path / "run/sshd.pid", (20, 20))
        notes = said(sshd.findings(subject(found)), Level.NOTE)
        assert any("sshd has not read" in note for note in notes) is is_news
