"""`cwtui audit`: showing, filtering, following and verifying the log."""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.cli.audit import NOT_WHOLE
from cwtui.cli.output import wait_for_news
from tests.cli.commands import PASSWORD, Host

FIRST = "first admin: roles=connectware-admin"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def used(host: Host) -> Host:
    """A host with a few audit events."""
    host.run("user", "add", "jane")
    host.run("settings", "set", "mfa", "required")
    host.run("user", "set", "jane", "--disabled")
    return host


def log_of(host: Host) -> Path:
    return host.store / "audit.jsonl"


def shown(host: Host, *args: str) -> list[list[str]]:
    result = host.run("audit", *args)
    assert result.status == 0, result.err
    return [re.split(" {2,}", line) for line in result.out.splitlines()[1:]]


def events(host: Host, *args: str) -> list[str]:
    return [line[2] for line in shown(host, *args)]


# Showing


def test_events_are_shown_oldest_first(used: Host) -> None:
    result = used.run("audit")
    assert (result.status, result.err) == (0, "")
    head, *lines = result.out.splitlines()
    assert head.split() == ["TIME", "(UTC)", "OUTCOME", "EVENT", "WHO", "SOURCE", "DETAILS"]
    assert all(re.match(TIME, line) for line in lines)
    assert [re.split(" {2,}", line)[1:] for line in lines] == [
        ["success", "user.create", "operator:root > admin", "command line", FIRST],
        ["success", "user.create", "operator:root > jane", "command line", "roles=minimum-access"],
        ["success", "settings.update", "operator:root", "command line", "mfa=required"],
        ["success", "user.update", "operator:root > jane", "command line", "enabled=False"],
    ]
    assert [line.index("command line") for line in lines] == [head.index("SOURCE")] * 4


def test_json_prints_one_object_per_line(used: Host) -> None:
    result = used.run("audit", "--json")
    assert (result.status, result.err) == (0, "")
    objects = [json.loads(line) for line in result.out.splitlines()]
    written = used.audit
    for one in written:
        one.setdefault("reason", "")
        del one["previous"]
    assert [one | {"batch": None} for one in written] == objects
    assert list(objects[0]) == [
        *("n", "at", "event", "actor", "subject", "source", "outcome", "reason"),
        "batch",
    ]


def test_filters_select_events(used: Host) -> None:
    used.run("user", "reset-password", "jane")
    assert events(used, "--user", "JANE") == ["user.create", "user.update", "user.reset_password"]
    assert events(used, "--event", "user.update") == ["user.update"]
    assert events(used, "--event", "settings") == ["settings.update"]
    assert len(events(used, "--outcome", "success")) == 5
    assert len(events(used, "--since", "1h")) == 5
    assert events(used, "--user", "jane", "--event", "user.create") == ["user.create"]
    assert events(used, "--filter", "jane !event:user.update", "--event", "user.create") == [
        "user.create"
    ]
    for nothing in (("--outcome", "failure"), ("--user", "nobody"), ("--since", "2999-01-01")):
        result = used.run("audit", *nothing)
        assert (result.status, result.out, result.err) == (0, "", "No event matches.\n")
        assert used.run("audit", "--json", *nothing).out == ""


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("--event", "nosuch"), "Choose sign_in, session, "),
        (("--filter", "who:alice"), "There is no filter 'who:'. Use user:, "),
        (("--filter", ""), "--filter is empty"),
        (("--event", ""), "--event is empty"),
        (("--user", " "), "--user is empty"),
        (("--since", "tomorrow"), "30m, 2h or 7d"),
        (("--since", "2h3m"), "30m, 2h or 7d"),
        (("--outcome", "maybe"), "--outcome: cannot be 'maybe'. Choose success or failure."),
        (("--nosuch",), "There is no option '--nosuch'."),
        (("nosuch",), "There is no command 'nosuch'."),
        (("--user", "x", "verify"), "cannot be used with"),
        (("--follow", "verify"), "cannot be used with"),
        (("--json", "verify"), "cannot be used with"),
        (("verify", "--expect", ""), "number and hash"),
        (("verify", "--expect", "5"), "number and hash"),
        (("verify", "--expect", f"0:{'0' * 64}"), "number and hash"),
        (("verify", "--expect", f"1:{'0' * 63}"), "number and hash"),
    ],
)
def test_wrong_usage_exits_with_status_2(host: Host, args: tuple[str, ...], part: str) -> None:
    result = host.run("audit", *args)
    assert (result.status, result.out) == (2, "")
    assert part in result.err


def test_every_event_type_can_be_filtered(host: Host) -> None:
    for event in EventType:
        assert host.run("audit", "--event", event.value).status == 0


def test_control_characters_in_events_are_made_visible(host: Host) -> None:
    line = json.dumps(host.audit[0] | {"actor": "\x1b[31mred", "reason": "a\nb\u202e", "n": 2})
    with log_of(host).open("a") as log:
        log.write(f"{line}\n")
    result = host.run("audit")
    assert "<U+001B>[31mred > admin" in result.out
    assert "a<U+000A>b<U+202E>" in result.out
    assert "\x1b" not in host.run("audit", "--json").out


