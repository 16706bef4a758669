"""Ask one server: bind account, search, password check and roles."""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import identity
from cwtui.accounts.directory_port import (
    CannotSearchDirectory,
    DirectoryMisconfigured,
    DirectoryRefused,
    DirectoryUser,
    NoDirectoryUser,
    Step,
    Tell,
)
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.directory import answers, binding, entries, membership
from cwtui.directory.answers import Answer
from cwtui.directory.channel import Channel
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.entries import Entry
from cwtui.directory.escaping import escaped
from cwtui.language import _

_BATCH: Final = 100
"""Usernames per search; some servers refuse much longer filters."""
_IDS_BATCH: Final = 25
"""People per search by ids; each has up to four ids."""


class Visit:
    """The questions to ask over an open channel. All methods raise what `Channel` raises."""

    def __init__(self, channel: Channel, config: DirectoryConfig, now: float, tell: Tell) -> None:
        self._channel = channel
        self._config = config
        self._now = now
        self._tell = tell
        roles_attribute = [config.roles_attribute] if config.roles_attribute else []
        self._attributes = [config.user_rdn, *entries.READ, *roles_attribute]

    def check_password(self, username: str, password: Secret) -> DirectoryUser:
        """Return the person if the password is correct and they are enabled.

        Raises DirectoryRefused.
        """
        entry, answer = (
            self._checked_after_search(username, password)
            if self._config.bind_dn
            else self._checked_directly(username, password)
        )
        user = self._user(entry, username)
        if not user.enabled:
            raise answers.disabled(password_was_right=True)
        notice = binding.notice(answer, entry, self._now)
        if notice is not None:
            self._tell(Step("password", True, notice.sentence()))
        return replace(user, password_notice=notice)

    def find(self, username: str) -> DirectoryUser | None:
        """Return the person, enabled or not. Raises CannotSearchDirectory."""
        self._bind_account()
        entry = self._searched(username)
        return self._user(entry, username) if entry is not None else None

    def find_by_ids(
        self, people: Sequence[Mapping[str, str]], progress: ShowProgress
    ) -> list[DirectoryUser | None]:
        """Return the person for each of these sets of ids; None if there is none or two.

        Raises CannotSearchDirectory.
        """
        self._bind_account()
        self._check_base()
        found: list[DirectoryUser | None] = []
        for start in range(0, len(people), _IDS_BATCH):
            batch = people[start : start + _IDS_BATCH]
            shown = [(entry, entries.unchanging_ids(entry)) for entry in self._with_ids(batch)]
            found += [self._only(shown, ids) for ids in batch]
            progress(start + len(batch), len(people))
        return found

    def find_all(
        self, usernames: list[str], progress: ShowProgress
    ) -> dict[str, DirectoryUser | None]:
        """Return the person for each username, except for names with two entries.

        Raises CannotSearchDirectory.
        """
        self._bind_account()
        self._check_base()
        found: dict[str, DirectoryUser | None] = {}
        for start in range(0, len(usernames), _BATCH):
            batch = usernames[start : start + _BATCH]
            by_name = self._batch(batch)
            for username in batch:
                if len(by_name[username]) > 1:
                    continue
                entry = self._one_of(by_name[username], username)
                found[username] = self._user(entry, username) if entry is not None else None
            progress(start + len(batch), len(usernames))
        return found

    def explain(self, username: str, password: Secret | None) -> DirectoryUser:
        """Check the person step by step, and return them if they are enabled.

        Raises DirectoryRefused and CannotSearchDirectory.
        """
        if password is not None:
            user: DirectoryUser | None = self.check_password(username, password)
        else:
            user = self.find(username)
        if user is None:
            raise NoDirectoryUser
        if not user.enabled:
            raise answers.disabled()
        self._tell_missing_groups()
        return user

    def _tell_missing_groups(self) -> None:
        """Report configured groups that do not exist: nobody would get their roles."""
        for group in membership.missing_groups(self._channel, self._config):
            sentence = _("{group} does not exist or cannot be read.", group=visible(group))
            self._tell(Step("group", False, sentence))
        if self._config.nested == "matching-rule" and not self._channel.is_active_directory():
            self._tell(Step("group", False, _(membership.UNKNOWN_RULE)))

    def _checked_after_search(self, username: str, password: Secret) -> tuple[Entry, Answer]:
        self._bind_account()
        entry = self._searched(username)
        if entry is None:
            # Also bind with a random name, so that the time does not reveal whether a name exists.
            nobody = f"{self._config.user_rdn}={secrets.token_hex(16)},{self._config.base}"
            for _ in binding.spellings(password):
                self._channel.bind(nobody, Secret(secrets.token_hex(16)))
            raise NoDirectoryUser
        answer = self._check_bind(entry.dn, password, entry)
        # Read roles as the bind account, as sync does.
        self._bind_account(again=True)
        return entry, answer

    def _checked_directly(self, username: str, password: Secret) -> tuple[Entry, Answer]:
        dn = f"{self._config.user_rdn}={escaped(username)},{self._config.base}"
        answer = self._check_bind(dn, password)
        found = self._channel.read(dn, self._filter([username]), self._attributes)
        self._tell_search(dn, username)
        entry = self._one_of(found, username)
        if entry is None:
            raise NoDirectoryUser
        return entry, answer

    def _check_bind(self, dn: str, password: Secret, entry: Entry | None = None) -> Answer:
        try:
            answer = binding.check(self._channel, dn, password, entry, self._now)
        except DirectoryRefused as refusal:
            self._tell(Step("password", False, f"{visible(dn)}: {refusal}"))
            raise
        self._tell(Step("password", True, _("The password of {dn} is correct.", dn=visible(dn))))
        return answer

    def _bind_account(self, *, again: bool = False) -> None:
        dn = self._config.bind_dn
        if not dn:
            raise CannotSearchDirectory
        binding.bind_account(self._channel, self._config)
        if not again:
            self._tell(Step("bind", True, _("Bound as {dn}.", dn=visible(dn))))

    def _searched(self, username: str) -> Entry | None:
        # Always asked, so that the time does not reveal whether a name exists.
        is_base_shown = self._channel.exists(self._config.base)
        found = self._channel.first_two(
            self._config.base, self._filter([username]), self._attributes
        )
        self._tell_search(self._config.base, username)
        if not found and not is_base_shown:
            raise self._hidden_base()
        return self._one_of(found, username)

    def _check_base(self) -> None:
        """Raise DirectoryMisconfigured if the base cannot be read.

        A server without read permission for cwtui would otherwise seem to have no people.
        """
        if not self._channel.exists(self._config.base):
            raise self._hidden_base()

    def _hidden_base(self) -> DirectoryMisconfigured:
        return DirectoryMisconfigured(
            _(
                "The bind account {bind_dn} cannot read the base {base}, so cwtui cannot look up "
                "anyone. Allow it to read the base and the people below it, or set another base "
                "in [directory].",
                bind_dn=visible(self._config.bind_dn),
                base=visible(self._config.base),
            )
        )

    def _with_ids(self, people: Sequence[Mapping[str, str]]) -> list[Entry]:
        asked = "".join(entries.id_filter(ids) for ids in people)
        if not asked:
            return []
        more = self._config.search_filter
        search_filter = f"(&(|{asked}){more})" if more else f"(|{asked})"
        pages = self._channel.pages(self._config.base, search_filter, self._attributes)
        return [entry for page in pages for entry in page]

    def _only(
        self, shown: Sequence[tuple[Entry, dict[str, str]]], ids: Mapping[str, str]
    ) -> DirectoryUser | None:
        """Return the person with these ids if there is exactly one entry and it has a name."""
        theirs = [entry for entry, found in shown if identity.is_same(ids, found)]
        if len(theirs) != 1:
            return None
        name = entries.name_of(theirs[0], self._config.user_rdn, self._channel.read_rdn)
        return self._user(theirs[0], name) if name else None

    def _one_of(self, found: list[Entry], username: str) -> Entry | None:
        """Return the entry if it has exactly this name. Raises DirectoryMisconfigured for two."""
        if len(found) > 1:
            raise DirectoryMisconfigured(
                _(
                    "The directory has more than one entry for {username}: {one} and {other}. "
                    "Narrow search_filter or base in [directory].",
                    username=visible(username),
                    one=visible(found[0].dn),
                    other=visible(found[1].dn),
                )
            )
        if not found:
            self._tell(Step("entry", False, _("No entry matches.")))
            return None
        (entry,) = found
        if not entries.is_of(entry, self._config.user_rdn, username, self._channel.read_rdn):
            sentence = _(
                "{dn} matches, but its {user_rdn} is not exactly {username}.",
                dn=visible(entry.dn),
                user_rdn=self._config.user_rdn,
                username=visible(username),
            )
            self._tell(Step("entry", False, sentence))
            return None
        self._tell(Step("entry", True, _("Found {dn}.", dn=visible(entry.dn))))
        return entry

    def _batch(self, usernames: list[str]) -> dict[str, list[Entry]]:
        by_name: dict[str, list[Entry]] = {username: [] for username in usernames}
        search_filter = self._filter(usernames)
        for page in self._channel.pages(self._config.base, search_filter, self._attributes):
            for entry in page:
                for name in entries.names(entry, self._config.user_rdn) & by_name.keys():
                    by_name[name].append(entry)
        return by_name

    def _filter(self, usernames: Iterable[str]) -> str:
        names = [
            f"({self._config.user_rdn}={escaped(spelling)})"
            for username in usernames
            for spelling in _spellings(username)
        ]
        asked = names[0] if len(names) == 1 else f"(|{''.join(names)})"
        more = self._config.search_filter
        return f"(&{asked}{more})" if more else asked

    def _user(self, entry: Entry, username: str) -> DirectoryUser:
        user = DirectoryUser(
            username=username,
            dn=entry.dn,
            display_name=entries.display_name(entry),
            roles=membership.roles(self._channel, self._config, entry, username, self._tell),
            enabled=entries.is_enabled(entry, self._now),
            ids=entries.unchanging_ids(entry),
        )
        ids = ", ".join(f"{name} {visible(id_)}" for name, id_ in user.ids.items()) or _("no id")
        named = user.display_name or _("none")
        shown = _("Display name {name}, {ids}.", name=named, ids=ids)
        self._tell(Step("attributes", bool(user.ids), shown))
        if user.enabled:
            said = _("The account is enabled.")
        else:
            said = _("The account is disabled or expired.")
        self._tell(Step("state", user.enabled, said))
        return user

    def _tell_search(self, base: str, username: str) -> None:
        sentence = _(
            "Searched {base} for {filter}.",
            base=visible(base),
            filter=visible(self._filter([username])),
        )
        self._tell(Step("search", True, sentence))


def _spellings(username: str) -> list[str]:
    """Return the username with composed and with decomposed letters, as servers compare bytes."""
    return sorted({username, unicodedata.normalize("NFD", username)})
