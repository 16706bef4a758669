"""Settings as a dialogue: one's own password, devices and backup codes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from cwtui.accounts import enrolment, own_devices, self_service, wording
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import Refused
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.dialogue import enrolling
from cwtui.dialogue.asking import ATTEMPTS, CODE, Labelled, choice, is_yes, until_right
from cwtui.dialogue.session import SessionDialogue
from cwtui.language import N_, _

T = TypeVar("T")


@dataclass(frozen=True)
class OwnAccount:
    """What people do with their own account. Acts raise what the rules raise, and Gone."""

    dialogue: SessionDialogue

    def acts(self) -> list[Labelled]:
        """Return what the person can do now, by label. Raises SessionEnded."""
        seen = self_service.overview(self.dialogue.ports, self.dialogue.session)
        acts: list[Labelled] = []
        if not seen.change_password_refusal:
            acts.append((_("Change Password"), self.change_password))
        if not seen.enable_mfa_refusal:
            acts.append((_("Enable Multi-Factor Authentication"), self.enable_mfa))
        if seen.devices:
            acts.append((_("Devices"), self.devices))
            left = wording.backup_codes_left(seen.backup_codes_left)
            acts.append((_("Regenerate Backup Codes ({left})", left=left), self.regenerate))
        if not seen.disable_mfa_refusal:
            acts.append((_("Disable Multi-Factor Authentication"), self.disable_mfa))
        return acts

    def change_password(self) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        rules = self_service.password_rules(ports, self.dialogue.session)
        person.tell(_("The new password needs {rules}.", rules=rules))

        def ask() -> None:
            current = person.ask_secret(_("Current Password: "))
            new = person.ask_secret(_("New Password: "))
            confirmation = person.ask_secret(_("Confirm Password: "))
            self.dialogue.session = self_service.change_password(
                ports, self.dialogue.session, current, new, confirmation
            )

        until_right(person, ask)
        person.tell(_("Your password was changed."))

    def enable_mfa(self) -> None:
        ports = self.dialogue.ports
        offered = self.dialogue.proved(
            lambda: self_service.begin_enrolment(ports, self.dialogue.session)
        )

        def register(typed: str) -> tuple[Secret, ...]:
            self.dialogue.session, codes = self_service.register_device(
                ports, self.dialogue.session, offered, typed
            )
            return codes

        self._show_codes(self._enrolled(offered, register))

    def regenerate(self) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        if not is_yes(person, _("Make new backup codes? The old ones will no longer work.")):
            return
        self._check_proof()

        def ask() -> tuple[Secret, ...]:
            self.dialogue.session, codes = self_service.regenerate_backup_codes(
                ports, self.dialogue.session, person.ask(_(CODE))
            )
            return codes

        self._show_codes(until_right(person, ask, ATTEMPTS))

    def disable_mfa(self) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        question = _(
            "Disable multi-factor authentication? Your devices and backup codes are removed."
        )
        if not is_yes(person, question):
            return
        self._check_proof()

        def ask() -> None:
            self.dialogue.session = self_service.disable_mfa(
                ports, self.dialogue.session, person.ask(_("One-time code: "))
            )

        until_right(person, ask, ATTEMPTS)
        person.tell(_("Multi-factor authentication is disabled."))

    def devices(self) -> None:
        """Choose a device and what to do with it, until the person goes back."""
        while True:
            seen = self_service.overview(self.dialogue.ports, self.dialogue.session)
            labels = [
                f"{visible(one.name)}: {wording.device(one, self.dialogue.zone)}"
                for one in seen.devices
            ]
            if not seen.add_device_refusal:
                labels.append(_("Add Device"))
            chosen = choice(self.dialogue.person, labels, _("Back"))
            if chosen is None:
                return
            if chosen < len(seen.devices):
                device = seen.devices[chosen]
                self.dialogue.attempt(partial(self._device, device))
            else:
                self.dialogue.attempt(self._add)

    def _device(self, device: DeviceState) -> None:
        acts = (self._rename, self._replace, self._remove)
        chosen = choice(self.dialogue.person, (_("Rename"), _("Replace"), _("Remove")), _("Back"))
        if chosen is not None:
            acts[chosen](device)

    def _add(self) -> None:
        self._begin(None, N_("Name of the device (Enter: {name}): "))

    def _replace(self, device: DeviceState) -> None:
        self.dialogue.person.tell(
            _(
                "{name} stays valid until the new device has given its first code.",
                name=visible(device.name),
            )
        )
        self._begin(device, N_("Name of the new device (Enter: {name}): "))

    def _begin(self, replaces: DeviceState | None, question: str) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        id_ = replaces.id if replaces is not None else None
        plan = own_devices.plan(ports, self.dialogue.session, id_)
        self._check_proof()

        def ask() -> Enrolment:
            name = person.ask(_(question, name=visible(plan.name))).strip() or plan.name
            enrolment.checked_name(plan.account, name, id_)  # before a code is asked for
            code = ""
            if own_devices.needs_code(self.dialogue.session, ports.now(), id_):
                code = person.ask(_(CODE))
            self.dialogue.session, offered = own_devices.begin(
                ports, self.dialogue.session, name, code, id_
            )
            return offered

        offered = until_right(person, ask, ATTEMPTS)

        def register(typed: str) -> None:
            self.dialogue.session = own_devices.register(
                ports, self.dialogue.session, offered, typed
            )

        self._enrolled(offered, register)
        person.tell(
            wording.device_added(offered.device)
            if replaces is None
            else wording.device_replaced(offered.device, replaces.name)
        )

    def _rename(self, device: DeviceState) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        name = until_right(
            person,
            lambda: own_devices.rename(
                ports, self.dialogue.session, device.id, person.ask(_("New name: "))
            ),
        )
        person.tell(wording.renamed(device.name, name))

    def _remove(self, device: DeviceState) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        refusal = self_service.overview(ports, self.dialogue.session).remove_device_refusal
        if refusal:
            raise Refused(refusal)
        if not is_yes(
            person, _("Remove {name}? Its codes will no longer work.", name=visible(device.name))
        ):
            return
        self._check_proof()

        def ask() -> None:
            self.dialogue.session = own_devices.remove(
                ports, self.dialogue.session, device.id, person.ask(_(CODE))
            )

        until_right(person, ask, ATTEMPTS)
        person.tell(wording.own_device_removed(device.name))

    def _check_proof(self) -> None:
        """Ask for the password first if it is needed, as a code would expire meanwhile."""
        self.dialogue.proved(
            lambda: self_service.check_proof_before_code(self.dialogue.ports, self.dialogue.session)
        )

    def _enrolled(self, offered: Enrolment, register: Callable[[str], T]) -> T:
        """Show the enrolment, and return what `register` makes of the device's first code."""
        shown = enrolling.Enrolling(self.dialogue.person, offered)
        shown.begin()
        return until_right(self.dialogue.person, lambda: register(shown.ask_code()))

    def _show_codes(self, codes: tuple[Secret, ...]) -> None:
        ports, person = self.dialogue.ports, self.dialogue.person
        enrolling.show_backup_codes(person, codes)
        until_right(person, lambda: enrolling.ask_for_one(person, codes))
        self_service.acknowledge_backup_codes(ports, self.dialogue.session)
        person.tell(_("Your backup codes are saved."))