def test_an_event_of_a_later_version_is_shown(host: Host) -> None:
    line = json.dumps(host.audit[0] | {"event": "plant.start", "outcome": "pending", "n": 2})
    with log_of(host).open("a") as log:
        log.write(f"{line}\n")
    assert shown(host)[-1][1:3] == ["pending", "plant.start"]


def test_a_damaged_line_is_reported_and_skipped(used: Host) -> None:
    lines = log_of(used).read_bytes().splitlines(keepends=True)
    lines[2] = b"\xff\x00 junk\n"
    log_of(used).write_bytes(b"".join(lines))
    result = used.run("audit")
    assert (result.status, result.err) == (0, "Line 3 of audit.jsonl is not a valid event.\n")
    assert len(result.out.splitlines()) == 4
    assert used.run("audit", "--user", "jane").err == ""


def test_no_password_is_shown(used: Host) -> None:
    used.run("user", "add", "joe", "--password-stdin", stdin=PASSWORD.encode())
    reset = used.run("user", "reset-password", "joe").out.strip()
    for args in ((), ("--json",)):
        out = used.run("audit", *args).out
        assert "user.reset_password" in out
        assert PASSWORD not in out
        assert reset not in out


def test_many_events_are_all_shown(host: Host) -> None:
    [first] = host.audit
    with log_of(host).open("a") as log:
        for number in range(2, 1203):
            log.write(json.dumps(first | {"n": number}) + "\n")
    result = host.run("audit", "--json")
    assert [json.loads(line)["n"] for line in result.out.splitlines()] == list(range(1, 1203))
    assert len(host.run("audit").out.splitlines()) == 1203


def test_a_log_readable_by_others_is_refused(host: Host) -> None:
    log_of(host).chmod(0o644)
    for command in ((), ("verify",)):
        result = host.run("audit", *command)
        assert (result.status, result.out) == (3, "")
        assert "chmod 600" in result.err


@pytest.mark.parametrize("command", [("audit",), ("audit", "verify")])
def test_reading_changes_nothing(used: Host, command: tuple[str, ...]) -> None:
    before = used.files()
    assert used.run(*command).status == 0
    assert used.files() == before


# Following


def test_follow_shows_new_events_until_interrupted(host: Host) -> None:
    with host.started("audit", "--follow", "--json", "--event", "user") as process:
        out = lines_of(process)
        assert json.loads(out())["subject"] == "admin"
        host.run("settings", "set", "mfa", "required")
        host.run("user", "add", "jane")
        assert json.loads(out())["subject"] == "jane"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == ""


