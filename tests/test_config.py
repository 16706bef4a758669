"""The operator's TOML file: errors name the file and the key."""

from pathlib import Path

import pytest

from cwtui.accounts.errors import AccountsError, KeyringMissing
from cwtui.accounts.text import visible
from cwtui.config import Config, KeyringConfig, StoreConfig, loading
from cwtui.config.errors import ConfigError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CWTUI_CONFIG", "CWTUI_STORE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(home: Path) -> Path:
    return home / "cwtui.toml"


def load(file: Path, content: str) -> Config:
    file.write_text(content, "utf-8")
    return loading.load(str(file))


def refusal(file: Path, content: str | bytes) -> str:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as refused:
        loading.load(str(file))
    return str(refused.value)


def test_without_a_file_everything_has_its_default(home: Path) -> None:
    found = loading.load()
    assert found == Config()
    assert found.folder == home / ".local/share/cwtui"
    assert found.accounts_file == found.folder / "accounts.json"
    assert found.records_folder == found.folder / "sign-in"
    assert found.audit_file == found.folder / "audit.jsonl"
    assert found.keyring_file == home / ".config/cwtui/keyring.json"
    assert found.passwords.bcrypt_cost == 12
    assert (found.session.idle_minutes, found.session.secrets_visible_seconds) == (10, 120)
    assert (found.audit.max_megabytes, found.audit.keep_files, found.audit.syslog) == (10, 10, "")


def test_the_default_keyring_is_outside_the_store(home: Path) -> None:
    """DESIGN 4.1: keys in a keyring outside the store."""
    found = loading.load()
    assert found.folder not in found.keyring_file.parents
    assert home in found.keyring_file.parents


def test_every_key_is_read(file: Path) -> None:
    found = load(
        file,
        """
        [store]
        url = "/srv/cwtui"
        [keyring]
        file = "/etc/cwtui/keyring.json"
        [passwords]
        bcrypt_cost = 16
        [session]
        idle_minutes = 120
        secrets_visible_seconds = 10
        [audit]
        max_megabytes = 100
        keep_files = 1000
        syslog = "~/log"
        """,
    )
    assert found.folder == Path("/srv/cwtui")
    assert found.keyring_file == Path("/etc/cwtui/keyring.json")
    assert found.passwords.bcrypt_cost == 16
    assert (found.session.idle_minutes, found.session.secrets_visible_seconds) == (120, 10)
    assert (found.audit.max_megabytes, found.audit.keep_files) == (100, 1000)
    assert found.audit.syslog == str(Path.home() / "log")


def test_the_file_option_overrides_variable_and_default(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = home / ".config/cwtui/config.toml"
    usual.parent.mkdir(parents=True)
    for path, cost in ((usual, 10), (file, 11), (home / "env.toml", 13)):
        path.write_text(f"[passwords]\nbcrypt_cost = {cost}\n")
    assert loading.load().passwords.bcrypt_cost == 10
    monkeypatch.setenv("CWTUI_CONFIG", str(home / "env.toml"))
    assert loading.load().passwords.bcrypt_cost == 13
    assert loading.load(str(file)).passwords.bcrypt_cost == 11


def test_the_store_option_overrides_variable_and_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[store]\nurl = "/from/file"\n')
    assert loading.load(str(file)).folder == Path("/from/file")
    monkeypatch.setenv("CWTUI_STORE", "/from/environment")
    assert loading.load(str(file)).folder == Path("/from/environment")
    assert loading.load(str(file), "/from/option").folder == Path("/from/option")


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_variable_counts_as_unset(
    file: Path, monkeypatch: pytest.MonkeyPatch, empty: str | None
) -> None:
    monkeypatch.setenv("CWTUI_CONFIG", "")
    monkeypatch.setenv("CWTUI_STORE", "")
    file.write_text('[store]\nurl = "/from/file"\n')
    assert loading.load(empty) == Config()
    assert loading.load(str(file), empty).folder == Path("/from/file")


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("/srv/cwtui", "/srv/cwtui"),
        ("srv/cwtui", "srv/cwtui"),
        ("file:/srv/cwtui", "/srv/cwtui"),
        ("file:///srv/cwtui", "/srv/cwtui"),
        ("/srv/with:colon", "/srv/with:colon"),
        ("./c:d", "./c:d"),
        ("/srv/Größe [1]", "/srv/Größe [1]"),
    ],
)
def test_supported_store_urls_are_accepted(url: str, folder: str) -> None:
    assert loading.load(store=url).folder == Path(folder)


