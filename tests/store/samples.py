"""Sample accounts that use every field."""

from base64 import b64decode

from msgspec.structs import replace

from cwtui.accounts import roles
from cwtui.accounts.model import (
    Account,
    Attempts,
    BackupCodes,
    Device,
    DeviceUse,
    Ending,
    FailedSignIns,
    KnewPassword,
    Moved,
    Origin,
    PasswordHash,
    Removal,
    Removed,
    Sealed,
    SecondFactor,
    SignInRecord,
    SshKey,
    WrongCode,
    WrongCodes,
)
from cwtui.accounts.preferences import LanguageChoice, Preferences, Theme
from cwtui.accounts.settings import Mfa, OrganizationSettings
from tests.accounts.ssh_lines import ED25519, RSA_3072
from tests.accounts.steps import at_step

BCRYPT = "$2b$04$q2CQ9u25LOLdbXh3m2OCNOGUUtKUwxYzat83L53tN11qepgTg8XNi"

SEALED = Sealed(key="k1", nonce=bytes(range(12)), ciphertext=bytes(range(48)))
FULL = Account(
    username="ada@plant-7",
    created_at=1_800_000_000.25,
    origin=Origin.LOCAL,
    display_name='Ada "Countess" Lovelace\\',
    roles=(roles.ADMIN, roles.MINIMUM),
    password=PasswordHash(key="k1", bcrypt=BCRYPT),
    must_change_password=True,
    initial_password_expires_at=1_800_604_800.25,
    invited=True,
    second_factor=SecondFactor(
        devices=(
            Device("Phone", SEALED, 1_800_000_001.5),
            Device('Ada\'s "Engine"', SEALED, 1_800_000_002.5, "0a1b2c3d"),
        ),
        backup_codes=BackupCodes(
            key="k1",
            salt=BCRYPT[:29],
            hashes=(BCRYPT[29:], BCRYPT[29:-1] + "j"),
            created_at=1_800_000_001.5,
        ),
    ),
    mfa_required=True,
    enabled=False,
    session_epoch=4_294_967_296,
    in_directory_too=True,
    preferences=Preferences(
        Theme.SIXTEEN_LIGHT,
        "America/Argentina/Buenos_Aires",
        mouse=False,
        language=LanguageChoice.GERMAN,
    ),
    ssh_keys=(
        SshKey(
            "1b2c3d4e", 'Ada\'s "Engine"', b64decode(ED25519.split()[1]), 1_800_000_003.5, "bob"
        ),
        SshKey("2c3d4e5f", "rsa", b64decode(RSA_3072.split()[1]), 1_800_000_004.0),
    ),
    removals=(
        Removal(Removed.SSH_KEY, 1_800_000_004.5, "operator:root", 'Ada\'s "Tablet"'),
        Removal(Removed.SECOND_FACTOR, 1_800_000_005.0, "bob"),
    ),
    disabled_reason='On leave, ask "Bob"',
    enabled_at=1_800_000_006.5,
    expires_at=1_806_537_600.0,
)
OF_SCHEMA_9 = FULL.changed(
    disabled_reason="",
    enabled_at=None,
    expires_at=None,
    invited=False,
    preferences=replace(FULL.preferences, language=LanguageChoice.AUTOMATIC),
)
"""The first account as schema 9 can hold it."""
PLAIN = Account(username="bob", created_at=1.0)
LDAP = Account(
    username="émile",
    created_at=2.0,
    origin=Origin.LDAP,
    display_name="Émile 中文",
    directory_ids={
        "entryUUID": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "nsUniqueId": "b4c5d601-11ec11ec-8f0aafe5-7f0a4c5b",
    },
    gone_since=3.5,
    moved=Moved("emile", at_step(7)),
)

RECORD = SignInRecord(
    password_attempts={"": Attempts(3, 1.5, 0.0)},
    code_attempts={"10.0.0.1": Attempts(5, 2.5, 302.5)},
    known_sources=("10.0.0.2", "10.0.0.1"),
    devices={
        "": DeviceUse(
            last_step=60_000_000,
            wrong_code=WrongCode(1_800_000_002.5, 60_000_040),
            spent_steps=(60_000_039, 60_000_040),
        ),
        "0a1b2c3d": DeviceUse(60_000_001, 1_800_000_030.0, -1),
    },
    last_sign_in=1_800_000_000.125,
    last_source="10.0.0.1",
    failed=FailedSignIns(
        3,
        1_800_000_000.5,
        "2001:db8::1",
        KnewPassword(1_800_000_001.0, "10.0.0.8", Ending.STOPPED),
        2,
        {"10.0.0.8": WrongCodes(5, 1_800_000_000.0)},
    ),
)

SETTINGS = OrganizationSettings(mfa=Mfa.REQUIRED, issuer="Connectware (plant-7)", code_limit=3)
