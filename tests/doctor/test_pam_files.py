"""Reading PAM's files, and working out what a stack decides."""

from pathlib import Path

import pytest

from cwtui.doctor.pam_files import Module, PamFiles, Service, Substack
from cwtui.doctor.pam_stack import Decisions, decisions
from tests.doctor.hosts import machine


def read(root: Path, name: str = "door", **files: str) -> Service:
    machine(root, {f"/etc/pam.d/{file}": content for file, content in files.items()})
    return PamFiles(root).service(name)


def test_lines_comments_brackets_and_continuations_are_read(tmp_path: Path) -> None:
    service = read(
        tmp_path,
        door=(
            "#%PAM-1.0\n"
            "auth  [success=1 \\\n default=ignore]  pam_unix.so nullok # a comment\n"
            "-AUTH Required /lib/pam_x.so [query=select a from b where c=\\]] debug\n"
            "session optional pam_y.so\n"
        ),
    )
    assert service.modules("auth") == [
        Module("auth", "[success=1   default=ignore]", "pam_unix.so", ("nullok",), "door"),
        Module(
            "auth",
            "required",
            "/lib/pam_x.so",
            ("query=select a from b where c=]", "debug"),
            "door",
            may_be_missing=True,
        ),
    ]
    assert [one.name for one in service.modules("auth")] == ["pam_unix.so", "pam_x.so"]
    assert [one.name for one in service.modules("session")] == ["pam_y.so"]
    assert service.faults == ()


def test_included_files_become_part_of_the_stack(tmp_path: Path) -> None:
    service = read(
        tmp_path,
        door="@include common\nauth include more\nauth substack more\n",
        common="auth required pam_a.so\naccount required pam_b.so\n",
        more="auth required pam_c.so\n",
    )
    steps = service.steps["auth"]
    assert [one.name for one in service.modules("auth")] == ["pam_a.so", "pam_c.so", "pam_c.so"]
    assert [one.name for one in service.modules("account")] == ["pam_b.so"]
    assert isinstance(steps[2], Substack)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("@include nothing\n", "includes nothing, which does not exist"),
        ("auth include door\n", "include each other"),
        ("auth required\n", "is incomplete"),
    ],
)
def test_faults_that_make_pam_refuse_everybody_are_found(
    tmp_path: Path, content: str, fault: str
) -> None:
    (found,) = read(tmp_path, door=content).faults
    assert fault in found


def test_a_service_without_a_file_is_other(tmp_path: Path) -> None:
    service = read(tmp_path, "nosuch", other="auth required pam_deny.so\n")
    assert [one.name for one in service.modules("auth")] == ["pam_deny.so"]
    assert read(tmp_path / "empty").faults


def test_copies_of_files_are_no_services(tmp_path: Path) -> None:
    names = ("sshd", "sshd.dpkg-old", "sudo.bak", "systemd-user", "vsftpd.virtual", "a b")
    read(tmp_path, **dict.fromkeys(names, ""))
    assert PamFiles(tmp_path).names() == ["sshd", "systemd-user", "vsftpd.virtual"]


SAYS = {"yes": "success", "no": "auth_err", "ignore": "ignore", "max": "maxtries", "any": None}


@pytest.mark.parametrize(
    ("stack", "accepts"),
    [
        ("required yes", True),
        ("required no, required yes", False),
        ("requisite no, required yes", False),
        ("sufficient yes, required no", True),
        ("sufficient no, required yes", True),
        ("required no, sufficient yes", False),
        ("optional no", False),
        ("optional no, optional yes", True),
        ("required ignore", False),
        ("sufficient ignore, required yes", True),
        ("[success=1 default=ignore] yes, requisite no, required yes", True),
        ("[success=1 default=ignore] no, requisite no, required yes", False),
        # A jump itself accepts nothing.
        ("[success=1 default=ignore] yes, requisite no", False),
        ("[success=done default=die] no, required yes", False),
        ("[success=done default=die] yes, required no", True),
        ("[success=1 maxtries=ignore default=die] max, requisite no, required yes", False),
        ("[success=1 maxtries=ignore default=die] max, required yes", True),
        # What a control does not mention is bad.
        ("[success=ok] no, required yes", False),
        # If PAM does not understand one action, everything is bad.
        ("[success=ok default=ignore] yes", True),
        ("[success = ok default = ignore] yes", True),
        ("[success=ok default=+1] yes", False),
        ("[success=ok auth_err=0 default=ignore] yes", False),
        ("[success=ok auth_err=oops default=ignore] yes", False),
        ("[success=\u0661 default=ignore] yes, requisite no, required yes", False),
        (f"[success={'1' * 5000} default=ignore] yes, required yes", False),
        ("required no, [default=reset] yes, required yes", True),
        ("unheard-of yes", False),
    ],
)
def test_a_stack_decides_as_pam_does(stack: str, accepts: bool) -> None:
    lines = [line.strip().rpartition(" ") for line in stack.split(",")]
    steps = [
        Module("auth", control, says, (str(n),), "") for n, (control, _, says) in enumerate(lines)
    ]
    found = decisions(steps, lambda module: SAYS[module.path])
    assert found == Decisions(accepts, not accepts)


def test_a_substack_ends_only_itself() -> None:
    def of(control: str, says: str) -> Module:
        return Module("auth", control, says, (), "")

    inner = Substack((of("sufficient", "yes"), of("required", "no")))
    assert decisions([inner, of("required", "yes")], lambda one: SAYS[one.path]).always_accepts
    inner = Substack((of("requisite", "no"),))
    assert not decisions([inner, of("sufficient", "yes")], lambda one: SAYS[one.path]).accepts


def test_unknown_modules_are_tried_both_ways() -> None:
    steps = [Module("auth", "required", "any", (), ""), Module("auth", "required", "yes", (), "")]
    assert decisions(steps, lambda one: SAYS[one.path]) == Decisions(True, True)
    steps = [Module("auth", "sufficient", "any", (), ""), Module("auth", "required", "yes", (), "")]
    assert decisions(steps, lambda one: SAYS[one.path]).always_accepts
