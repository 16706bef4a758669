"""Sanitizers, valgrind, random packets from both ends, and what the compiler was told.

A failing run of random packets prints its seed; CWTUI_SOAK_SECONDS continues with others.
"""

import platform
import random
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pam.cases import CASES, Case
from tests.pam.scripted import SUCCESS, Host, MakeHost, Service
from tests.programs import require
from tests.soak import seconds, times

IN_A_RUN = 2000
ENDBR64 = bytes.fromhex("f30f1efa")
"""The instruction where indirect jumps may go (-fcf-protection)."""
TELLING = (
    "everything in order", "longest text", "longest answer", "too long", "verdict with a text",
    "answer too long", "prompt without an answer", "information fails", "ends after an answer",
)  # fmt: skip


def play(host: Host, cases: Mapping[str, Case]) -> None:
    """All of them in one process, then the phases without prompts."""
    host.arguments("debug", "nullok")
    answers = [answer for case in cases.values() for answer in case.answers]
    phases = ["auth"] * len(cases) + ["auth", "setcred", "account", "open", "close"]
    scripts = [case.script for case in cases.values()] + [[b"iWelcome", b"A"]] * 4
    with Service(host.socket, *scripts):
        happened = host.sign_in("rhost=192.0.2.7", "tty=ssh", *answers, *phases)
    codes = [code for _, code in happened.results]
    assert codes == [case.result for case in cases.values()] + [SUCCESS] * 5


def test_sanitizers_find_nothing(make_host: MakeHost) -> None:
    play(make_host("sanitized"), CASES)


def test_valgrind_finds_nothing(make_host: MakeHost) -> None:
    play(make_host("valgrind"), {name: CASES[name] for name in TELLING})


def test_random_packets_from_both_ends_have_the_computed_result(
    make_host: MakeHost, built: Path
) -> None:
    host = make_host("sanitized")
    host.arguments()
    lines = (host.folder / "pam.d" / Host.NAME).read_text()
    (host.folder / "pam.d" / "fuzz").write_text(lines)
    fuzz, cases = str(built / "sanitized" / "fuzz"), str(times(IN_A_RUN, 50_000))
    until = time.monotonic() + seconds(0)
    while True:
        seed = random.randrange(1 << 40)  # noqa: S311  to be repeated, not secret
        command = [fuzz, str(host.folder / "pam.d"), str(host.socket), str(seed), cases]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        host.socket.unlink()
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
        if time.monotonic() >= until:
            break


@pytest.fixture(scope="module")
def readelf(built: Path) -> str:
    module = built / "pam_cwtui.so"
    return subprocess.run(
        [require("readelf"), "-W", "-d", "-l", "--dyn-syms", module],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_module_is_hardened(readelf: str, built: Path) -> None:
    (stack,) = [line for line in readelf.splitlines() if "GNU_STACK" in line]
    assert stack.split()[6] == "RW"
    for sign in ("GNU_RELRO", "BIND_NOW", "__stack_chk_fail", "__snprintf_chk"):
        assert sign in readelf
    if platform.machine() == "x86_64":
        assert ENDBR64 in (built / "pam_cwtui.so").read_bytes()


def test_the_module_needs_only_libpam_and_offers_only_its_phases(readelf: str) -> None:
    lines = readelf.splitlines()
    needed = {line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line}
    assert needed == {"libpam.so.0", "libc.so.6"}
    offered = {line.split()[-1] for line in lines if " DEFAULT " in line and " UND " not in line}
    assert offered == {
        "pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt", "pam_sm_open_session",
        "pam_sm_close_session",
    }  # fmt: skip


def test_make_installs_the_module(built: Path, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "cwtui" / "pam"
    ready = tmp_path / "built"
    shutil.copytree(built, ready)
    (ready / "pam_cwtui.so").touch()
    places = [f"OUT={ready}", f"DESTDIR={tmp_path}", "PAM_DIR=/lib/s"]
    subprocess.run([require("make"), "-s", "-C", source, "install", *places], check=True)
    installed = tmp_path / "lib" / "s" / "pam_cwtui.so"
    assert installed.read_bytes() == (ready / "pam_cwtui.so").read_bytes()
    assert installed.stat().st_mode & 0o777 == 0o644
