"""Files of the host with any content at all: never an error of ours, and nothing unbounded."""

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from cwtui.doctor import configuration, pam, people, root_access, sshd, sudo
from cwtui.doctor.programs import Answer
from tests.doctor.hosts import PASSWD, machine, subject, with_pam
from tests.fuzz.mutations import many

WORDS = (
    "auth", "-auth", "account", "required", "sufficient", "[success=1", "default=die]", "[", "]",
    "die", "reset", "pam_cwtui.so", "pam_unix.so", "pam_succeed_if.so", "uid", "=", "0",
    "mode=code", "@include", "include", "substack", "sshd", "common-auth", "\n", "\\\n", "#",
    "Defaults", "NOPASSWD:", "timestamp_timeout=", "@includedir", "/etc/sudoers.d", "\x1b[31m é",
    "\0", "authenticationmethods", "publickey,,", "any", "yes", "forcecommand", "cwtui '",
    "authorizedkeyscommand", "/x %u", "match user", "logingracetime", "9h9h", "root:", "::",
    "bob:x:1001:1001::/home/bob:/bin/sh", "9" * 12,
)  # fmt: skip
NUL = "forcecommand /cwtui\0\nauthorizedkeyscommand /x\0\nauthorizedkeyscommanduser a\0"
"""No path can contain it."""
CONTENT = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
FILES = ("/etc/sudoers", "/etc/sudoers.d/a", "/etc/ssh/sshd_config", "/etc/shadow")


@many(15)
@example(doors=[""] * 5, others=["@includedir /\0"] * 4, printed=[NUL, PASSWD, ""])
@given(
    doors=st.lists(CONTENT, min_size=5, max_size=5),
    others=st.lists(CONTENT, min_size=4, max_size=4),
    printed=st.lists(CONTENT, min_size=3, max_size=3),
)
def test_any_content_gives_findings(
    tmp_path: Path, doors: list[str], others: list[str], printed: list[str]
) -> None:
    names = ("sshd", "sudo", "login", "su", "common-auth")
    files = with_pam(dict(zip(names, doors, strict=True)))
    files |= dict(zip(FILES, others, strict=True))
    programs = {
        name: Answer(0, content, "")
        for name, content in zip(("sshd", "getent", "id"), printed, strict=True)
    }
    found = subject(machine(tmp_path, files, programs))
    for area in (configuration, pam, sshd, sudo, root_access, people):
        for one in area.findings(found):
            assert one.sentence
