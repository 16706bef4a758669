"""Look-alike usernames are found before an account is created."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import administration, look_alikes, recovery, sign_in, text
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_NOTHING, AccountsError, Agreed, InvalidInput, LooksAlike
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, OPERATOR, PASSWORD, World, outcome

PAIRS = [
    ("alice", "a1ice"),
    ("alice", "AIice"),  # typed in capitals
    ("alice", "aliсe"),  # noqa: RUF001  a Cyrillic letter
    ("alice", "ａ1ice"),  # noqa: RUF001  a wide letter, and a digit
    ("bob", "b0b"),
    ("bob", "ЬоЬ"),  # noqa: RUF001  the look-alike
    ("modern", "modem"),
    ("corner", "comer"),
    ("wanda", "vvanda"),
    ("paypal", "раураl"),  # noqa: RUF001  the look-alike
    ("user-1", "user-l"),
    ("o.o", "0.ο"),  # noqa: RUF001  a Greek letter
    ("plant-1", "plant-l"),
    # Digits for letters
    ("admin", "adm1n"),
    ("admin", "4dmin"),
    ("admin", "4drn1n"),
    ("alice", "al1c3"),
    ("alice", "a1ic3"),
    ("michel", "m1che1"),  # one of them is an i, the other an l
    ("steve", "573v3"),
    ("bob", "8o8"),
    ("root", "r007"),
    ("e-mail", "e-ma1l"),
    ("vvilli", "w1l1i"),
]
DIFFERENT = [
    ("alice", "alice"),
    ("alice", "Alice"),
    ("alice", "alina"),
    ("jorg", "jörg"),
    ("john.doe", "john-doe"),
    ("ali", "all"),
    ("user1", "user2"),
    ("user1", "user7"),
    ("plant-1", "plant-7"),
    # Numbers beside words
    ("plant-a", "plant-4"),
    ("plant-e", "plant-3"),
    ("plant-i", "plant-1"),
    ("hall-s1", "hall-51"),
    ("b2.e", "b2.3"),
    ("room1a", "room14"),
    ("2024", "2o2a"),
    ("bob", "808"),
    ("milan", "mllan"),  # letters are no digits
]


@pytest.mark.parametrize(("existing", "typed"), PAIRS)
def test_look_alikes_are_found(existing: str, typed: str) -> None:
    names = ["ada", existing, "zoe"]
    assert look_alikes.among(names, typed) == (existing,)
    assert look_alikes.among([*names, text.username(typed)], typed) == (existing,)


@pytest.mark.parametrize(("existing", "typed"), DIFFERENT)
def test_clearly_different_names_are_not_look_alikes(existing: str, typed: str) -> None:
    assert look_alikes.among([existing], typed) == ()


def look_alike(name: str, other: str) -> bool:
    """Whether two names look alike, by the simple way. Equal names do."""
    return look_alikes._read_alike(look_alikes._drawn(name), look_alikes._drawn(other))


def usernames() -> st.SearchStrategy[str]:
    letters = st.sampled_from("al1i0omrnwv34e7ts58b2.-@+_é\u0308") | st.characters()
    return st.text(letters, min_size=1, max_size=12)


def is_username(name: str) -> bool:
    return outcome(lambda: text.username(name)) == name


@given(st.lists(usernames(), max_size=8), usernames())
def test_the_fast_search_finds_the_same_as_the_simple_one(others: list[str], typed: str) -> None:
    names = [name for name in others if is_username(name)]
    found = outcome(lambda: look_alikes.among(names, typed))
    if isinstance(found, AccountsError):
        assert isinstance(found, InvalidInput)
        return
    name = text.username(typed)
    spellings = (name, text.normal(typed.strip()))
    assert found == tuple(
        n for n in names if n != name and any(look_alike(n, one) for one in spellings)
    )


def test_the_table_covers_only_possible_usernames() -> None:
    """A table made from a later Unicode version can only have more entries."""
    table = look_alikes._table()
    assert len(table) > 2000
    for one, read_as in table.items():
        assert unicodedata.normalize("NFD", chr(one)) == chr(one)
        assert text.username(f"a{chr(one)}")
        assert look_alike(chr(one), read_as)


# Creating accounts


def create(world: World, typed: str, agreed: Agreed = TO_NOTHING) -> WithInitialPassword:
    return administration.create_user(world.ports, OPERATOR, NewAccount(typed), agreed=agreed)


def test_a_look_alike_is_created_only_when_allowed(world: World) -> None:
    world.add("alice")
    with pytest.raises(LooksAlike) as alike:
        create(world, "A1ice")
    assert str(alike.value) == "A1ice looks like the existing username alice."
    assert world.accounts.names() == ["alice"]
    assert world.events == []
    made = create(world, "A1ice", frozenset({LooksAlike}))
    assert (made.account.username, made.looks_like) == ("a1ice", ("alice",))
    assert world.events[-1].reason == "roles=minimum-access looks_like=alice"


def test_several_names_that_look_alike_are_named_together() -> None:
    assert look_alikes.told(("alice",)) == "It looks like the existing username alice."
    assert (
        look_alikes.told(("a1ice", "alice")) == "It looks like the existing usernames a1ice, alice."
    )


def test_an_existing_name_is_reported_as_taken(world: World) -> None:
    world.add("alice")
    world.add("a1ice")
    with pytest.raises(InvalidInput, match="The username a1ice is taken"):
        create(world, "a1ice")


def test_a_look_alike_that_was_made_meanwhile_is_pointed_out(world: World) -> None:
    world.accounts.before_change = lambda: create(world, "alice")
    with pytest.raises(LooksAlike, match="A1ice looks like the existing username alice"):
        create(world, "A1ice")
    assert world.accounts.names() == ["alice"]
    other = "al\N{LATIN SMALL LETTER DOTLESS I}ce"
    world.accounts.before_change = lambda: create(world, other, frozenset({LooksAlike}))
    made = create(world, "A1ice", frozenset({LooksAlike}))
    assert made.looks_like == ("alice", other)
    assert world.events[-1].reason == f"roles=minimum-access looks_like=alice,{other}"


def test_a_look_alike_made_during_a_sign_in_is_in_the_audit_log(world: World) -> None:
    world.directory = directory = MemoryDirectory()
    directory.add("a1ice", PASSWORD)
    world.accounts.before_change = lambda: create(world, "alice")
    sign_in.with_password(world.ports, "a1ice", Secret(PASSWORD), HERE)
    created = [event for event in world.events if event.event is EventType.USER_CREATE]
    assert created[-1].reason.endswith("looks_like=alice")


def test_a_look_alike_made_during_a_recovery_is_told(world: World) -> None:
    world.accounts.before_change = lambda: create(world, "admin")
    assert recovery.recover_admin(world.ports, OPERATOR, "adrnin").looks_like == ("admin",)


def test_many_look_alikes_are_counted(world: World) -> None:
    for name in ("illi", "i1li", "il1i", "i11i"):
        world.add(name)
    with pytest.raises(LooksAlike, match="i11i, i1li, il1i and 1 more"):
        create(world, "iIli")


def test_a_look_alike_from_the_directory_is_recorded(world: World) -> None:
    """There is no admin to ask at sign-in."""
    world.add("alice")
    world.directory = directory = MemoryDirectory()
    directory.add("alіce", PASSWORD)  # noqa: RUF001  a Cyrillic letter
    state = sign_in.with_password(world.ports, "alіce", Secret(PASSWORD), HERE)  # noqa: RUF001  the look-alike
    assert isinstance(state, SignedIn)
    [created] = [event for event in world.events if event.event is EventType.USER_CREATE]
    assert created.reason.endswith("looks_like=alice")
    world.begin("alіce")  # noqa: RUF001  the look-alike
    assert [event.event for event in world.events].count(EventType.USER_CREATE) == 1


def test_recovering_an_admin_reports_look_alikes(world: World) -> None:
    world.add("admin", enabled=False)
    made = recovery.recover_admin(world.ports, OPERATOR, "adrnin")
    assert made.looks_like == ("admin",)
    assert world.events[-1].reason == "created, looks_like=admin"


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_search_for_many_names_agrees_with_that_for_one(one: str, other: str) -> None:
    known = [text.username(one), "somebody"]
    found = look_alikes.of_many(known, {text.username(other): other})
    assert found == {text.username(other): look_alikes.among(known, other)}


@given(st.lists(st.text("aob01i3e4l.", min_size=1, max_size=4), min_size=1, max_size=8))
def test_the_search_among_new_names_agrees_with_that_for_one(typed: list[str]) -> None:
    names = {text.username(one): one for one in typed if one[0] != "."}
    found = look_alikes.of_many(["bob", "al1"], names)
    everybody = {"bob", "al1", *names}
    for name, as_typed in names.items():
        expected = look_alikes.among(sorted(everybody), as_typed)
        assert set(found.get(name, ())) == set(expected)


def test_a_name_is_compared_with_a_limited_number_of_others() -> None:
    """So that a file of names that all look alike does not take hours."""
    names = [f"{number:010b}".replace("1", "o") for number in range(1000)]
    found = look_alikes.of_many([], {name: name for name in names})
    assert len(found) == 1000
    assert max(len(similar) for similar in found.values()) <= 50