def test_a_tilde_means_the_home_folder(home: Path, file: Path) -> None:
    found = load(file, '[store]\nurl = "~/cwtui"\n[keyring]\nfile = "~/keys/k.json"\n')
    assert found.folder == home / "cwtui"
    assert found.keyring_file == home / "keys/k.json"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('[keyring]\nfile = "a\\u0000b"', "The keyring's path contains a NUL character."),
        (
            '[keyring]\nfile = "~0"',
            "The keyring's path '~0' names a home folder that does not exist.",
        ),
        ('[store]\nurl = "a\\u0000b"', "The store's path contains a NUL character."),
        (
            '[keyring]\nfile = "k"\ncredential = "c"',
            (
                "The keyring is either a file or a credential: set only one of keyring.file and "
                "keyring.credential."
            ),
        ),
        *(
            (
                f'[keyring]\ncredential = "{name}"',
                (
                    f"{visible(shown)} is not a valid credential name. Use a name without "
                    "slashes, such as cwtui-keyring."
                ),
            )
            for name, shown in (("..", ".."), ("a/b", "a/b"), ("a\\u0000b", "a\0b"))
        ),
    ],
)
def test_impossible_paths_are_refused(file: Path, content: str, sentence: str) -> None:
    assert refusal(file, content) == sentence


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:cwtui", "The store 'file:cwtui' is not an absolute path"),
        ("file://host/cwtui", "The store 'file://host/cwtui' is not an absolute path"),
        ("file:", "The store 'file:' is not an absolute path"),
        ("mysql://host/db", "Unknown kind of store 'mysql'"),
        ("C:", "Unknown kind of store 'C'"),
        (":x", "Unknown kind of store ''"),
        ("/srv/\0", "The store's path contains a NUL character"),
        ("file:/srv/\0", "The store's path contains a NUL character"),
        ("~0", "The store's path '~0' names a home folder that does not exist"),
        ("~nobody-of-that-name/x", "The store's path '~nobody-of-that-name/x' names a home folder"),
        ("\x1b[2J:x", r"Unknown kind of store '\x1b[2J'"),
    ],
)
def test_unsupported_store_urls_are_refused(url: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loading.load(store=url)
    assert str(refused.value).startswith(sentence)
    assert isinstance(refused.value, AccountsError)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[passwords]\nbcrypt_cost = 9", "passwords.bcrypt_cost"),
        ("[passwords]\nbcrypt_cost = 17", "passwords.bcrypt_cost"),
        ('[passwords]\nbcrypt_cost = "12"', "passwords.bcrypt_cost"),
        ("[passwords]\nbcrypt_cost = 12.5", "passwords.bcrypt_cost"),
        ("[passwords]\nbcrypt_cost = true", "passwords.bcrypt_cost"),
        ("[session]\nidle_minutes = 0", "session.idle_minutes"),
        ("[session]\nidle_minutes = 121", "session.idle_minutes"),
        ("[session]\nsecrets_visible_seconds = 9", "session.secrets_visible_seconds"),
        ("[store]\nurl = 1", "store.url"),
        ("[store]\nurl = []", "store.url"),
        ("[keyring]\nfile = 1979-05-27", "keyring.file"),
        ("[keyring]\ncredential = 1", "keyring.credential"),
        ("[audit]\nmax_megabytes = 0", "audit.max_megabytes"),
        ("[audit]\nmax_megabytes = 101", "audit.max_megabytes"),
        ("[audit]\nkeep_files = 0", "audit.keep_files"),
        ("[audit]\nkeep_files = 1001", "audit.keep_files"),
        ("[audit]\nsyslog = true", "audit.syslog"),
        ("[audit]\nsocket = 1", "socket"),
        ("store = 1", "store"),
        ("[store]\npassword = 'x'", "password"),
        ("[databse]\nurl = ''", "databse"),
        ("bcrypt_cost = 12", "bcrypt_cost"),
    ],
)
def test_a_wrong_value_is_reported_by_file_and_key(file: Path, content: str, named: str) -> None:
    sentence = refusal(file, content)
    assert sentence.startswith(f"{file}: ")
    assert named in sentence


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[store", "end of document"),
        ("\n\nurl = =", "line 3"),
        ("a = 1\na = 2\n", "line 2"),
        ("a = 1" + "0" * 5000, "4300 digits"),
        ("a = " + "[" * 100_000, "recursion"),
        ("\x00", "line 1"),
    ],
    ids=["bracket", "value", "twice", "digits", "depth", "nul"],
)
def test_invalid_toml_is_reported_by_file_and_line(file: Path, content: str, reason: str) -> None:
    sentence = refusal(file, content)
    assert sentence.startswith(f"{file} is not valid TOML: ")
    assert reason in sentence
    assert len(sentence) < 400


