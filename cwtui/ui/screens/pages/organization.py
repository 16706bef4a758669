"""Organization: the settings for everyone."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import organization
from cwtui.accounts.organization import Saved
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.screens.pages.page import Page, save_row
from cwtui.ui.widgets.choices import Alternative, Alternatives, Choice
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.suggested_input import NumberInput

_FOR_NEW_LDAP_USERS: Final = "mfa_required_for_new_ldap_users"
_SECTIONS: Final[dict[str, dict[str, str]]] = {
    N_("Password rules (0 turns a rule off)"): {
        "password_min": N_("Minimum length"),
        "password_lower": N_("Lower-case letters"),
        "password_upper": N_("Upper-case letters"),
        "password_numeric": N_("Digits"),
        "password_symbol": N_("Symbols"),
    },
    N_("Failed attempts, and unused accounts (0 days: never)"): {
        "password_limit": N_("Passwords: attempts"),
        "password_ban_minutes": N_("Passwords: wait (minutes)"),
        "code_limit": N_("Codes: attempts"),
        "code_ban_minutes": N_("Codes: wait (minutes)"),
        "unused_days": N_("Unused: disable after (days)"),
        "invitation_days": N_("Invitations: valid (days)"),
    },
}
_BESIDE: Final = {"password_numeric": "password_symbol"}
"""Two fields in one line, so that the page fits 24 lines."""
_MODES: Final = {
    Mfa.OFF: N_("off"),
    Mfa.OPTIONAL: N_("optional"),
    Mfa.REQUIRED: N_("required"),
}
_LABELS: Final = {
    "mfa": N_("Multi-Factor Authentication"),
    _FOR_NEW_LDAP_USERS: N_("Required for new LDAP users"),
    "issuer": N_("Issuer"),
    **{key: label for fields in _SECTIONS.values() for key, label in fields.items()},
}


class OrganizationPage(Page):
    SECTION = "organization"
    MANUAL = "admin"
    AUTO_FOCUS = "Alternatives"
    IS_FULL = True
    TITLE_TEXT = N_("Organization")
    LABELS = _LABELS
    HELP = N_("""\
Multi-Factor Authentication: off (nobody can set it up, but registered devices are still asked \
for), optional, or required for everyone. If it is required, users without a device must set it up \
at their next sign-in; you see how many there are before you save it. You can also require it for \
new LDAP users, from their first sign-in on.

Issuer: the name that authentication apps show beside the username. Devices that are already \
registered keep the old name.

Password rules: they apply to new passwords, and can ask for 64 characters at most. NIST SP \
800-63B-4 advises a long minimum length instead of rules about kinds of characters.

Failed attempts: after this many wrong passwords or codes in a row, the user must wait. From 15 in \
a row on, each wait is twice as long as the one before, up to a day. After a wait, one more \
attempt is checked. Unlocking the account ends the wait immediately.

Unused: an account counts as disabled after so many days without a sign-in, until an admin enables \
it. Of the local admins, the one who signed in last is spared. You see how many accounts there are \
before you save it. The filter last:>60d lists those that nobody has used for 60 days.

Invitations: for so many days, a user can sign in with an invitation code and choose a \
password. Codes that are handed over already keep their time.""")

    def __init__(self, settings: OrganizationSettings) -> None:
        super().__init__()
        self._settings = settings

    def content(self) -> ComposeResult:
        yield Static(_(_LABELS["mfa"]), classes="section", markup=False)
        with Alternatives(id="mfa"):
            for mode, words in _MODES.items():
                yield Alternative(_(words), mode is self._settings.mfa, name=mode.value)
        required = self._settings.mfa_required_for_new_ldap_users
        yield Choice(_(_LABELS[_FOR_NEW_LDAP_USERS]), required, id=_FOR_NEW_LDAP_USERS)
        yield self._field("issuer")
        for title, fields in _SECTIONS.items():
            yield Static(_(title), classes="section", markup=False)
            for key in fields:
                beside = _BESIDE.get(key)
                if beside is not None:
                    yield Horizontal(self._field(key), self._field(beside), classes="beside")
                elif key not in _BESIDE.values():
                    yield self._field(key)
        yield from save_row(_("Save Settings"))

    def _field(self, key: str) -> Field:
        value = getattr(self._settings, key)
        entry = NumberInput(str(value)) if isinstance(value, int) else TextInput(value)
        return Field(key, _(_LABELS[key]), entry, inline=True)

    def pending(self) -> list[str]:
        return [_(_LABELS[name]) for name in self._changes()]

    def unsaved(self) -> str:
        return _("your changes to the organization settings") if self._changes() else ""

    def _changes(self) -> dict[str, str]:
        """Return only what was changed here: others may have changed the rest meanwhile."""
        values = {
            str(field.id): field.entry.value
            for field in self.query(Field)
            if field.entry.value != visible(str(getattr(self._settings, str(field.id))))
        }
        pressed = self.query_one(Alternatives).chosen
        if pressed is not None and pressed.name != self._settings.mfa.value:
            values["mfa"] = str(pressed.name)
        required = self.query_one(Choice).value
        if required != self._settings.mfa_required_for_new_ldap_users:
            values[_FOR_NEW_LDAP_USERS] = "yes" if required else "no"
        return values

    def submit(self) -> None:
        values, seen = self._changes(), self._settings
        self.run_confirmed(
            lambda ports, session, agreed: organization.update_settings(
                ports, session, values, agreed, seen
            ),
            self._saved,
            _("Saving"),
        )

    def _saved(self, saved: Saved) -> None:
        self._settings = saved.settings
        # As they were saved: 5 for 05, and with what others changed meanwhile.
        for field in self.query(Field):
            field.entry.value = visible(str(getattr(saved.settings, str(field.id))))
        self.query_one(Choice).value = saved.settings.mfa_required_for_new_ldap_users
        for mode in self.query(Alternative):
            if mode.name == saved.settings.mfa and not mode.value:
                self.query_one(Alternatives).choose(mode)
        self.show_pending()
        if saved.changed:
            self.done(_("The organization settings were saved."))
        else:
            self.done(_("Nothing was changed."))
