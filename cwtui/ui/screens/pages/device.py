"""Settings > one device, and the question whether a device is lost."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import own_devices, wording
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.devices import FIRST_NAME, DeviceState
from cwtui.accounts.self_service import Overview
from cwtui.accounts.text import capitalized, visible
from cwtui.language import N_, _
from cwtui.ui.messages import OpenDevicePage, OpenSubPage
from cwtui.ui.screens.pages.page import PageBelow, save_row
from cwtui.ui.sections import DeviceTask, SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, TextInput
from cwtui.ui.widgets.subject_buttons import DeviceButton

_BUTTON_PADDING: Final = 6


class DevicePage(PageBelow):
    HELP = N_(
        "Rename: the name helps you to tell your devices apart. Your authentication app does not "
        "show it."
    )
    HELP_WITH: ClassVar[Mapping[str, str]] = {
        "#replace": N_(
            "Replace Device: for a new phone, or for a device that is lost. The old device works "
            "until the new one has given its first code."
        ),
        "#remove": N_("Remove Device: its codes no longer sign you in."),
    }

    def __init__(self, overview: Overview, device: DeviceState) -> None:
        super().__init__()
        self._overview = overview
        self._device = device

    def heading(self) -> str:
        return _("Settings > {name}", name=visible(self._device.name))

    def content(self) -> ComposeResult:
        yield Static(self._state(), classes="text", markup=False)
        yield Field("device_name", _("Name"), TextInput(self._device.name))
        yield from save_row(_("Rename"))
        if self._overview.replace_device_refusal:
            refusal = _(
                "You cannot replace it. {reason}", reason=self._overview.replace_device_refusal
            )
            yield Static(refusal, id="replace-refusal", classes="text", markup=False)
        else:
            yield Button(_("Replace Device"), id="replace", compact=True)
        if self._overview.remove_device_refusal:
            refusal = _(
                "You cannot remove it. {reason}", reason=self._overview.remove_device_refusal
            )
            yield Static(refusal, id="remove-refusal", classes="text", markup=False)
        else:
            yield Button(_("Remove Device"), id="remove", classes="danger", compact=True)

    def _state(self) -> str:
        registered = capitalized(wording.device(self._device, self.context.zone))
        ahead = wording.clock_ahead(self._device)
        if not ahead:
            return f"{registered}."
        return _("{registered}. At its last code: {ahead}.", registered=registered, ahead=ahead)

    def action_back(self) -> None:
        self.leave(self.open_settings)

    def pending(self) -> list[str]:
        return [_("Name")] if self._typed != visible(self._device.name) else []

    def unsaved(self) -> str:
        name = visible(self._device.name)
        return _("the new name of {name}", name=name) if self.pending() else ""

    @property
    def _typed(self) -> str:
        return self.query_one(TextInput).value

    def pressed(self, button: str) -> None:
        match button:
            case "replace":
                self._leave_for(DeviceTask.REPLACE)
            case "remove":
                self._leave_for(DeviceTask.REMOVE)
            case _:
                super().pressed(button)

    def _leave_for(self, task: DeviceTask) -> None:
        self.leave(partial(self.open_proved, OpenDevicePage(task, self._device.id)))

    def submit(self) -> None:
        if not self.pending():
            self.done(_("Nothing was changed."))
            self.open_settings()
            return
        typed, device = self._typed, self._device
        self.run_as_session(
            lambda ports, session: own_devices.rename(ports, session, device.id, typed),
            self._renamed,
            _("Saving"),
        )

    def _renamed(self, name: str) -> None:
        self.done(wording.renamed(self._device.name, name))
        self.open_settings()


class LostDevicePage(PageBelow):
    """Asks after a sign-in with a backup code. `I still have it` is the harmless answer."""

    AUTO_FOCUS = "#primary"
    HELP = N_("""\
You signed in with a backup code. If you no longer have your device, replace it now: within ten \
minutes after the sign-in, you need no other code for that. The old device works until the new one \
has given its first code.

If you have no new device yet, press Esc. Later, Settings > the name of the device > \
Replace Device does the same with another backup code.""")

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self._overview = overview

    def heading(self) -> str:
        match self._overview.devices:
            case [DeviceState(name=name)] if name in {FIRST_NAME, _(FIRST_NAME)}:
                return _("Is your phone lost?")
            case [_]:
                return _("Is your device lost?")
            case _:
                return _("Is a device lost?")

    def content(self) -> ComposeResult:
        left = wording.backup_codes_left(self._overview.backup_codes_left)
        yield Static(
            _(
                "You signed in with a backup code. {left}. If a device is lost or broken, register "
                "a new one in its place. You need no other code for that now.",
                left=left,
            ),
            classes="text",
            markup=False,
        )
        is_one = len(self._overview.devices) == 1
        have = _("I still have it") if is_one else _("I have all of them")
        yield Button(have, id="primary", variant="primary", compact=True)
        yield Static(_("If it is lost:"), classes="section", markup=False)
        labels = [
            _("Replace {name}", name=visible(device.name)) for device in self._overview.devices
        ]
        for device, label in zip(self._overview.devices, labels, strict=True):
            button = DeviceButton(device.id, label)
            button.styles.width = max(map(cell_len, labels)) + _BUTTON_PADDING
            yield button
        few = self._few_codes()
        if few:
            yield Static(f"⚠ {few}", id="few-codes", markup=False)
            yield Button(_("Regenerate Backup Codes"), id="regenerate", compact=True)

    def _few_codes(self) -> str:
        left = self._overview.backup_codes_left
        if left > backup_codes.WARN_AT:
            return ""
        if not left:
            return _("You have no backup code left. To get new ones, you need a code of a device.")
        return _("Few backup codes are left. Get new ones before you have used them up.")

    def pressed(self, button: str) -> None:
        match button:
            case "regenerate":
                self.open_proved(OpenSubPage(SubPage.REGENERATE_BACKUP_CODES))
            case "primary":
                self.open_settings()
            case _:
                device = DeviceButton.subject_of(button)
                self.open_proved(OpenDevicePage(DeviceTask.REPLACE, device))

    def action_back(self) -> None:
        self.open_settings()
