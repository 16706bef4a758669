"""Settings: the pages that ask for a name and a code before a further device is registered."""

from collections.abc import Mapping
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import enrolment, own_devices, wording
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.own_devices import Plan
from cwtui.accounts.session import Session
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.messages import DeviceOffered, OpenDevicePage
from cwtui.ui.screens.pages.confirm_code import AsksForCode
from cwtui.ui.sections import DeviceTask
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.countdown import CodeCountdown
from cwtui.ui.widgets.fields import Field
from cwtui.ui.widgets.suggested_input import SuggestedInput

_BOTH_KINDS: Final = N_("""\
The code can be a one-time code of any of your devices, or one of your backup codes, each of which \
works only once. The sixth digit of a one-time code submits it. Next, you scan a QR code with the \
app on the new device.""")


class NewDevicePage(AsksForCode):
    """Asks for what is needed before the QR code is shown."""

    EXPLANATION: ClassVar[str] = ""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def help_values(self) -> Mapping[str, str]:
        return {"code": _(_BOTH_KINDS)}

    @property
    def _replaces(self) -> str | None:
        return None if self._plan.replaced is None else self._plan.replaced.id

    @property
    def _asks_for_code(self) -> bool:
        return bool(self.query(CodeInput))

    def content(self) -> ComposeResult:
        yield Static(_(self.EXPLANATION), classes="text", markup=False)
        yield Field("device_name", _("Name"), SuggestedInput(self._plan.name))
        if own_devices.needs_code(self.session, self.context.clock(), self._replaces):
            yield self.code_field()
            yield CodeCountdown()
        yield Button(_("Continue"), id="primary", variant="primary", compact=True)

    def submit(self) -> None:
        plan, name = self._plan, self.query_one(SuggestedInput).value
        try:
            name = enrolment.checked_name(plan.account, name, self._replaces)
        except InvalidInput as error:  # before the code is taken from its field
            self.refuse(error)
            return
        code = self.query_one(CodeInput).take() if self._asks_for_code else ""
        earlier = self.context.offered.get(self._replaces)
        self.run_as_session(
            lambda ports, session: own_devices.begin(
                ports, session, name, code, self._replaces, earlier
            ),
            self._begun,
            _("Checking the code") if code else _("Creating a secret key"),
        )

    def _begun(self, result: tuple[Session, Enrolment]) -> None:
        session, offered = result
        self.context.renew_session(session)
        replaced = self._plan.replaced
        outcome = (
            wording.device_added(offered.device)
            if replaced is None
            else wording.device_replaced(offered.device, replaced.name)
        )
        self.lead_away(DeviceOffered(offered, outcome))

    def show_error(self, field: str, sentence: str) -> None:
        if field != "code" or self._asks_for_code:
            super().show_error(field, sentence)
            return
        # The backup code of the sign-in was enough for ten minutes only, and they are over.
        self.mount(self.code_field(), CodeCountdown(), before="#primary")
        self.call_after_refresh(super().show_error, field, sentence)


class AddDevicePage(NewDevicePage):
    TITLE_TEXT = N_("Add Device")
    EXPLANATION = N_(
        "You can sign in with the codes of any of your devices. Choose a name for the new one."
    )
    HELP = N_("""\
You can have up to five devices, such as a phone, a tablet and a password manager. The name helps \
you to tell them apart.

{code}""")

    def action_back(self) -> None:
        self.open_settings()


class ReplaceDevicePage(NewDevicePage):
    EXPLANATION = N_("The old device works until the new one has given its first code.")
    HELP = N_("""\
The new device takes the place of the old one, whose codes then no longer work. If you leave \
before the new one has given its first code, nothing changes. It can have the same name.

{code}

After a sign-in with a backup code, no code is asked here for ten minutes.""")

    def on_mount(self) -> None:
        for code in self.query(CodeInput):
            code.focus()  # the name can stay as it is

    def heading(self) -> str:
        replaced = self._plan.replaced
        return _("Replace {name}", name=visible(replaced.name)) if replaced is not None else ""

    def action_back(self) -> None:
        if self._replaces is not None:
            self.lead_away(OpenDevicePage(DeviceTask.SHOW, self._replaces))
