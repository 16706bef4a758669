"""Sign-out and quitting leave nothing behind (DESIGN section 4, points 2 and 6)."""

import gc
import hashlib
import time
import weakref
from collections.abc import Collection, Iterable, Iterator, Sized
from dataclasses import replace
from functools import partial
from itertools import compress, filterfalse

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from tests.accounts.world import forget_hashes
from tests.ui.plants import ADMIN, plant
from tests.ui.scenes import SCENES, Scene
from tests.ui.ways import keep_codes, offered


def digest_of(letters: Iterable[str]) -> bytes:
    return hashlib.sha256("".join(letters).encode()).digest()


def _based_on(kind: type) -> set[type]:
    """The kinds based on this one, and on those."""
    own: set[type] = set(kind.__subclasses__())
    return own.union(*map(_based_on, own))


def holders(digests: Iterable[bytes], length: int) -> Iterator[object]:
    """All objects in Python's memory that hold a text with this SHA-256 and length.

    The latest come first, so that a search for any of them ends soon.
    """
    assert gc.get_freeze_count() == 0
    gc.collect()
    wanted, kinds = set(digests), {str, bytes, *_based_on(str), *_based_on(bytes)}
    is_text, is_as_long = kinds.__contains__, length.__eq__
    is_container = {dict, tuple}.__contains__

    def texts_in(some: list[object]) -> Iterator[Sized]:
        """Those of this length. Built-in functions alone look at millions of objects."""
        held = inner = gc.get_referents(*some)
        # The collector keeps no list of dictionaries and tuples that hold only texts and the like.
        while inner := [
            *filterfalse(gc.is_tracked, compress(inner, map(is_container, map(type, inner))))
        ]:
            inner = gc.get_referents(*inner)
            held = [*held, *inner]
        texts = list(compress(held, map(is_text, map(type, held))))
        return compress(texts, map(is_as_long, map(len, texts)))

    def is_wanted(held: object) -> bool:
        content = held if isinstance(held, bytes) else str(held).encode("utf-8", "replace")
        return hashlib.sha256(content).digest() in wanted

    holding = gc.get_objects()
    holding.reverse()
    # Many at once, because asking each object by itself takes far longer.
    for some in (holding[start : start + 5000] for start in range(0, len(holding), 5000)):
        if any(map(is_wanted, texts_in(some))):
            yield from (holder for holder in some if any(map(is_wanted, texts_in([holder]))))


def still_held(digests: Collection[bytes], length: int) -> list[object]:
    """The same, once threads had a second to end the calls whose results are known already."""
    give_up_at = time.monotonic() + 1
    while (found := [*holders(digests, length)]) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return found


def with_secrets_of_its_own(name: str, seed: int) -> Scene:
    """The scene with secrets that no other test in this process has."""
    return replace(SCENES[name], start=partial(plant, seed))


@pytest.mark.usefixtures("all_objects")
async def test_sign_out_leaves_no_screen_and_no_password_in_memory() -> None:
    letters = [*"never-before-", *"seen-", *"words"]
    digest = digest_of(letters)
    async with SCENES["sign_in"].played() as (person, there):
        there.world.add("gary", password="".join(letters))
        forget_hashes()  # which tests keep by password
        gone: list[weakref.ref[object]] = []

        def note() -> None:
            screens = person.app.screen_stack[1:]
            gone.extend(
                weakref.ref(one) for s in screens for one in s.walk_children(with_self=True)
            )

        note()
        person.send(*"gary", "tab", *letters, "enter")
        await person.settle()
        assert person.app.context.session is not None
        note()
        await person.press("enter")
        person.send(*letters, "enter", *"short", "enter", *"other", "enter")
        await person.settle()
        note()
        # Textual keeps the last clicked widget until the next click.
        await person.press("escape", "escape", "end", "enter")
        person.screen(SignInScreen)
        now = {id(one) for one in person.app.screen.walk_children(with_self=True)}
        await person.settle()
        assert still_held([digest], len(letters)) == []  # which collects garbage
        alive = [ref() for ref in gone if ref() is not None and id(ref()) not in now]
        assert alive == []


@pytest.mark.usefixtures("all_objects")
async def test_sign_out_leaves_no_backup_code_in_memory() -> None:
    async with with_secrets_of_its_own("backup_codes", 71).played() as (person, there):
        screen = weakref.ref(person.app.screen)
        digests = [digest_of(c.reveal()) for c in person.screen(BackupCodesScreen)._codes]
        assert next(holders(digests, 19), None) is not None
        await keep_codes(person)
        await person.click("Sign Out")
        there.world.clock.forward(30)
        await person.settle()
        assert still_held(digests, 19) == []
        assert screen() is None


@pytest.mark.usefixtures("all_objects")
async def test_an_ended_session_leaves_no_key_in_memory() -> None:
    async with with_secrets_of_its_own("register_device", 72).played() as (person, there):
        screen = weakref.ref(person.app.screen)
        digest = digest_of(offered(person).reveal())
        there.world.put(there.world.account(ADMIN).changed_ending_sessions(enabled=False))
        await person.write("000000")
        person.screen(SignInScreen)
        assert still_held([digest], 32) == []
        assert screen() is None


@pytest.mark.usefixtures("all_objects")
async def test_a_wrong_password_is_not_kept_in_memory() -> None:
    letters = [*"another-", *"unheard-", *"of"]
    digest = digest_of(letters)
    async with SCENES["sign_in"].played() as (person, _):
        person.send(*ADMIN, "tab", *letters)
        await person.settle()
        assert next(holders([digest], len(letters)), None) is not None
        await person.press("enter")
        person.screen(SignInScreen)
        assert still_held([digest], len(letters)) == []


async def test_quitting_records_the_end_of_the_session() -> None:
    async with SCENES["users"].played() as (person, there):
        await person.press("ctrl+q", "y")
        assert not person.running
        assert person.app.leaving.record_now() == ""
        assert there.world.events[-1].event is EventType.SIGN_OUT
        assert person.app.return_value == 0


async def test_the_code_step_is_not_a_session() -> None:
    async with SCENES["one_time_code"].played() as (person, _):
        person.screen(OneTimeCodeScreen)
        await person.press("ctrl+p")
        person.screen(OneTimeCodeScreen)
        assert person.app.context.session is None
