"""The queue of terminal input: its order and its limits."""

import threading

from textual import events
from textual.geometry import Size
from textual.message import Message

from cwtui.ui.terminal.waiting import Waiting


def key(name: str) -> events.Key:
    return events.Key(name, name if len(name) == 1 else None)


def named(taken: list[Message]) -> list[str]:
    return [event.key for event in taken if isinstance(event, events.Key)]


def move(x: int) -> events.MouseMove:
    return events.MouseMove(None, x, 0, 0, 0, 0, shift=False, meta=False, ctrl=False)


def test_typed_keys_wait_in_order() -> None:
    waiting = Waiting("f10")
    for name in "abc":
        waiting.put(key(name))
    assert named(waiting.take(is_text=True)) == ["a", "b", "c"]
    assert waiting.take(is_text=True) == []


def test_letters_that_are_no_text_are_taken_one_by_one() -> None:
    """The first may open a screen, which gets the next."""
    waiting = Waiting("f10")
    for name in "abcd":
        waiting.put(key(name))
    assert named(waiting.take(is_text=False)) == ["a"]
    assert named(waiting.take(is_text=False)) == ["b"]
    assert named(waiting.take(is_text=True)) == ["c", "d"]


def test_a_key_that_types_nothing_is_taken_alone() -> None:
    waiting = Waiting("f10")
    for name in ["a", "b", "backspace", "backspace", "c"]:
        waiting.put(key(name))
    taken = [named(waiting.take(is_text=True)) for _ in range(4)]
    assert taken == [["a", "b"], ["backspace"], ["backspace"], ["c"]]


def test_a_limited_number_of_keys_is_taken_at_once() -> None:
    waiting = Waiting("f10")
    for _ in range(Waiting.MOST_AT_ONCE + 1):
        waiting.put(key("a"))
    assert [len(waiting.take(is_text=True)) for _ in range(3)] == [Waiting.MOST_AT_ONCE, 1, 0]


def test_events_that_a_later_one_replaces_do_not_wait() -> None:
    sizes = [events.Resize(size, size) for size in (Size(70, 20), Size(80, 24))]
    focus: list[Message] = [events.AppFocus(), events.AppBlur(), events.AppFocus(), *sizes]
    waiting = Waiting("f10")
    for event in (move(1), move(2), *focus, events.AppBlur()):
        waiting.put(event)
    kinds = [type(one) for _ in range(5) for one in waiting.take(is_text=False)]
    assert kinds == [events.MouseMove, events.AppFocus, events.Resize, events.AppBlur]


def test_taking_starts_only_once() -> None:
    """Two consumers would mix up the order of keys."""
    waiting = Waiting("f10")
    assert [waiting.put(key(name)) for name in "abc"] == [True, False, False]
    waiting.take(is_text=True)
    assert not waiting.put(key("d"))
    waiting.take(is_text=True)
    assert not waiting.put(key("e"))
    waiting.take(is_text=True)
    assert waiting.take(is_text=True) == []
    assert waiting.put(key("f"))


def test_taking_starts_only_once_with_concurrent_threads() -> None:
    waiting = Waiting("f10")
    sent, begun, taken = 3000, 0, 0
    lock = threading.Lock()

    def put() -> None:
        nonlocal begun
        for _ in range(sent):
            if waiting.put(key("f1")):
                with lock:
                    begun += 1

    thread = threading.Thread(target=put)
    thread.start()
    while taken < sent and not waiting.is_flooded and (thread.is_alive() or len(waiting) or begun):
        with lock:
            assert begun <= 1
            if not begun:
                continue
        if found := waiting.take(is_text=True):
            taken += len(found)
        else:
            with lock:
                begun -= 1
    thread.join()
    assert taken == sent or waiting.is_flooded


def test_a_flood_is_dropped_except_for_the_quit_key() -> None:
    waiting = Waiting("f10")
    for _ in range(3 * Waiting.MOST):
        waiting.put(key("a"))
        assert len(waiting) <= Waiting.MOST
    assert waiting.is_flooded
    assert len(waiting) == 0
    for _ in range(1000):
        waiting.put(key("f10"))
    assert 2 <= len(waiting) < 10


def test_fewer_keys_without_text_may_wait() -> None:
    waiting = Waiting("f10")
    for _ in range(10 * Waiting.MOST_OTHERS):
        waiting.put(key("f1"))
        assert len(waiting) <= Waiting.MOST_OTHERS
    assert waiting.is_flooded
    # Taken keys no longer count.
    waiting = Waiting("f10")
    for _ in range(10 * Waiting.MOST_OTHERS):
        waiting.put(key("f1"))
        assert waiting.take(is_text=True)
    assert not waiting.is_flooded


def test_only_the_last_mouse_move_waits() -> None:
    waiting = Waiting("f10")
    for x in range(3 * Waiting.MOST):
        waiting.put(move(x))
    assert not waiting.is_flooded
    assert len(waiting) == 1
    (last,) = waiting.take(is_text=True)
    assert isinstance(last, events.MouseMove)
    assert last.x == 3 * Waiting.MOST - 1
