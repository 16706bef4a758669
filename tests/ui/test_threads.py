"""Calls in threads: as many at once as there may be, and none that keeps whoever leaves."""

import asyncio
import time
from threading import Event

import pytest

from cwtui.ui import threads
from cwtui.ui.threads import PatientThreads, call_within


def wait(event: Event) -> bool:
    return event.wait(60)


def test_calls_return_and_raise_as_they_would() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(PatientThreads(2))
        assert await asyncio.gather(*(asyncio.to_thread(abs, -n) for n in range(50))) == [
            *range(50)
        ]
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)

    asyncio.run(main())


def test_no_more_calls_run_at_once_than_may() -> None:
    pool, go_on, running = PatientThreads(2), Event(), []
    calls = [pool.submit(lambda: (running.append(1), wait(go_on))) for _ in range(5)]
    deadline = time.monotonic() + 20
    while len(running) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert calls[4].cancel()
    assert len(running) == 2
    go_on.set()
    assert all(call.result(20) for call in calls[:4])
    pool.shutdown()
    assert len(running) == 4


def test_a_call_that_hangs_does_not_keep_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PATIENCE", 0.05)
    go_on = Event()

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(PatientThreads())
        call = asyncio.create_task(asyncio.to_thread(wait, go_on))
        await asyncio.sleep(0)
        call.cancel()

    asyncio.run(main())
    assert not go_on.is_set()
    go_on.set()


def test_a_call_that_ends_soon_is_waited_for() -> None:
    done = []

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(PatientThreads())
        call = asyncio.create_task(asyncio.to_thread(lambda: (time.sleep(0.2), done.append(1))))
        await asyncio.sleep(0)
        call.cancel()

    asyncio.run(main())
    assert done == [1]


def test_one_call_within_some_seconds() -> None:
    go_on = Event()
    assert call_within(60, lambda: "done", "late") == "done"
    assert call_within(0.01, lambda: str(wait(go_on)), "late") == "late"
    go_on.set()

    def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        call_within(60, fail, "late")
