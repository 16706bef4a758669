"""The files of PAM: which doors ask cwtui, and what is wrong with them."""

from dataclasses import replace
from pathlib import Path

import pytest

from cwtui.doctor import doors, pam
from cwtui.doctor.findings import Level
from cwtui.doctor.programs import Answer
from tests.doctor.hosts import (
    CODE,
    EXAMPLES,
    SSHD,
    SUDO,
    machine,
    printed,
    said,
    sshd_says,
    subject,
    with_pam,
)
from tests.pam.cases import WRONG_ARGUMENTS

ACCOUNT = "account required pam_cwtui.so\n"


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
        ("auth required pam_cwtui.so\n@include nosuch\n", "PAM refuses everybody at sshd"),
        ("auth required pam_cwtui.so\n@include common-account\n", "disabled people still get in"),
        (
            "auth required pam_cwtui.so\naccount sufficient pam_permit.so\n" + ACCOUNT,
            "cwtui says that the account may not enter",
        ),
    ],
)
def test_each_fault_of_a_door_is_reported(tmp_path: Path, wrong: str, sentence: str) -> None:
    (problem, *_) = pam_says(tmp_path, Level.PROBLEM, sshd=wrong)
    assert sentence in problem


@pytest.mark.parametrize("argument", WRONG_ARGUMENTS)
def test_the_doctor_understands_no_argument_that_the_module_denies(
    tmp_path: Path, argument: str
) -> None:
    (problem, *_) = pam_says(
        tmp_path, Level.PROBLEM, sshd=f"auth required pam_cwtui.so [{argument}]\n{ACCOUNT}"
    )
    assert "does not understand the argument" in problem


def test_a_file_that_others_include_is_no_door(tmp_path: Path) -> None:
    found = subject(machine(tmp_path, with_pam({"common-auth": "auth required pam_cwtui.so\n"})))
    assert [one.name for one in doors.doors(found)] == ["other", "sshd", "sudo"]


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


def test_a_misspelt_module_is_found(tmp_path: Path) -> None:
    wrong = {"sudo": "auth required pam_cwtiu.so\n-session optional pam_away.so\n"}
    modules = {
        f"/usr/lib/x/security/pam_{name}.so": ""
        for name in ("unix", "deny", "permit", "cap", "nologin")
    }
    found = machine(tmp_path, with_pam(wrong) | modules, {})
    (problem,) = said(pam.findings(subject(found)), Level.PROBLEM)
    assert problem.startswith("/etc/pam.d/sudo asks the module pam_cwtiu.so, which is not")
