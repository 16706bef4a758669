"""Settings > SSH Keys: the list, the page that adds a key, and the page of one key."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import own_ssh_keys, public_keys, wording
from cwtui.accounts.own_ssh_keys import Changed
from cwtui.accounts.ssh_keys import SshKeyState
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.messages import OpenSshKeyPage, OpenSubPage
from cwtui.ui.screens.pages.page import WITH_WIDE, PageBelow, save_row, value
from cwtui.ui.sections import SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.subject_buttons import SshKeyButton


class SshKeysPage(PageBelow):
    TITLE_TEXT = N_("SSH Keys")
    AUTO_FOCUS = "#add-ssh-key"
    HORIZONTAL_BREAKPOINTS = WITH_WIDE
    HELP = N_("""\
Somebody who has one of these keys can get in over SSH as you, on hosts that ask cwtui. Each host \
decides whether it also asks for a one-time code.

Add SSH Key takes a public key, never a private one. Have one key for each computer, and remove a \
key when you lose the computer. A security key needs your touch.

The name of a key opens its page, to rename or remove it. Its fingerprint is what ssh-keygen -l \
prints.""")

    def __init__(self, states: tuple[SshKeyState, ...]) -> None:
        super().__init__()
        self._states = states

    def content(self) -> ComposeResult:
        yield Static(
            _("These keys let you in over SSH, on hosts that ask cwtui.")
            if self._states
            else _("You have no SSH keys. A key lets you in over SSH, on hosts that ask cwtui."),
            classes="text",
            markup=False,
        )
        for state in self._states:
            with Horizontal(classes="own-device"):
                yield SshKeyButton(state.id, visible(state.name), is_cut=True)
                yield value(wording.ssh_key(state, self.context.zone))
            yield Static(state.fingerprint, classes="fingerprint", markup=False)
        yield Button(_("Add SSH Key"), id="add-ssh-key", compact=True)

    def pressed(self, button: str) -> None:
        if button == "add-ssh-key":
            self.run_as_session(
                own_ssh_keys.check_can_add,
                lambda _: self.lead_away(OpenSubPage(SubPage.ADD_SSH_KEY)),
                _("Loading"),
            )
        else:
            self.lead_away(OpenSshKeyPage(SshKeyButton.subject_of(button)))

    def action_back(self) -> None:
        self.open_settings()


class BelowSshKeys(PageBelow):
    """A page below the list of SSH keys. Esc goes back to the list."""

    def open_list(self) -> None:
        self.lead_away(OpenSubPage(SubPage.SSH_KEYS))

    def action_back(self) -> None:
        self.leave(self.open_list)


class _PublicKeyInput(TextInput):
    """A public key. A private one is refused as a whole, and nothing of it is shown."""

    def __init__(self) -> None:
        super().__init__(max_length=public_keys.LINE_LENGTH)

    def on_paste(self, event: events.Paste) -> None:
        if public_keys.is_private(event.text):
            event.prevent_default()
            event.stop()
            self.post_message(self.Refused(_(public_keys.PRIVATE)))


class AddSshKeyPage(BelowSshKeys):
    TITLE_TEXT = N_("Add SSH Key")
    HELP = N_("""\
Paste the public key: the one line of a file such as ~/.ssh/id_ed25519.pub. If you have no key, \
make one on your own computer: ssh-keygen -t ed25519

Accepted are Ed25519, ECDSA, RSA from 3072 bits, and security keys (ssh-keygen -t ed25519-sk). \
Never enter a private key: that is the file without .pub.

A key can be on one account only. Your other sessions end when a key is added.""")

    def content(self) -> ComposeResult:
        yield Field(
            "ssh_key", _("Public key"), _PublicKeyInput(), _("The line of a file that ends in .pub")
        )
        yield Field(
            "ssh_key_name", _("Name"), TextInput(), _("Leave it empty to use the key's comment.")
        )
        yield Button(_("Add SSH Key"), id="primary", variant="primary", compact=True)

    def may_stay_empty(self, entry: TextInput) -> bool:
        """The comment of the key is its name then."""
        del entry
        return public_keys.has_comment(self.query_one(_PublicKeyInput).value)

    def unsaved(self) -> str:
        return _("the new SSH key") if self.query_one(_PublicKeyInput).value else ""

    def submit(self) -> None:
        line, name = (field.entry.value for field in self.query(Field))
        if public_keys.is_private(line):
            self.query_one(_PublicKeyInput).value = ""  # others may see the screen
        self.run_as_session(
            lambda ports, session: own_ssh_keys.add(ports, session, line, name),
            self._added,
            _("Checking the key"),
        )

    def _added(self, changed: Changed) -> None:
        self.context.renew_session(changed.session)
        self.done(wording.ssh_key_added(changed.key.name))
        self.open_list()


class SshKeyPage(BelowSshKeys):
    HELP = N_("""\
Rename: the name helps you to tell your keys apart.

Remove SSH Key: the key no longer lets anybody in. SSH connections that are open stay open. Your \
other sessions here end.""")

    def __init__(self, state: SshKeyState) -> None:
        super().__init__()
        self._state = state

    def heading(self) -> str:
        return _("SSH Keys > {name}", name=visible(self._state.name))

    def content(self) -> ComposeResult:
        facts = f"{wording.ssh_key(self._state, self.context.zone)}\n{self._state.fingerprint}"
        yield Static(facts, classes="text", markup=False)
        yield Field("ssh_key_name", _("Name"), TextInput(self._state.name))
        yield from save_row(_("Rename"))
        yield Button(_("Remove SSH Key"), id="remove", classes="danger", compact=True)

    def pending(self) -> list[str]:
        changed = self.query_one(TextInput).value != visible(self._state.name)
        return [_("Name")] if changed else []

    def unsaved(self) -> str:
        name = visible(self._state.name)
        return _("the new name of {name}", name=name) if self.pending() else ""

    def pressed(self, button: str) -> None:
        if button == "remove":
            self.leave(self._ask_first)
        else:
            super().pressed(button)

    def submit(self) -> None:
        if not self.pending():
            self.done(_("Nothing was changed."))
            self.open_list()
            return
        typed, id_ = self.query_one(TextInput).value, self._state.id
        self.run_as_session(
            lambda ports, session: own_ssh_keys.rename(ports, session, id_, typed),
            self._renamed,
            _("Saving"),
        )

    def _renamed(self, name: str) -> None:
        self.done(wording.renamed(self._state.name, name))
        self.open_list()

    def _ask_first(self) -> None:
        question = _(
            "Remove the SSH key {name}? It will no longer let anybody in. Your other sessions "
            "end. SSH connections that are open stay open.",
            name=visible(self._state.name),
        )
        self.confirm(question, _("Remove SSH Key"), self._remove)

    def _remove(self) -> None:
        id_ = self._state.id
        self.run_as_session(
            lambda ports, session: own_ssh_keys.remove(ports, session, id_),
            self._removed,
            _("Removing"),
        )

    def _removed(self, changed: Changed) -> None:
        self.context.renew_session(changed.session)
        self.done(wording.ssh_key_removed(changed.key.name))
        self.open_list()
