"""No command reveals a secret in what it prints, logs or stores."""

import logging
from pathlib import Path
from typing import Final

import pytest

from tests.cli.commands import Host, Result, all_commands
from tests.secrets.logging_all import logged
from tests.secrets.observing import observed
from tests.secrets.registry import Secrets
from tests.servers.ports import free_port

CHOSEN: Final = "Grüße aus Ketzin 7"
BIND_PASSWORD: Final = "the reader of the directory"
TYPED_BY_MISTAKE: Final = "an own password? as a name"

RECIPIENT: Final = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDur7WtOwnnj9Lcso+QxWDedkGsZzcUuGzQ47L5hQC/E"
)

CALLS: Final[list[tuple[str, tuple[str, ...]]]] = [
    ("init", ("--admin", "ada", "--password-stdin")),
    ("init", ("--admin", "ada")),
    ("user list", ()),
    ("user list", ("--json",)),
    ("user show", ("ada",)),
    ("user show", ("ada", "--json")),
    ("user show", (TYPED_BY_MISTAKE,)),
    ("user add", ("grace",)),
    ("user add", ("heidi", "--json")),
    ("user add", ("ivan", "--password-stdin")),
    ("user add", ("ivan", "--password-stdin")),
    ("user add", ("judy", "--password-stdin", "--json")),
    ("user set", ("grace", "--mfa-required", "--display-name", "Grace")),
    ("user disable", ("grace", "--reason", "On leave")),
    ("user reset-password", ("grace",)),
    ("user reset-password", ("grace", "--json")),
    ("user reset-password", ("nobody",)),
    ("user reset-mfa", ("grace",)),
    ("user unlock", ("grace",)),
    ("user enable", ("grace",)),
    ("user disable", ("grace", "heidi", "--json")),
    ("user disable", (TYPED_BY_MISTAKE, "grace")),
    ("user reset-password", ("ada", "grace", "--yes", "--passwords-to", "{folder}/reset")),
    ("user remove", ("grace", "--yes")),
    ("user export", ("{folder}/export.jsonl",)),
    ("user apply", ("{folder}/people.jsonl", "--check")),
    ("user apply", ("{folder}/export.jsonl", "--json")),
    ("user export", ("-", "--format", "csv")),
    ("user export", ("{folder}/people.age", "--with-secrets", "--recipient", RECIPIENT)),
    ("user import", ("{folder}/people.jsonl", "--dry-run")),
    ("user import", ("{folder}/people.jsonl", "--json")),
    ("user import", ("{folder}/people.jsonl", "--json", "--passwords-to", "{folder}/initial")),
    ("user import", ("{folder}/phone", "--format", "google-authenticator", "--username", "kim")),
    (
        "user import",
        (
            *("{folder}/phone", "--format", "google-authenticator", "--username", "kim"),
            *("--add-devices", "--json"),
        ),
    ),
    ("user ssh-key add", ("ada",)),
    ("user ssh-key list", ("ada",)),
    ("user ssh-key remove", ("ada", "laptop")),
    ("ssh-keys", ("ada",)),
    ("session list", ()),
    ("session list", ("--json",)),
    ("session end", ("0123456789ab",)),
    ("session end", (TYPED_BY_MISTAKE,)),
    ("session end", ("--user", "grace")),
    ("role add", ("help-desk", "--permission", "reset-mfa")),
    ("role add", (TYPED_BY_MISTAKE, "--like", "help-desk", "--json")),
    ("role list", ()),
    ("role list", ("--json",)),
    ("role set", ("help-desk", "--permission", "read-users")),
    ("role set", (TYPED_BY_MISTAKE, "--permission", "read-users", "--json")),
    ("role remove", ("help-desk",)),
    ("key status", ()),
    ("key status", ("--json",)),
    ("key rotate", ()),
    ("key to-database", ("{folder}/outer.json",)),
    ("key to-file", ("{folder}/keyring.json",)),
    ("key retire", ()),
    ("settings show", ()),
    ("settings show", ("--json",)),
    ("settings set", ("password_min", "12")),
    ("settings set", ("password_min", "many")),
    ("audit", ()),
    ("audit", ("--json", "--user", "ada")),
    ("audit verify", ()),
    ("serve", ("--status",)),
    ("gate", ("--", "true")),
    ("verify", ("ada",)),
    ("verify", ("grace", "--factor", "password", "--password-stdin")),
    ("directory test", ("ada",)),
    ("directory test", ("ada", "--password-stdin")),
    ("directory sync", ()),
    ("doctor", ()),
    ("doctor", ("--json",)),
    ("store check", ()),
    ("store check", ("--json",)),
    ("store compact", ()),
    ("store backup", ("{folder}/backup.tar",)),
    ("store backup", ("-",)),
    ("store restore", ("{folder}/backup.tar", "--yes")),
    ("store copy", ("{folder}/store", "{folder}/copy")),
    ("store grant", ("hosts",)),
    ("help", ()),
    ("help", ("locked-out",)),
    ("completion", ("bash",)),
    ("completion", ("bash", "--answer")),
    ("init", ("--admin", "ada", "--new-keyring", "--yes")),
    ("init", ("--admin", "ada", "--new-keyring", "--yes", "--password-stdin")),
]
"""Commands and their arguments, in order. A missing command fails a test below."""
COMMANDS: Final = sorted({command for command, _ in CALLS})

