"""Calls in threads: a limited number at once, and none that delays leaving."""

import asyncio
import time
from threading import Event, Timer

import pytest

from cwtui.ui import threads
from cwtui.ui.threads import PatientThreads, call_within


class Calls:
    """A call that runs until released."""

    def __init__(self) -> None:
        self.go_on = Event()
        self.is_running = Event()
        self.begun: list[bool] = []
        self.ended: list[bool] = []

    def __call__(self) -> str:
        self.begun.append(True)
        self.is_running.set()
        self.ended.append(self.go_on.wait(20))
        return "done"


def test_calls_return_and_raise_normally() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(PatientThreads(2))
        assert await asyncio.gather(*(asyncio.to_thread(abs, -n) for n in range(50))) == [
            *range(50)
        ]
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)

    asyncio.run(main())


def test_only_the_allowed_number_of_calls_runs_at_once() -> None:
    pool, call = PatientThreads(2), Calls()
    futures = [pool.submit(call) for _ in range(5)]
    deadline = time.monotonic() + 20
    while len(call.begun) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert futures[4].cancel()
    assert len(call.begun) == 2
    call.go_on.set()
    assert [future.result(20) for future in futures[:4]] == ["done"] * 4
    pool.shutdown()
    assert len(call.begun) == 4


def test_a_hanging_call_does_not_delay_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PATIENCE", 0.05)
    call = Calls()
    asyncio.run(begun_and_cancelled(call))
    assert not call.ended
    call.go_on.set()


def test_a_call_that_ends_soon_is_waited_for() -> None:
    call = Calls()
    Timer(0.1, call.go_on.set).start()
    asyncio.run(begun_and_cancelled(call))
    assert call.ended == [True]


async def begun_and_cancelled(call: Calls) -> None:
    asyncio.get_running_loop().set_default_executor(PatientThreads())
    task = asyncio.create_task(asyncio.to_thread(call))
    assert await asyncio.to_thread(call.is_running.wait, 20)
    task.cancel()


def test_call_within_gives_up_after_its_time_limit() -> None:
    call = Calls()
    assert call_within(0.01, call, "late") == "late"
    call.go_on.set()
    assert call_within(20, call, "late") == "done"

    def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        call_within(20, fail, "late")
