"""The [directory] section of the configuration file. Settings that cannot work are refused."""

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from cwtui.language import _

if TYPE_CHECKING:  # most hosts have no directory
    from cwtui.directory.servers import Server

Seconds: TypeAlias = Annotated[float, Meta(ge=0.1, le=60)]

_ATTRIBUTE: Final = r"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)"
"""RFC 4512 section 1.4: a descriptor or an OID."""

_DN: Final = rf"(?s)\s*{_ATTRIBUTE}\s*=.+"
"""Enough to distinguish a DN from a name; the server checks the rest."""


class DirectoryConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """With `bind_dn`, people are searched for; without, their DN is `user_rdn`=NAME,`base`.

    Times are in seconds; `total_seconds` is the limit for a whole sign-in, over all servers.
    """

    library: Literal["ldap3", "libldap"] = "ldap3"
    servers: tuple[str, ...] = ()
    starttls: bool = False
    ca_file: str = ""
    client_certificate_file: str = ""
    client_certificate_credential: str = ""
    unsafe_plain_ldap_on_loopback: bool = False

    bind_dn: str = ""
    bind_password_file: str = ""
    bind_password_credential: str = ""

    base: str = ""
    user_rdn: str = "uid"
    search_filter: str = ""

    mode: Literal["groups", "attribute"] = "groups"
    roles: dict[str, tuple[str, ...]] = {}
    member_attribute: str = "member"
    member_is: Literal["dn", "uid"] = "dn"
    nested: Literal["off", "memberOf", "matching-rule"] = "off"
    roles_attribute: str = ""

    connect_seconds: Seconds = 3.0
    bind_seconds: Seconds = 4.0
    search_seconds: Seconds = 4.0
    total_seconds: Seconds = 8.0
    session_check_minutes: Annotated[int, Meta(ge=1, le=1440)] = 5

    def __post_init__(self) -> None:
        """Raise ValueError for settings that cannot work; the word in backticks is the key."""
        self._check_transport()
        self._check_bind_account()
        self._check_search()
        self._check_roles()

    @property
    def parsed_servers(self) -> "tuple[Server, ...]":
        from cwtui.directory.servers import parsed

        return tuple(
            parsed(
                url,
                starttls=self.starttls,
                plain_on_loopback=self.unsafe_plain_ldap_on_loopback,
            )
            for url in self.servers
        )

    def _check_transport(self) -> None:
        if not self.servers:
            raise ValueError(
                _('`{key}` is missing: set at least one, such as ["ldaps://HOST"]', key="servers")
            )
        if len(set(self.servers)) < len(self.servers):
            raise ValueError(_("`{key}` lists the same server twice", key="servers"))
        if self.starttls and self.unsafe_plain_ldap_on_loopback:
            raise ValueError(
                _(
                    "`{key}` cannot be combined with starttls: remove one",
                    key="unsafe_plain_ldap_on_loopback",
                )
            )
        ways = {server.protection for server in self.parsed_servers}
        if self.starttls and "starttls" not in ways:
            raise ValueError(
                _("`{key}` is for ldap:// servers, but all servers use ldaps://", key="starttls")
            )
        if self.unsafe_plain_ldap_on_loopback and "none" not in ways:
            raise ValueError(
                _(
                    "`{key}` is for ldap:// servers, but all servers use ldaps://: remove it",
                    key="unsafe_plain_ldap_on_loopback",
                )
            )
        if self.ca_file and ways == {"none"}:
            raise ValueError(_("`{key}` has no effect without ldaps:// or starttls", key="ca_file"))
        self._check_secret("client_certificate")
        if ways == {"none"} and (
            self.client_certificate_file or self.client_certificate_credential
        ):
            key = f"client_certificate_{'file' if self.client_certificate_file else 'credential'}"
            raise ValueError(_("`{key}` has no effect without ldaps:// or starttls", key=key))
        if self.connect_seconds > self.total_seconds:
            raise ValueError(_("`{key}` is longer than total_seconds", key="connect_seconds"))

    def _check_bind_account(self) -> None:
        self._check_secret("bind_password")
        has_password = bool(self.bind_password_file or self.bind_password_credential)
        if self.bind_dn and not has_password:
            raise ValueError(
                _(
                    "`{key}` needs a password: set bind_password_file, or bind_password_credential "
                    "for a systemd credential",
                    key="bind_dn",
                )
            )
        if has_password and not self.bind_dn:
            key = "bind_password_file" if self.bind_password_file else "bind_password_credential"
            raise ValueError(_("`{key}` is the password of bind_dn, which is missing", key=key))

    def _check_secret(self, what: str) -> None:
        file, name = getattr(self, f"{what}_file"), getattr(self, f"{what}_credential")
        if file and name:
            raise ValueError(
                _(
                    "`{key}` cannot be combined with {file}: remove one",
                    key=f"{what}_credential",
                    file=f"{what}_file",
                )
            )
        if "/" in name or "\0" in name or name in {".", ".."}:
            raise ValueError(_("`{key}` must be a name without slashes", key=f"{what}_credential"))

    def _check_search(self) -> None:
        if not self.base:
            raise ValueError(
                _(
                    "`{key}` is missing: set it to where the people are, such as "
                    '"dc=example,dc=com"',
                    key="base",
                )
            )
        if not re.fullmatch(_DN, self.base):
            raise ValueError(
                _('`{key}` is not a DN, such as "ou=people,dc=example,dc=com"', key="base")
            )
        _check_attribute("user_rdn", self.user_rdn)
        if self.search_filter and not is_balanced(self.search_filter):
            raise ValueError(
                _(
                    '`{key}` must be one filter in parentheses, such as "(objectClass=person)"',
                    key="search_filter",
                )
            )

    def _check_roles(self) -> None:
        # Imported here, because most hosts have no directory.
        from cwtui.accounts.roles import BUILT_IN

        if self.mode == "attribute":
            if not self.roles_attribute:
                raise ValueError(
                    _(
                        '`{key}` is missing: mode = "attribute" reads role names from it, '
                        'such as from "employeeType"',
                        key="roles_attribute",
                    )
                )
            _check_attribute("roles_attribute", self.roles_attribute)
            given = {
                "roles": bool(self.roles),
                "nested": self.nested != "off",
                "member_is": self.member_is != "dn",
                "member_attribute": self.member_attribute != "member",
            }
            for key in (key for key, is_given in given.items() if is_given):
                raise ValueError(
                    _('`{key}` is for mode = "groups", but the mode is "attribute"', key=key)
                )
            return
        if self.roles_attribute:
            raise ValueError(_('`{key}` is for mode = "attribute"', key="roles_attribute"))
        if not self.roles:
            raise ValueError(
                _(
                    "`{key}` is missing: list the groups for each role in [directory.roles], such "
                    'as connectware-admin = ["cn=admins,dc=example,dc=com"]',
                    key="roles",
                )
            )
        _check_attribute("member_attribute", self.member_attribute)
        for role, groups in self.roles.items():
            if role not in BUILT_IN:
                _check_role(role)
            if not groups or not all(re.fullmatch(_DN, group) for group in groups):
                raise ValueError(
                    _("`{key}` needs a list of group DNs for {role!r}", key="roles", role=role)
                )
        if self.nested != "off" and (self.member_is, self.member_attribute) != ("dn", "member"):
            key = "member_is" if self.member_is != "dn" else "member_attribute"
            raise ValueError(_('`{key}` works only with nested = "off"', key=key))


def _check_role(role: str) -> None:
    """Raise ValueError if no role can have this name. Which there are, only the store knows."""
    from cwtui.accounts.errors import InvalidInput
    from cwtui.accounts.roles import role_name

    try:
        role_name(role)
    except InvalidInput as error:
        raise ValueError(
            _("`{key}` is not a role. {error}", key=f"roles.{role}", error=error)
        ) from None


def is_balanced(text: str) -> bool:
    """Whether one pair of parentheses encloses the text; those in values are escaped (RFC 4515)."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0 or (depth == 0) != (place == len(text) - 1):
            return False
    return depth == 0 and "=" in text


def _check_attribute(key: str, name: str) -> None:
    if not re.fullmatch(_ATTRIBUTE, name):
        raise ValueError(_("`{key}` must be the name of an attribute, such as uid", key=key))
