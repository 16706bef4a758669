"""Root's own way in, without cwtui."""

from pathlib import Path

from cwtui.doctor import root_access
from cwtui.doctor.findings import Level
from tests.doctor import hosts
from tests.doctor.hosts import CODE, SSHD, machine, printed, subject, with_pam


def root_says(root: Path, files: dict[str, str], default: str) -> tuple[Level, str]:
    found = machine(root, with_pam(files), {"sshd": hosts.sshd(default)})
    one = next(root_access.findings(subject(found)))
    return one.level, one.sentence


def test_a_key_of_root_is_a_way_in(tmp_path: Path) -> None:
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
