"""The doors of the host: PAM, sshd, sudo and root's own way in, told from samples."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cwtui.config import Config, ServiceConfig
from cwtui.doctor import pam, root_access, sshd, sudo
from cwtui.doctor.doors import condition
from cwtui.doctor.findings import Level
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.programs import Answer, path_of, run
from cwtui.doctor.sshd_settings import matched_users, parse, seconds
from tests.doctor import hosts
from tests.doctor.hosts import CODE, PASSWD, machine, printed, said, subject, with_pam
from tests.programs import require

EXAMPLES = Path(__file__).parents[2] / "cwtui" / "pam" / "examples"
SSHD = (EXAMPLES / "pam.d" / "sshd-code").read_text().replace("mode=key", "mode=code")
OFFERS_PASSWORD = (
    "sshd offers people the method password, which cannot ask a second question: with MFA, nobody "
    "gets in that way, and without it, nobody is enrolled."
)
ACCOUNT = "account required pam_cwtui.so\n"
SUDO = (EXAMPLES / "pam.d" / "sudo").read_text()
ALICE = UnixUser("alice", 1000, 1000, "/home/alice", "/bin/bash")


# PAM


def pam_says(root: Path, level: Level, *, module: bool = True, **files: str) -> list[str]:
    named = {name.replace("_", "-"): content for name, content in files.items()}
    found = machine(root, with_pam(named, module=module))
    return said(pam.findings(subject(found)), level)


def test_without_the_module_no_door_is_protected(tmp_path: Path) -> None:
    (note,) = pam_says(tmp_path, Level.NOTE)
    assert note.startswith("No file in /etc/pam.d asks pam_cwtui.so")
    assert not pam_says(tmp_path, Level.PROBLEM)


@pytest.mark.parametrize("recipe", sorted(path.name for path in EXAMPLES.glob("pam.d/*")))
def test_the_recipes_have_no_problem(tmp_path: Path, recipe: str) -> None:
    files = {recipe.partition("-")[0]: (EXAMPLES / "pam.d" / recipe).read_text()}
    members = {"id": Answer(0, "people connectware\n", "")}
    found = [*pam.findings(subject(machine(tmp_path, with_pam(files), members)))]
    assert {one.level for one in found} <= {Level.OK, Level.NOTE}
    assert any("asks cwtui for" in one.sentence for one in found)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("auth sufficient pam_unix.so\nauth required pam_cwtui.so\n", "even if cwtui refuses them"),
        ("auth optional pam_cwtui.so\n@include common-auth\n", "even if cwtui refuses them"),
        (
            "auth [success=1 default=ignore] pam_cwtui.so\n@include common-auth\n",
            "even if cwtui refuses them",
        ),
        ("auth required pam_cwtui.so mode=both\n", "does not understand the argument mode=both"),
        ("auth required pam_cwtui.so socket=run/x\n", "does not understand the argument"),
        ("auth required pam_cwtui.so timeout=0\n", "does not understand the argument"),
        ("auth required pam_cwtui.so\n@include nosuch\n", "PAM refuses everybody at sshd"),
        ("auth required pam_cwtui.so\n@include common-account\n", "disabled people still get in"),
        (
            "auth required pam_cwtui.so\naccount sufficient pam_permit.so\n" + ACCOUNT,
            "cwtui says that the account may not enter",
        ),
    ],
)
def test_what_is_wrong_with_a_door(tmp_path: Path, wrong: str, sentence: str) -> None:
    (problem, *_) = pam_says(tmp_path, Level.PROBLEM, sshd=wrong)
    assert sentence in problem


def test_a_file_that_others_include_is_no_door(tmp_path: Path) -> None:
    found = subject(machine(tmp_path, with_pam({"common-auth": "auth required pam_cwtui.so\n"})))
    assert [one.name for one in pam.doors(found)] == ["other", "sshd", "sudo"]


def test_a_code_alone_is_too_little_at_a_login(tmp_path: Path) -> None:
    content = "auth required pam_cwtui.so mode=code nullok\naccount required pam_cwtui.so\n"
    (problem,) = pam_says(tmp_path, Level.PROBLEM, login=content)
    assert problem == "At login, a one-time code alone is enough, without a password."
    (note,) = pam_says(tmp_path, Level.NOTE, login=content)
    assert "(nullok)" in note
    with_password = f"auth requisite pam_unix.so\n{content}"
    assert not pam_says(tmp_path, Level.PROBLEM, login=with_password)
    assert not pam_says(tmp_path, Level.PROBLEM, sudo=content)


def test_the_mode_for_a_key_is_only_for_sshd(tmp_path: Path) -> None:
    content = SSHD.replace("mode=code", "mode=key")
    assert not pam_says(tmp_path, Level.PROBLEM, sshd=content)
    assert pam_says(tmp_path, Level.PROBLEM, login=content) == [
        "login refuses everybody: mode=key is for sshd, which has checked a key before."
    ]
    by_code = printed(**CODE | {"authenticationmethods": "keyboard-interactive"})
    assert not sshd_says(tmp_path, Level.PROBLEM, by_code, file=content)


def test_the_module_must_be_there_and_belong_to_root(tmp_path: Path) -> None:
    (problem,) = pam_says(tmp_path, Level.PROBLEM, sudo=SUDO, module=False)
    assert problem.startswith("The module pam_cwtui.so is not installed")
    found = machine(tmp_path, with_pam({"sudo": SUDO}))
    module = tmp_path / "usr/lib/x86_64-linux-gnu/security/pam_cwtui.so"
    module.chmod(0o666)
    (problem, *_) = said(pam.findings(subject(found)), Level.PROBLEM)
    assert f"{module} can be written by others" in problem
    others = replace(found, system_uid=12345)
    (problem, *_) = said(pam.findings(subject(others)), Level.PROBLEM)
    assert f"{module} does not belong to root" in problem


def test_the_socket_must_be_the_service_s(tmp_path: Path) -> None:
    found = machine(tmp_path, with_pam({"sudo": SUDO}))
    config = Config(service=ServiceConfig(socket="/run/other/pam"))
    (warning,) = said(pam.findings(subject(found, config)), Level.WARNING)
    assert (
        warning == "sudo asks the service at /run/cwtui/pam, but service.socket is /run/other/pam."
    )


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("quiet uid = 0", False),
        ("uid >= 1000", True),
        ("uid >= 1000 user != alice", False),
        ("user ingroup people", True),
        ("user notingroup people:others", False),
        ("user in bob:alice quiet_success", True),
        ("shell =~ */bash", True),
        ("rhost = 192.0.2.1", None),
        ("uid >= many", None),
        ("uid >=", None),
        ("user = alice rhost = 192.0.2.1", None),
        ("user = bob rhost = 192.0.2.1", False),
    ],
)
def test_conditions_of_pam_succeed_if(tmp_path: Path, words: str, holds: bool | None) -> None:
    found = machine(tmp_path, programs={"id": Answer(0, "alice people\n", "")})
    assert condition(tuple(words.split()), ALICE, found, "sshd") is holds


# sshd


def sshd_says(
    root: Path, level: Level, default: str, *, file: str = SSHD, **others: str
) -> list[str]:
    found = machine(root, with_pam({"sshd": file}), {"sshd": hosts.sshd(default, **others)})
    return said(sshd.findings(subject(found)), level)


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
            "sshd lets people in by no way: AuthenticationMethods needs a method that is off.",
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
def test_what_is_wrong_with_sshd(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
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


def test_what_sshd_does_is_unknown_without_its_keys(tmp_path: Path) -> None:
    answer = Answer(1, "", "sshd: no hostkeys available -- exiting.\n")
    found = subject(machine(tmp_path, with_pam({}), {"sshd": answer}, euid=998))
    (one,) = sshd.findings(found)
    assert one.level is Level.UNKNOWN
    assert one.sentence.endswith("sshd says: sshd: no hostkeys available -- exiting.")
    assert one.action == "Run as root: sudo cwtui doctor sshd"
    (note,) = sshd.findings(subject(machine(tmp_path)))
    assert note.sentence == "sshd was not looked at: sshd is not installed."


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
def test_the_forced_command_of_a_shared_user(
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


def test_a_misspelt_module_is_found(tmp_path: Path) -> None:
    wrong = {"sudo": "auth required pam_cwtiu.so\n-session optional pam_away.so\n"}
    modules = {
        f"/usr/lib/x/security/pam_{name}.so": ""
        for name in ("unix", "deny", "permit", "cap", "nologin")
    }
    found = machine(tmp_path, with_pam(wrong) | modules, {})
    (problem,) = said(pam.findings(subject(found)), Level.PROBLEM)
    assert problem.startswith("/etc/pam.d/sudo asks the module pam_cwtiu.so, which is not")


def test_a_forced_command_must_be_executable(tmp_path: Path) -> None:
    kiosk = printed(forcecommand="/opt/cwtui/bin/connectware", disableforwarding="yes")
    programs = {"sshd": hosts.sshd(printed(**CODE), connectware=kiosk)}
    found = machine(tmp_path, with_pam({"sshd": SSHD}) | KIOSK, programs)
    (tmp_path / "opt/cwtui/bin/connectware").chmod(0o644)
    problems = said(sshd.findings(subject(found)), Level.PROBLEM)
    assert any("cannot be run: /opt/cwtui/bin/connectware" in problem for problem in problems)


def test_the_command_for_keys(tmp_path: Path) -> None:
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


def test_names_in_match_lines() -> None:
    content = (
        "Match User connectware,op-* Address 10.0.0.0/8\nmatch all\n Match Group x User carol\n"
        "#Match User dave\nMatch User=erin\n"
    )
    assert matched_users(content) == ["connectware", "carol", "erin"]


@pytest.mark.parametrize(
    ("time", "expected"), [("120", 120), ("2m", 120), ("1h30m", 5400), ("0", 0), ("x", 0)]
)
def test_times_of_sshd(time: str, expected: int) -> None:
    assert seconds(time) == expected


def test_the_real_sshd_s_settings_are_understood(tmp_path: Path) -> None:
    """`sshd -T` with a configuration and a key of its own."""
    require("sshd")
    key = tmp_path / "key"
    subprocess.run([require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config = tmp_path / "sshd_config"
    config.write_text(
        f"HostKey {key}\nInclude {EXAMPLES}/sshd/key-and-code.conf\n"
        "Match User erin\n  ForceCommand /bin/true\n"
    )

    def real(name: str, arguments: Sequence[str]) -> Answer:
        return run(name, ["-f", str(config), *arguments])

    found = machine(tmp_path)
    settings = {
        user: sshd.settings_for(hosts.with_run(found, real), user)
        for user in ("alice", "root", "erin")
    }
    assert settings["alice"].ways == (("publickey", "keyboard-interactive"),)
    assert settings["alice"].grace_seconds == 600
    assert settings["root"].key_alone
    assert settings["erin"].get("forcecommand") == "/bin/true"
    assert set(parse(hosts.SSHD_T).values) <= set(settings["alice"].values)


# sudo and root

SUDOERS = """\
Defaults env_reset, timestamp_timeout=5
Defaults:alice \\
    !lecture
