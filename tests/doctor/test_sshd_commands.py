"""What gets past a forced command of sshd, and the commands that sshd asks who may sign in."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from cwtui.doctor import sshd
from cwtui.doctor.findings import Level
from tests.doctor import hosts
from tests.doctor.hosts import CODE, EXAMPLES, PASSWD, machine, printed, said, subject, with_pam
from tests.programs import require

GATE = {
    "forcecommand": "/usr/bin/cwtui-host gate -- tmux",
    "disableforwarding": "yes",
    "permituserenvironment": "no",
    "acceptenv": "LANG",
}
SCRIPT = {"/usr/bin/cwtui-host": "#!/bin/sh\nexec cwtui\n"}


def warned(root: Path, shell: str = "/bin/bash", **settings: str) -> list[str]:
    """The warnings about a gate for alice, with this login shell."""
    given = CODE | GATE | settings
    lines = [printed(**given), *(f"{name} {value}" for name, value in given.items())]
    passwd = PASSWD.replace("/home/alice:/bin/bash", f"/home/alice:{shell}")
    programs = {
        "sshd": hosts.sshd(printed(**CODE), alice="\n".join(lines)),
        "getent": hosts.getent(passwd),
    }
    found = machine(root, with_pam({}) | SCRIPT, programs)
    return said(sshd.findings(subject(found)), Level.WARNING)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Alice's home folder, which others than root can write to."""
    home = tmp_path / "home" / "alice"
    home.mkdir(parents=True)
    home.chmod(0o777)
    return home


@pytest.mark.parametrize(
    ("shell", "settings", "says"),
    [
        ("/bin/bash", {}, "bash, the login shell of alice, reads ~/.bashrc before"),
        ("/usr/bin/zsh", {}, "zsh, the login shell of alice, reads ~/.zshenv before"),
        ("/bin/dash", {"permituserenvironment": "LANG,LD_*"}, "in ~/.ssh/environment before"),
    ],
)
def test_programs_of_the_home_folder_before_a_forced_command_are_reported(
    home: Path, tmp_path: Path, shell: str, settings: dict[str, str], says: str
) -> None:
    (warning,) = warned(tmp_path, shell, **settings)
    assert says in warning
    assert "of alice" in warning
    home.chmod(0o755)
    (home / ".ssh").mkdir()
    assert not warned(tmp_path, shell, **settings)  # root owns it all
    for file in (".bashrc", ".zshenv", ".ssh/environment"):
        (home / file).touch()
        (home / file).chmod(0o666)
    assert warned(tmp_path, shell, **settings) == [warning]


def test_variables_that_load_files_before_a_forced_command(tmp_path: Path) -> None:
    assert not warned(tmp_path, acceptenv="LANG LC_* COLORTERM")
    for pattern in ("*", "LC_* LD_*", "BASH_ENV"):
        (warning,) = warned(tmp_path, acceptenv=pattern)
        assert warning.startswith("AcceptEnv lets clients set ")


def test_a_user_whom_several_share_needs_no_account(tmp_path: Path) -> None:
    kiosk = printed(forcecommand="/usr/bin/cwtui-host --kiosk", disableforwarding="yes")
    programs = {"sshd": hosts.sshd(printed(**CODE), bob=kiosk)}
    pam = (EXAMPLES / "pam.d" / "sshd-code").read_text()
    for skipped, count in (("bob", 0), ("connectware", 1)):
        files = with_pam({"sshd": pam.replace("user = connectware", f"user = {skipped}")})
        found = machine(tmp_path, files | SCRIPT, programs)
        problems = said(sshd.findings(subject(found)), Level.PROBLEM)
        assert sum("an account named bob" in one for one in problems) == count


@pytest.mark.parametrize(
    ("shell", "file", "reads"),
    [
        ("bash", ".bashrc", True),
        ("zsh", ".zshenv", True),
        ("fish", ".config/fish/config.fish", True),
        ("dash", ".profile", False),
        ("sh", ".bashrc", False),
    ],
)
def test_shells_read_what_the_doctor_says(
    tmp_path: Path, shell: str, file: str, *, reads: bool
) -> None:
    """Started as sshd does it."""
    program = require("bash" if shell == "sh" else shell)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("echo read\n")
    environment = {"HOME": str(tmp_path), "PATH": os.defpath, "SSH_CLIENT": "192.0.2.1 5 22"}
    done = subprocess.run(
        [shell, "-c", "echo command"], executable=program, env=environment, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == ("read\n" if reads else "") + "command\n"


def test_the_command_for_principals_is_checked(tmp_path: Path) -> None:
    def says(level: Level, **settings: str) -> Sequence[str]:
        given = CODE | {"authorizedprincipalscommand": "/opt/principals %u"} | settings
        whole = "\n".join([printed(**given), *(f"{name} {value}" for name, value in given.items())])
        found = machine(tmp_path, with_pam({}), {"sshd": hosts.sshd(whole)})
        return said(sshd.findings(subject(found)), level)

    (problem,) = says(Level.PROBLEM)
    assert problem == (
        "AuthorizedPrincipalsCommand is set without AuthorizedPrincipalsCommandUser."
    )
    (problem,) = says(Level.PROBLEM, authorizedprincipalscommanduser="nobody")
    assert problem.endswith("/opt/principals does not exist, so no certificate is accepted.")
    program = tmp_path / "opt" / "principals"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o777)
    (problem,) = says(Level.PROBLEM, authorizedprincipalscommanduser="nobody")
    assert problem.startswith("sshd does not run the AuthorizedPrincipalsCommand /opt/principals.")
    program.chmod(0o755)
    (ok,) = says(Level.OK, authorizedprincipalscommanduser="nobody")
    assert ok == "sshd asks /opt/principals for principals of certificates, as nobody."