def test_follow_continues_across_a_rotation(host: Host) -> None:
    host.config.write_text(f"{host.config.read_text()}audit.max_megabytes = 1\n")
    [first] = host.audit
    filler = json.dumps(first | {"event": "filler.line"})
    with host.started("audit", "--follow", "--json", "--user", "jane") as process:
        out = lines_of(process)
        host.run("user", "add", "jane")
        assert json.loads(out())["event"] == "user.create"
        with log_of(host).open("a") as log:
            log.writelines(f"{filler}\n" for _ in range(1_000_000 // len(filler) + 1))
        host.run("user", "reset-password", "jane")
        assert (host.store / "audit-000001.jsonl").exists()
        assert json.loads(out())["event"] == "user.reset_password"


def test_follow_ends_when_its_output_is_closed(host: Host) -> None:
    """It must notice this even if no new event arrives."""
    with host.started("audit", "--follow") as process:
        out = lines_of(process)
        assert out().startswith("TIME (UTC)")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def lines_of(process: "subprocess.Popen[str]") -> "Lines":
    assert process.stdout is not None
    return Lines(process.stdout)


class Lines:
    """The next line, which must come within 20 seconds."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self) -> str:
        got: list[str] = []
        reader = threading.Thread(target=lambda: got.append(self._stream.readline()), daemon=True)
        reader.start()
        reader.join(20)
        assert got, "no line came"
        return got[0]


def test_waiting_for_events_ends_when_output_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        wait_for_news(0.01)
        os.close(read)
        with pytest.raises(BrokenPipeError):
            wait_for_news(60)


# Verifying


def test_verify_reports_an_intact_log(used: Host) -> None:
    result = used.run("audit", "verify")
    assert (result.status, result.err) == (0, "")
    whole, last = result.out.splitlines()
    assert whole == "Events 1 to 4: complete"
    assert re.fullmatch("Last 4:[0-9a-f]{64}", last)


def test_verify_compares_the_expected_hash(used: Host) -> None:
    noted = used.run("audit", "verify").out.split()[-1]
    used.run("settings", "set", "mfa", "optional", "--yes")
    assert used.run("audit", "verify", "--expect", noted).status == 0
    other = f"4:{'0' * 64}"
    result = used.run("audit", "verify", "--expect", other)
    assert result.status == 1
    assert "changed after its hash was noted" in result.err
    later = f"6:{'0' * 64}"
    assert "Event 6 is missing at the end." in used.run("audit", "verify", "--expect", later).err


def test_verify_prints_json_for_scripts(used: Host) -> None:
    done = used.run("audit", "verify", "--json")
    assert (done.status, done.json["complete"], done.json["findings"]) == (0, True, [])
    again = used.run("audit", "verify", "--json", "--expect", done.json["last"])
    assert (again.status, again.json["last"]) == (0, done.json["last"])


def test_the_events_of_one_act_on_many_are_found_by_its_batch(host: Host) -> None:
    host.run("user", "add", "ann")
    batch = host.run("user", "disable", "ann", "admin", "--json").json["batch"]
    host.run("user", "enable", "ann")
    found = [json.loads(line) for line in host.run("audit", "--json").out.splitlines()]
    assert [one["batch"] for one in found[-2:]] == [batch, None]
    (event,) = host.run("audit", "--json", "--filter", f"batch:{batch}").out.splitlines()
    assert (json.loads(event)["subject"], json.loads(event)["batch"]) == ("ann", batch)


def test_verify_prints_one_finding_per_line(used: Host) -> None:
    lines = log_of(used).read_bytes().splitlines(keepends=True)
    log_of(used).write_bytes(b"".join(lines[:1] + lines[2:3]))
    result = used.run("audit", "verify")
    assert result.status == 1
    assert result.err.splitlines() == [
        "Event 2 is missing before line 2 of audit.jsonl.",
        "Event 4 is missing at the end.",
        NOT_WHOLE,
    ]
    assert result.out.startswith("Events 1 to 3: not complete\n")


def test_verify_accepts_a_line_cut_short(used: Host) -> None:
    with log_of(used).open("a") as log:
        log.write('{"half')
    used.run("user", "reset-password", "jane")
    result = used.run("audit", "verify")
    assert result.status == 0
    assert result.err == "Line 5 of audit.jsonl is not a complete event.\n"
    assert result.out.startswith("Events 1 to 5: complete\n")


def test_verify_reports_a_missing_log(used: Host) -> None:
    log_of(used).unlink()
    result = used.run("audit", "verify")
    assert (result.status, result.out) == (1, "No events\n")
    assert "Events 1 to 4 are missing at the end." in result.err
    (used.store / "audit.head").unlink()
    result = used.run("audit", "verify")
    assert result.status == 1
    assert "The log is empty, but there are accounts." in result.err
    assert "The log is empty, but there are accounts." in used.run("store", "check").err


def test_a_log_that_started_over_is_reported(used: Host) -> None:
    log_of(used).unlink()
    (used.store / "audit.head").unlink()
    used.run("user", "reset-password", "jane")
    for command in (("audit", "verify"), ("store", "check")):
        result = used.run(*command)
        assert result.status == 1
        assert (
            "The log begins with user.reset_password instead of the first account. Earlier events "
            "were removed."
        ) in result.err


def test_verify_reports_a_log_without_its_chain(used: Host) -> None:
    lines = used.audit
    for line in lines:
        del line["n"], line["previous"]
    log_of(used).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (used.store / "audit.head").unlink()
    for _ in range(2):
        result = used.run("audit", "verify")
        assert result.status == 1
        for number in range(1, 5):
            assert f"Line {number} of audit.jsonl is not an event, so cwtui did not" in result.err
        used.run("user", "reset-password", "jane")


def test_verify_reports_a_log_with_only_a_cut_line(used: Host) -> None:
    log_of(used).write_text('{"half\n')
    (used.store / "audit.head").unlink()
    for command in (("audit", "verify"), ("store", "check")):
        result = used.run(*command)
        assert result.status == 1
        assert "The log is empty, but there are accounts." in result.err


def test_verify_accepts_rotated_out_events(host: Host) -> None:
    host.config.write_text(
        f"{host.config.read_text()}audit.max_megabytes = 1\naudit.keep_files = 1\n"
    )
    noted = host.run("audit", "verify").out.split()[-1]
    for _ in range(3):
        host.run("user", "reset-password", "admin")
        with log_of(host).open("a") as log:
            log.writelines(f"{'x' * 999}\n" for _ in range(1000))
    host.run("user", "reset-password", "admin")
    result = host.run("audit", "verify")
    assert result.status == 0
    assert result.out.startswith("Events 4 to 5: complete; earlier events were rotated out\n")
    result = host.run("audit", "verify", "--expect", noted)
    assert result.status == 3
    assert "Event 1 was rotated out" in result.err


def test_help_mentions_audit_and_its_options(host: Host) -> None:
    assert "audit" in host.run("--help").out
    shown_help = host.run("audit", "--help").out
    for word in ("--follow", "one JSON object per line", "verify", "7d"):
        assert word in shown_help