def test_invalid_utf8_is_reported_by_its_byte(file: Path) -> None:
    sentence = refusal(file, b'[store]\nurl = "\xff"')
    assert sentence == f"{file} is not UTF-8 at byte 15. Save it as UTF-8."


def test_escape_sequences_are_made_visible(file: Path) -> None:
    """DESIGN 4.3."""
    assert "<U+001B>" in refusal(file, '["\\u001b[2J"]\n')


def test_a_requested_file_must_exist(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=f"There is no configuration file {home}/none"):
        loading.load(str(home / "none"))
    monkeypatch.setenv("CWTUI_CONFIG", str(home / "none"))
    with pytest.raises(ConfigError, match=f"There is no configuration file {home}/none"):
        loading.load()


def test_an_unreadable_file_is_refused(home: Path) -> None:
    with pytest.raises(
        ConfigError, match=f"Cannot read {home}: it is a folder, not a regular file"
    ):
        loading.load(str(home))
    with pytest.raises(ConfigError, match="file name too long"):
        loading.load(str(home / ("x" * 300)))


# A credential of systemd


def test_a_credential_is_read_from_the_folder_of_systemd(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/cwtui.service")
    found = load(file, '[keyring]\ncredential = "cwtui-keyring"\n')
    assert found.keyring_file == Path("/run/credentials/cwtui.service/cwtui-keyring")


@pytest.mark.parametrize("folder", [None, "", "relative"])
def test_a_credential_needs_the_folder_of_systemd(
    file: Path, monkeypatch: pytest.MonkeyPatch, folder: str | None
) -> None:
    """DESIGN 4.10: a file of that name in the current folder is not used."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if folder is not None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
    found = load(file, '[keyring]\ncredential = "cwtui-keyring"\n')
    with pytest.raises(KeyringMissing) as missing:
        found.keyring_file.exists()
    assert str(missing.value) == (
        "The keyring is the systemd credential cwtui-keyring, but this process has no credentials: "
        "CREDENTIALS_DIRECTORY is not set. Run it in the systemd unit that has "
        "LoadCredential=cwtui-keyring:FILE"
    )


@pytest.mark.parametrize(
    ("keyring", "inside"),
    [("store/keyring.json", True), ("store/deep/k.json", True), ("keys/k.json", False)],
)
def test_a_keyring_inside_the_store_is_detected(tmp_path: Path, keyring: str, inside: bool) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "store")
    found = Config(
        store=StoreConfig(str(tmp_path / "link")), keyring=KeyringConfig(str(tmp_path / keyring))
    )
    assert found.keyring_is_in_store() is inside


def test_quit_key_and_login_time_are_read(file: Path) -> None:
    assert (Config().keys.quit, Config().session.login_minutes) == ("ctrl+q", 10)
    for written, key in (("F10", "f10"), ("Ctrl-G", "ctrl+g"), (" ctrl+q ", "ctrl+q")):
        assert load(file, f'[keys]\nquit = "{written}"\n').keys.quit == key
    assert load(file, "[session]\nlogin_minutes = 0\n").session.login_minutes == 0
    assert "login_minutes" in refusal(file, "[session]\nlogin_minutes = 121\n")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("ctrl+s", "ctrl+s is sent by terminals with flow control (XOFF). Use ctrl+ and one of"),
        ("ctrl+m", "ctrl+m is Enter."),
        ("f1", "f1 is Help."),
        ("q", "Use ctrl+ and one of b, g, n, o, q, r, t, y, z, or one of f6 to f12."),
        ("", "Use ctrl+"),
        ("ctrl+q,q", "Use ctrl+"),
        ("f13", "Use ctrl+"),
        ("\\u001b[31m", "Use ctrl+"),
    ],
)
def test_a_key_that_cannot_quit_is_refused_with_the_reason(
    file: Path, key: str, reason: str
) -> None:
    said = refusal(file, f'[keys]\nquit = "{key}"\n')
    assert said.startswith("keys.quit: ")
    assert reason in said
    assert visible(said) == said
