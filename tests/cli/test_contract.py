"""What scripts rely on: `--json` says what changed, and the exit status why something did not."""

import subprocess
from typing import Final

import bcrypt
import click
import pytest

from tests.cli.commands import PASSWORD, PYTHON, ROOT, Host, all_commands

KEY: Final = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDur7WtOwnnj9Lcso+QxWDedkGsZzcUuGzQ47L5hQC/E laptop"
)
HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
DEVICE: Final = f"otpauth://totp/kim?secret={'JBSWY3DP' * 4}"
PEOPLE: Final = f'{{"username":"kim","password_hash":"{HASH}","otpauth_uris":"{DEVICE}"}}\n'

WRITES: Final[list[tuple[str, tuple[str, ...], str, bool]]] = [
    ("init", ("--admin", "ada", "--password-stdin"), PASSWORD, True),
    ("user add", ("bob",), "", True),
    ("user add", ("eve", "--password-stdin"), PASSWORD, True),
    ("user set", ("bob", "--mfa-required"), "", True),
    ("user set", ("bob", "--mfa-required"), "", False),
    ("user unlock", ("bob",), "", False),
    ("user disable", ("eve",), "", True),
    ("user disable", ("eve", "bob"), "", True),
    ("user disable", ("eve", "bob"), "", False),
    ("user enable", ("bob", "--dry-run"), "", False),
    ("user enable", ("eve", "bob"), "", True),
    ("user unlock", ("eve", "bob"), "", False),
    ("user reset-password", ("bob",), "", True),
    ("user import", ("-", "--dry-run"), PEOPLE, False),
    ("user import", ("-",), PEOPLE, True),
    ("user import", ("-",), PEOPLE, False),
    ("user reset-mfa", ("kim",), "", True),
    ("user reset-mfa", ("kim",), "", False),
    ("user ssh-key add", ("kim",), KEY, True),
    ("user ssh-key remove", ("kim", "laptop"), "", True),
    ("user export", ("{folder}/people.jsonl",), "", True),
    ("user apply", ("-", "--check"), '{"username":"ada"}', False),
    ("user apply", ("-",), '{"username":"kim","display_name":"Kim"}', True),
    ("user apply", ("-",), '{"username":"kim","display_name":"Kim"}', False),
    ("user remove", ("kim", "--yes"), "", True),
    ("user remove", ("--from", "-", "--yes"), "eve", True),
    ("session end", ("--user", "bob"), "", True),
    ("role add", ("help-desk", "--permission", "read-users"), "", True),
    ("role set", ("help-desk", "--permission", "reset-mfa"), "", True),
    ("role set", ("help-desk", "--permission", "reset-mfa"), "", False),
    ("role remove", ("help-desk",), "", True),
    ("key rotate", (), "", True),
    ("key retire", (), "", False),
    ("settings set", ("password_min", "12"), "", True),
    ("settings set", ("password_min", "12"), "", False),
    ("store compact", (), "", True),
    ("store compact", (), "", False),
    ("store backup", ("{folder}/backup.tar",), "", True),
    ("store restore", ("{folder}/backup.tar", "--yes"), "", True),
    ("store copy", ("{folder}/store", "{folder}/copy"), "", True),
]
"""Writing commands in order: arguments, standard input, and whether they change anything."""
ELSEWHERE: Final = {
    "directory sync",  # tests/cli/test_directory.py
    "key to-database",  # both: tests/store/postgres/test_shared_keyring.py
    "key to-file",
}
"""Writing commands that need a server."""
READS: Final[list[tuple[str, tuple[str, ...]]]] = [
    ("user list", ("--json",)),
    ("user show", ("admin", "--json")),
    ("user ssh-key list", ("admin", "--json")),
    ("ssh-keys", ("admin",)),
    ("session list", ("--json",)),
    ("role list", ("--json",)),
    ("key status", ("--json",)),
    ("settings show", ("--json",)),
    ("audit", ("--json",)),
    ("audit verify", ()),
    ("directory test", ("admin",)),
    ("doctor", ("--json", "store")),
    ("store check", ("--json",)),
    ("store grant", ("hosts",)),
    ("help", ()),
    ("completion", ("bash",)),
]
DOORS: Final = {"serve", "gate", "verify"}
"""They sign people in. Their answer is the exit status."""


def test_every_command_reads_or_writes_or_is_a_door() -> None:
    """Add a new command to READS, or with --json to WRITES."""
    writes = {command for command, *_ in WRITES} | ELSEWHERE
    reads = {command for command, _ in READS}
    assert sorted([*writes, *reads, *DOORS]) == sorted(all_commands())


def test_every_writing_command_has_json() -> None:
    for name in {command for command, *_ in WRITES} | ELSEWHERE:
        options = {one for parameter in all_commands()[name].params for one in parameter.opts}
        assert "--json" in options, name


def test_json_says_truly_whether_anything_was_changed(new_host: Host) -> None:
    for command, arguments, stdin, changed in WRITES:
        before = new_host.files()
        given = [one.format(folder=new_host.folder) for one in arguments]
        done = new_host.run(*command.split(), *given, "--json", stdin=stdin.encode())
        assert done.status == 0, (command, done)
        assert done.json["changed"] is changed, (command, done)
        assert (new_host.files() != before) is changed, command


@pytest.mark.parametrize(("command", "arguments"), READS)
def test_commands_that_read_change_nothing(
    host: Host, command: str, arguments: tuple[str, ...]
) -> None:
    before = host.files()
    host.run(*command.split(), *arguments)
    assert host.files() == before