TAKEN_OVER: Final = f"$2b$04${'u' * 53}"
OF_A_DEVICE: Final = f"otpauth://totp/kim?secret={'JBSWY3DP' * 4}"
ANOTHER_KEY: Final = "KRUGKIDR" * 4
SCRATCH_CODE: Final = "40718263"
PRINTS_AN_INITIAL_PASSWORD: Final = {"init", "user add", "user reset-password"}


def test_every_command_is_in_the_list_of_calls() -> None:
    """Add a new command to CALLS, including the calls in which it handles secrets."""
    assert set(COMMANDS) == all_commands().keys()


def test_commands_print_log_and_store_no_secrets(new_host: Host, tmp_path: Path) -> None:
    """DESIGN 4.2 and 6: only an initial password is printed, and only on standard output."""
    secrets = Secrets()
    secrets.add(TYPED_BY_MISTAKE, "a password in the wrong place")
    secrets.add(BIND_PASSWORD, "bind password")
    use_a_directory(new_host, tmp_path / "bind-password")
    secrets.add(OF_A_DEVICE, "a device of another program")
    secrets.add(OF_A_DEVICE.partition("=")[2], "the key of a device of another program")
    people = new_host.folder / "people.jsonl"
    kept = [new_host.folder / name for name in ("initial", "reset")]
    people.write_text(
        f'{{"username":"kim","password_hash":"{TAKEN_OVER}","otpauth_uris":"{OF_A_DEVICE}"}}\n'
        '{"username":"lee"}\n'
    )
    phone = new_host.folder / "phone"
    phone.write_text(f'{ANOTHER_KEY}\n" TOTP_AUTH\n{SCRATCH_CODE}\n')
    secrets.add(ANOTHER_KEY, "the key of a file of pam_google_authenticator")
    secrets.add(SCRATCH_CODE, "an emergency code of pam_google_authenticator")
    said: list[tuple[str, Result]] = []
    with logged() as log, observed(secrets.add, log.lines.add):
        for command, arguments in CALLS:
            stdin = f"{CHOSEN}\n".encode() if "--password-stdin" in arguments else b""
            if "--new-keyring" in arguments:
                new_host.keyring.unlink()
            given = [argument.format(folder=new_host.folder) for argument in arguments]
            result = new_host.run(*command.split(), *given, stdin=stdin)
            cannot_check = command.startswith(("directory", "serve"))
            statuses = {3} if cannot_check else {0, 1, 2, 4, 5}
            assert result.status in statuses, result
            said.append((command, result))
        logging.getLogger("a library").debug("logs")
    assert "logs" in log.lines
    for kind in ("secret", "pepper", "what bcrypt hashes", "key of the keyring"):
        assert secrets.count(kind), f"no {kind} was seen: nothing was looked for"
    assert secrets.found_in("\n".join(log.lines).encode()) == set()
    for command, result in said:
        assert secrets.found_in(result.err.encode()) == set(), result
        initial = handed_over(command, result, secrets)
        assert secrets.found_in(result.out.encode(), but=initial) == set(), result
        assert TAKEN_OVER not in result.err
        assert TAKEN_OVER not in result.out or command == "store backup"
    assert sum(bool(handed_over(command, result, secrets)) for command, result in said) == 5
    for file in kept:
        assert secrets.found_in(file.read_bytes()), "no initial password was written"
    for file in (people, phone, *kept):
        file.unlink()
    assert_nowhere(secrets, new_host.folder, new_host.keyring)


def use_a_directory(host: Host, password_file: Path) -> None:
    """One that does not answer; see tests/directory/test_secrets.py for real ones."""
    password_file.write_text(BIND_PASSWORD)
    password_file.chmod(0o600)
    with host.config.open("a") as config:
        config.write(
            f'[directory]\nservers = ["ldap://127.0.0.1:{free_port()}"]\nbase = "dc=x"\n'
            f'unsafe_plain_ldap_on_loopback = true\nbind_dn = "cn=reader,dc=x"\n'
            f'bind_password_file = "{password_file}"\n'
            '[directory.roles]\nconnectware-admin = ["cn=admins,dc=x"]\n'
        )


def handed_over(command: str, result: Result, secrets: Secrets) -> list[str | bytes]:
    """The one initial password that may be printed, but not one given by the operator."""
    printed = [
        value
        for value in secrets.kept
        if isinstance(value, str) and len(value) > 9 and value in result.out
    ]
    if command not in PRINTS_AN_INITIAL_PASSWORD or not result.out:
        return []
    assert CHOSEN not in printed
    assert len(printed) <= 1
    return [*printed]


def assert_nowhere(secrets: Secrets, folder: Path, keyring: Path) -> None:
    """No file holds a secret, except the keyring, which holds only its keys."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert keyring in files
    for path in files:
        keys = [value for value, what in secrets.kept.items() if what == "key of the keyring"]
        allowed = keys if path == keyring else []
        assert secrets.found_in(path.read_bytes(), but=allowed) == set(), path
        assert secrets.found_in(path.name.encode()) == set(), path


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_takes_a_secret_as_an_argument(command: str) -> None:
    """Everyone on the host can see arguments (ps)."""
    for parameter in all_commands()[command].params:
        secret = {"password", "code", "secret", "key"} & set(str(parameter.name).split("_"))
        takes_text = not getattr(parameter, "is_flag", False)
        assert not (secret and takes_text) or (command, parameter.name) in NO_SECRETS


NO_SECRETS: Final = {
    ("settings set", "key"),
    ("user ssh-key add", "key_name"),
    ("user ssh-key remove", "key"),
}
"""The names of a setting and of a public key."""
