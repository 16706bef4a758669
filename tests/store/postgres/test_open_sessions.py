"""Open sessions in the database: hosts that are gone, and rows that others removed."""

import os
import subprocess
import sys

import psycopg

from cwtui.store.postgres import opening
from tests.accounts.world import NOW
from tests.store.test_open_sessions_contract import ASKED, opened


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_sessions_of_a_host_that_is_gone_leave_the_list(url: str) -> None:
    here, elsewhere = opening.parts(url).sessions, opening.parts(url).sessions
    here.begin(opened(1))
    here.begin(opened(2))
    execute(
        url,
        "UPDATE cwtui.session SET seen_at = seen_at - interval '3 minutes'"
        " WHERE id = '000000000001'",
    )
    assert elsewhere.all() == [opened(2)]
    assert elsewhere.ask_to_end([opened(1).id], ASKED) == frozenset()
    # The host was only suspended.
    assert here.look(opened(1).id, NOW + 200) is None
    assert [one.active_at for one in elsewhere.all()] == [NOW + 200, NOW + 2]


def test_a_session_whose_row_is_gone_is_listed_again(url: str) -> None:
    here, elsewhere = opening.parts(url).sessions, opening.parts(url).sessions
    here.begin(opened(1))
    execute(url, "DELETE FROM cwtui.session")
    assert here.look(opened(1).id, NOW + 60) is None
    assert [one.id for one in elsewhere.all()] == [opened(1).id]
    here.end(opened(1).id)
    assert here.look(opened(1).id, NOW) is None
    assert elsewhere.all() == []


def test_a_row_that_is_not_as_ours_hides_no_others(url: str) -> None:
    here = opening.parts(url).sessions
    for number in range(3):
        here.begin(opened(number))
    execute(url, "UPDATE cwtui.session SET document = '[]' WHERE id = '000000000000'")
    execute(
        url,
        "UPDATE cwtui.session SET document = jsonb_set(document, '{noted_by,pid}', '1099511627776')"
        " WHERE id = '000000000001'",
    )
    assert [one.id for one in here.all()] == [opened(2).id]


OTHER = """
import sys
from cwtui.store.postgres import opening
from tests.store.test_open_sessions_contract import opened

sessions = opening.parts(sys.argv[1]).sessions
for number in range(2):
    sessions.begin(opened(number))
print("ready", flush=True)
sys.stdin.read()
"""


def test_sessions_of_a_killed_process_of_this_host_are_gone_at_once(url: str) -> None:
    here, elsewhere = opening.parts(url).sessions, opening.parts(url).sessions
    here.begin(opened(99))
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        # One of them as if of another host, whose processes nobody sees from here.
        execute(
            url,
            "UPDATE cwtui.session SET document ="
            " jsonb_set(document, '{noted_by,kernel}', '\"far\"') WHERE id LIKE '%1'",
        )
        assert [one.id for one in elsewhere.all()] == [opened(n).id for n in (0, 1, 99)]
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert elsewhere.all() == [opened(1), opened(99)]