NOT_FOUND: Final = {
    "user show": ("nobody",),
    "user set": ("nobody", "--enabled"),
    "user enable": ("nobody",),
    "user disable": ("nobody",),
    "user remove": ("nobody", "--yes"),
    "user reset-password": ("nobody",),
    "user reset-mfa": ("nobody",),
    "user unlock": ("nobody",),
    "user add": ("bob", "--role", "nosuch"),
    "user ssh-key list": ("nobody",),
    "user ssh-key add": ("nobody",),
    "user ssh-key remove": ("nobody", "laptop"),
    "session list": ("--user", "nobody"),
    "session end": ("0123456789ab",),
    "role add": ("help-desk", "--like", "nosuch"),
    "role set": ("nosuch", "--permission", "read-users"),
    "role remove": ("nosuch",),
}
NAMES_NOTHING_OF_OURS: Final = {
    "ssh-keys",  # sshd asks for everybody who knocks, and needs status 0
    "verify",  # must not tell who exists
    "directory test",  # the directory; see tests/cli/test_directory.py
    "store grant",  # a role of the database
}


def test_all_commands_that_take_a_name_are_listed() -> None:
    names = {"name", "names", "username", "user", "ids", "role", "unix_user"}
    takes = {
        name
        for name, command in all_commands().items()
        for parameter in command.params
        if isinstance(parameter, click.Argument) and parameter.name in names
    }
    assert takes <= NOT_FOUND.keys() | NAMES_NOTHING_OF_OURS


@pytest.mark.parametrize("command", NOT_FOUND)
def test_a_name_that_is_not_there_is_status_4(host: Host, command: str) -> None:
    before = host.files()
    done = host.run(*command.split(), *NOT_FOUND[command], stdin=KEY.encode())
    assert (done.status, done.out) == (4, "")
    assert host.files() == before


MANY: Final = {
    "user set": ("--mfa-required",),
    "user enable": (),
    "user disable": (),
    "user unlock": (),
    "user reset-mfa": ("--yes",),
    "user reset-password": ("--passwords-to", "{folder}/initial", "--yes"),
    "user remove": ("--yes",),
}
"""Commands for many accounts, with what they need then."""


@pytest.mark.parametrize("command", MANY)
def test_one_name_has_the_same_json_as_many(new_host: Host, command: str) -> None:
    new_host.run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD.encode())
    for name in ("ann", "bob", "cho"):
        new_host.run("user", "add", name)
    given = [one.format(folder=new_host.folder) for one in MANY[command]]
    one_name = [one for one in given if one.startswith("--") and one != "--passwords-to"]
    many = new_host.run(*command.split(), "ann", "bob", "nobody", *given, "--json")
    one = new_host.run(*command.split(), "cho", *one_name, "--json")
    none = new_host.run(*command.split(), "nobody", *one_name, "--json")
    for done, names, status in (
        (many, ["ann", "bob", "nobody"], 4),
        (one, ["cho"], 0),
        (none, ["nobody"], 4),
    ):
        assert done.status == status, done
        assert list(done.json) == ["changed", "dry_run", "batch", "accounts"]
        assert [account["username"] for account in done.json["accounts"]] == names
    by_name = {account["username"]: account for account in many.json["accounts"]}
    assert none.json["accounts"] == [by_name["nobody"]]
    assert one.json["accounts"][0].keys() - by_name["ann"].keys() <= {"initial_password"}


WRONG: Final = {
    b"username,nosuch\nann,x\n": "There is no column nosuch.",
    b"username,enabled\nann,perhaps\n": "enabled must be yes or no",
    b"username\n-ann\n": "must start with a letter or digit",
}


@pytest.mark.parametrize("content", WRONG)
@pytest.mark.parametrize(
    "command",
    [
        ("user", "apply", "-", "--check"),
        ("user", "apply", "-", "--yes"),
        ("user", "import", "-", "--dry-run"),
        ("user", "import", "-", "--yes"),
        ("user", "disable", "--from", "-"),
    ],
)
def test_a_wrong_file_is_status_2(host: Host, command: tuple[str, ...], content: bytes) -> None:
    before = host.files()
    done = host.run(*command, stdin=content)
    assert (done.status, WRONG[content] in done.err) == (2, True), done
    assert host.files() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--admin", "second", "--password-stdin"),
        ("user", "add", "admin"),
        ("user", "ssh-key", "add", "admin"),
        ("role", "add", "help-desk", "--permission", "read-users"),
        ("store", "backup", "{folder}/config.toml"),
        ("user", "export", "{folder}/config.toml"),
    ],
)
def test_creating_something_that_exists_is_status_5(host: Host, arguments: tuple[str, ...]) -> None:
    host.run("user", "ssh-key", "add", "admin", stdin=KEY.encode())
    host.run("role", "add", "help-desk", "--permission", "reset-mfa")
    before = host.files()
    given = [one.format(folder=host.folder) for one in arguments]
    done = host.run(*given, stdin=KEY.encode())
    assert (done.status, done.out) == (5, "")
    assert host.files() == before


@pytest.mark.parametrize("command", ["user list", "role list", "settings show", "audit"])
def test_a_store_that_cannot_be_read_is_status_3(host: Host, command: str) -> None:
    host.accounts.rename(host.accounts.with_suffix(".away"))
    done = host.run(*command.split())
    assert (done.status, done.out) == (3, "")


def test_a_shell_gets_these_statuses(host: Host) -> None:
    """The others, which test_output.py gets, on their way through `main`."""
    script = f"""
        try() {{
            {PYTHON} -m cwtui --config '{host.config}' "$@" </dev/null >/dev/null 2>&1
            printf '%s ' $?
        }}
        try user show admin
        try user disable admin
        try user show
        try --store '{host.folder}/none' role list
        try user show nobody
        try user add admin
    """
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.stdout, done.stderr) == ("0 1 2 3 4 5 ", "")
