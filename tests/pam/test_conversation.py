"""What the module carries between PAM and the service, and what it makes of the verdict."""

import pytest

from tests.pam.cases import CASES, JOURNEY, SECRET
from tests.pam.scripted import (
    ACCT_EXPIRED,
    AUTH_ERR,
    MAXTRIES,
    PERM_DENIED,
    SESSION_ERR,
    SUCCESS,
    UNAVAILABLE,
    UNREACHABLE,
    USER_UNKNOWN,
    Host,
    Service,
)

PHASES = ("auth", "account", "open", "close")
VERDICTS = {
    b"A": (SUCCESS, SUCCESS, SUCCESS, SUCCESS),
    b"R": (AUTH_ERR, PERM_DENIED, SESSION_ERR, SESSION_ERR),
    b"M": (MAXTRIES, MAXTRIES, SESSION_ERR, SESSION_ERR),
    b"X": (ACCT_EXPIRED, ACCT_EXPIRED, SESSION_ERR, SESSION_ERR),
    b"N": (USER_UNKNOWN, USER_UNKNOWN, SESSION_ERR, SESSION_ERR),
    b"U": (UNAVAILABLE, UNAVAILABLE, SESSION_ERR, SESSION_ERR),
}
LEGAL_TEXT = 1000


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_its_result_in_each_phase(host: Host, verdict: bytes) -> None:
    with Service(host.socket, *[[verdict]] * len(PHASES)):
        happened = host.sign_in(*PHASES)
    assert happened.results == list(zip(PHASES, VERDICTS[verdict], strict=True))
    assert not happened.seen
    assert not happened.log


@pytest.mark.parametrize("name", CASES)
def test_a_sign_in_is_accepted_only_by_a_right_verdict(host: Host, name: str) -> None:
    case = CASES[name]
    happened = host.ask(*case.script, options=[*case.answers, "auth"])
    assert happened.result == case.result
    broken = case.result == UNAVAILABLE and case.script[-1:] != (b"U",)
    assert (UNREACHABLE in happened.errors) == broken
    assert any("denied" in line for line in happened.log) == broken


def test_prompts_texts_and_answers_arrive_unchanged_and_in_order(host: Host) -> None:
    with Service(host.socket, JOURNEY.script) as service:
        happened = host.sign_in(*JOURNEY.answers, "auth")
    shown = [(chr(packet[0]), packet[1:].decode()) for packet in JOURNEY.script[:-1]]
    assert happened.seen == shown
    assert service.answers == [b"aa password", b"aAda"]


def test_the_longest_texts_and_answers_arrive_whole(host: Host) -> None:
    text, answer = "ü" * 4095 + "!", "y" * 1024
    with Service(host.socket, [f"h{text}".encode(), f"e{text}".encode(), b"A"]) as service:
        happened = host.sign_in(f"answer={answer}", "auth")
    assert happened.seen == [("h", text), ("e", text)]
    assert service.answers == [f"a{answer}".encode()]


def test_silence_hides_texts_but_no_prompts(host: Host) -> None:
    script = [b"iWelcome", b"eWrong.", b"hPassword:", b"A"]
    happened = host.ask(*script, options=["silent", "answer=1", "auth"])
    assert happened.seen == [("h", "Password:")]
    assert happened.result == SUCCESS
    assert not host.sign_in("silent", "auth").seen
    host.arguments("verbose")
    assert host.sign_in("silent", "auth").errors == [UNREACHABLE]


def test_credentials_need_no_service_and_passwords_are_not_changed_here(host: Host) -> None:
    """Without pam_setcred, sshd lets nobody in."""
    happened = host.ask(b"A", options=["auth", "setcred", "setcred", "chauthtok"])
    *right, (phase, code) = happened.results
    assert right == [("auth", SUCCESS), ("setcred", SUCCESS), ("setcred", SUCCESS)]
    assert phase == "chauthtok"
    assert code != SUCCESS


def test_answers_are_wiped_and_nothing_is_left_on_the_stack(host: Host) -> None:
    """Neither answers nor texts, which can be keys and backup codes."""
    host.arguments("debug")
    scripts = [[b"hPassword:", b"i" + SECRET.encode(), last] for last in (b"A", b"A ")]
    scripts += [[b"hCode:", b"A"], [b"hCode:"]]
    answers = ["first-secret", "second-secret", "secret" * 200, "last-secret"]
    with Service(host.socket, *scripts):
        happened = host.sign_in(*[f"answer={answer}" for answer in answers], *["auth"] * 4)
    assert [code for _, code in happened.results] == [SUCCESS, UNAVAILABLE, 19, UNAVAILABLE]
    assert happened.wiped == len(answers)
    assert not happened.on_the_stack
    assert happened.log
    assert not any("secret" in line.lower() for line in happened.log)