root ALL=(ALL:ALL) ALL
# bob ALL=(ALL) NOPASSWD: ALL
%admin ALL=(ALL) NOPASSWD: ALL
@includedir /etc/sudoers.d
"""


def sudo_says(folder: Path, level: Level, **more: str) -> list[str]:
    files = with_pam({"sudo": SUDO, "sudo-i": SUDO}) | {"/etc/sudoers": SUDOERS}
    files |= {f"/etc/sudoers.d/{name}": content for name, content in more.items()}
    return said(sudo.findings(subject(machine(folder, files))), level)


def test_whom_sudo_does_not_ask(tmp_path: Path) -> None:
    (warning,) = sudo_says(tmp_path, Level.WARNING, own="robot ALL = NOPASSWD: /bin/true\n")
    assert "does not ask %admin, robot for anything" in warning
    (note,) = sudo_says(tmp_path, Level.NOTE)
    assert (
        note == "After a code, sudo itself does not ask again for 5 minutes in the same terminal."
    )
    assert not sudo_says(tmp_path, Level.NOTE, zero="Defaults timestamp_timeout=0\n")
    assert not sudo_says(tmp_path, Level.PROBLEM)
    (problem,) = sudo_says(tmp_path, Level.PROBLEM, off="Defaults !authenticate\n")
    assert "!authenticate" in problem
    (tmp_path / "etc/sudoers.d/off").rename(tmp_path / "etc/sudoers.d/off.bak")
    (problem,) = sudo_says(tmp_path, Level.PROBLEM, root="Defaults targetpw\n")
    assert "targetpw" in problem


def test_sudo_in_a_login_shell_is_another_service(tmp_path: Path) -> None:
    files = with_pam({"sudo": SUDO, "sudo-i": hosts.COMMON["sudo"]}) | {"/etc/sudoers": ""}
    assert said(sudo.findings(subject(machine(tmp_path, files))), Level.WARNING) == [
        "sudo asks cwtui, but sudo -i does not."
    ]


def root_says(root: Path, files: dict[str, str], default: str) -> tuple[Level, str]:
    found = machine(root, with_pam(files), {"sshd": hosts.sshd(default)})
    one = next(root_access.findings(subject(found)))
    return one.level, one.sentence


def test_root_s_own_way_in(tmp_path: Path) -> None:
    key = printed(**CODE | {"authenticationmethods": "publickey"})
    files = {"sshd": SSHD, "login": hosts.COMMON["sshd"]}
    level, sentence = root_says(tmp_path, files, key)
    assert level is Level.WARNING
    assert sentence.startswith("No way in for root was found")
    (tmp_path / "root" / ".ssh").mkdir(parents=True)
    (tmp_path / "root" / ".ssh" / "authorized_keys").write_text("# none\nssh-ed25519 AAAA root\n")
    assert root_says(tmp_path, files, key) == (
        Level.OK,
        "Root gets in without cwtui over SSH with a key.",
    )
    for settings in ({"permitrootlogin": "no"}, CODE):
        closed = printed(**{**CODE, "authenticationmethods": "publickey", **settings})
        assert root_says(tmp_path, files, closed)[0] is Level.WARNING
    strict = SSHD.replace("account    [success=1 default=ignore]  pam_succeed_if", "#")
    assert root_says(tmp_path, {**files, "sshd": strict}, key)[0] is Level.WARNING
    (tmp_path / "etc" / "shadow").write_text("root:$y$j9T$salt$hash:20000:0:99999:7:::\n")
    assert root_says(tmp_path, {**files, "sshd": strict}, key) == (
        Level.OK,
        "Root gets in without cwtui on the console with a password.",
    )
    login = "auth required pam_cwtui.so\naccount required pam_cwtui.so\n"
    assert root_says(tmp_path, {"sshd": strict, "login": login}, key)[0] is Level.WARNING
    (tmp_path / "etc" / "shadow").write_text("root:!:20000:0:99999:7:::\n")
    assert root_says(tmp_path, {**files, "sshd": strict}, key)[0] is Level.WARNING


def test_only_root_can_see_it(tmp_path: Path) -> None:
    found = machine(tmp_path, with_pam({"sshd": SSHD}), euid=998)
    (one,) = root_access.findings(subject(found))
    assert (one.level, one.action) == (Level.UNKNOWN, "Run: sudo cwtui doctor root")


def test_programs_are_found_in_fixed_folders_only() -> None:
    assert path_of("getent").is_absolute()
    assert PASSWD.startswith(run("getent", ["passwd", "root"]).out[:7])
