"""Every screen in every state worth a picture, and the keys that lead there.

The goldens and the pictures in screenshots/ are made from these scenes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from cwtui.accounts import roles
from cwtui.ui import theme
from tests.ui.admin_ways import (
    account_invited,
    account_of,
    account_of_help_desk,
    account_pending,
    account_updated,
    acts,
    audit_event,
    audit_log,
    audit_log_filtered,
    audit_log_wrong,
    batch_of,
    batch_report,
    batch_running,
    confirm,
    create_role,
    create_role_wrong,
    create_user,
    create_user_wrong,
    disable_account,
    help_on_account,
    help_on_sign_in,
    initial_password,
    invitation,
    list_of_roles,
    manual_topic,
    manual_topics,
    organization,
    organization_wrong,
    palette,
    proof,
    proof_with_code,
    proof_wrong,
    quitting,
    reset_password,
    role,
    sign_out_user,
    user_sessions,
    users,
    users_filtered,
    users_none,
    users_of_help_desk,
    users_selected,
)
from tests.ui.harness import SMALL, Person, at_work
from tests.ui.plants import (
    Plant,
    audited_plant,
    devices_few_codes_plant,
    devices_plant,
    empty,
    expired_plant,
    few_codes_plant,
    gone_plant,
    help_desk_plant,
    keys_plant,
    locked_plant,
    off_plant,
    plant,
    required_plant,
    roles_plant,
    sessions_plant,
    unused_plant,
)
from tests.ui.way import Way
from tests.ui.ways import (
    GUESSED,
    KNEW,
    add_device,
    add_device_wrong,
    add_ssh_key,
    add_ssh_key_wrong,
    after_backup_code,
    arrive,
    as_alice,
    backup_code,
    backup_codes,
    backup_codes_copied,
    backup_codes_hidden,
    backup_codes_on_a_console,
    change_password,
    change_password_typing,
    change_password_wrong,
    check_saved,
    check_saved_wrong,
    device_of,
    disable_mfa,
    disable_mfa_wrong,
    display,
    display_wrong,
    end_own_session,
    first_run_wrong,
    forced_enrolment,
    locked,
    navigation,
    new_password,
    one_time_code,
    own_sessions,
    own_ssh_keys,
    print_view,
    quitting_before_saving,
    regenerate,
    register_device,
    register_device_hidden,
    register_device_redrawn,
    register_device_wrong,
    register_further,
    remove_device,
    replace_device,
    replace_lost,
    save_codes,
    session_ended,
    signed_in,
    signed_out,
    ssh_key,
    told_of,
    too_many_codes,
    too_many_passwords,
    unacknowledged,
    wrong_backup_code,
    wrong_clock,
    wrong_code,
    wrong_password,
)


@dataclass(frozen=True)
class Scene:
    """A way to a screen and the store it starts with."""

    way: Way
    start: Callable[[], Plant] = plant
    size: tuple[int, int] = SMALL

    @asynccontextmanager
    async def played(
        self, size: tuple[int, int] | None = None, theme_name: str = theme.DARK.name
    ) -> AsyncIterator[tuple[Person, Plant]]:
        async with self.begun(size or self.size, theme_name) as (person, there):
            await self.way(person, there)
            yield person, there

    @asynccontextmanager
    async def begun(
        self, size: tuple[int, int], theme_name: str
    ) -> AsyncIterator[tuple[Person, Plant]]:
        """The application before the way is gone."""
        there = self.start()
        world = there.world
        # Ways that do not begin on the first screen begin a session at once.
        async with at_work(
            world.ports,
            world.clock,
            size=size,
            theme_name=theme_name,
            in_session=self.way.parts[0] is not arrive,
        ) as person:
            yield person, there


SCENES: Final[dict[str, Scene]] = {
    "first_run": Scene(arrive, empty),
    "first_run_wrong": Scene(first_run_wrong, empty),
    "sign_in": Scene(arrive),
    "sign_in_wrong": Scene(wrong_password),
    "sign_in_throttled": Scene(too_many_passwords),
    "sign_in_after_sign_out": Scene(signed_out),
    "sign_in_after_lock": Scene(locked),
    "sign_in_after_demotion": Scene(session_ended),
    "one_time_code": Scene(one_time_code),
    "one_time_code_wrong": Scene(wrong_code),
    "one_time_code_wrong_clock": Scene(wrong_clock),
    "one_time_code_throttled": Scene(too_many_codes),
    "backup_code": Scene(backup_code),
    "backup_code_wrong": Scene(wrong_backup_code),
    "new_password": Scene(new_password),
    "forced_enrolment": Scene(forced_enrolment),
    "unacknowledged_codes": Scene(unacknowledged),
    "register_device": Scene(register_device),
    "register_device_wrong": Scene(register_device_wrong),
    "register_device_redrawn": Scene(register_device_redrawn),
    "register_device_hidden": Scene(register_device_hidden),
    "backup_codes": Scene(backup_codes),
    "backup_codes_copied": Scene(backup_codes_copied),
    "backup_codes_hidden": Scene(backup_codes_hidden),
    "backup_codes_on_a_console": Scene(backup_codes_on_a_console),
    "save_codes": Scene(save_codes),
    "print_view": Scene(print_view),
    "check_saved": Scene(check_saved),
    "check_saved_wrong": Scene(check_saved_wrong),
    "settings": Scene(signed_in),
    "settings_enabled": Scene(as_alice),
    "settings_after_failures": Scene(told_of(GUESSED)),
    "settings_after_stop": Scene(told_of(KNEW)),
    "settings_few_codes": Scene(as_alice, few_codes_plant),
    "settings_required": Scene(as_alice, required_plant),
    "settings_off": Scene(signed_in, off_plant),
    "change_password": Scene(change_password),
    "change_password_typing": Scene(change_password_typing),
    "change_password_wrong": Scene(change_password_wrong),
    "disable_mfa": Scene(disable_mfa),
    "disable_mfa_wrong": Scene(disable_mfa_wrong),
    "regenerate_backup_codes": Scene(regenerate),
    "settings_devices": Scene(as_alice, devices_plant),
    "device": Scene(device_of("Work tablet"), devices_plant),
    "device_only": Scene(device_of("Phone"), required_plant),
    "add_device": Scene(add_device),
    "add_device_wrong": Scene(add_device_wrong),
    "register_further_device": Scene(register_further),
    "replace_device": Scene(replace_device),
    "replace_lost_device": Scene(replace_lost),
    "remove_device": Scene(remove_device, devices_plant),
    "lost_phone": Scene(after_backup_code),
    "lost_device": Scene(after_backup_code, devices_few_codes_plant),
    "ssh_keys": Scene(own_ssh_keys, keys_plant),
    "own_sessions": Scene(own_sessions, sessions_plant),
    "end_own_session": Scene(end_own_session, sessions_plant),
    "add_ssh_key": Scene(add_ssh_key),
    "add_ssh_key_wrong": Scene(add_ssh_key_wrong),
    "ssh_key": Scene(ssh_key, keys_plant),
    "display": Scene(display),
    "display_wrong": Scene(display_wrong),
    "navigation": Scene(navigation),
    "users": Scene(users),
    "users_gone": Scene(users, gone_plant),
    "users_filtered": Scene(users_filtered),
    "users_none_match": Scene(users_none),
    "account": Scene(account_of("alice")),
    "account_devices": Scene(account_of("alice"), devices_plant),
    "account_ssh_keys": Scene(account_of("alice"), keys_plant),
    "user_sessions": Scene(user_sessions, sessions_plant),
    "sign_out_user": Scene(sign_out_user, sessions_plant),
    "account_pending": Scene(account_pending),
    "account_updated": Scene(account_updated),
    "account_disabled": Scene(account_of("dave")),
    "account_expired": Scene(account_of("alice"), expired_plant),
    "account_unused": Scene(account_of("dave"), unused_plant),
    "disable_account": Scene(disable_account),
    "account_locked": Scene(account_of("alice"), locked_plant),
    "account_of_help_desk": Scene(account_of_help_desk, help_desk_plant),
    "account_ldap": Scene(account_of("erin")),
    "account_gone": Scene(account_of("erin"), gone_plant),
    "account_hiding": Scene(account_of("bob"), gone_plant),
    "proof": Scene(proof),
    "proof_wrong": Scene(proof_wrong),
    "proof_with_code": Scene(proof_with_code),
    "confirm_disable_mfa": Scene(confirm),
    "create_user": Scene(create_user),
    "create_user_wrong": Scene(create_user_wrong),
    "initial_password": Scene(initial_password),
    "reset_password": Scene(reset_password),
    "invitation": Scene(invitation),
    "account_invited": Scene(account_invited),
    "roles": Scene(list_of_roles, roles_plant),
    "role": Scene(role("help-desk"), roles_plant),
    "role_built_in": Scene(role(roles.ADMIN), roles_plant),
    "create_role": Scene(create_role, roles_plant),
    "create_role_wrong": Scene(create_role_wrong, roles_plant),
    "account_roles": Scene(account_of("alice"), roles_plant),
    "users_selected": Scene(users_selected),
    "acts": Scene(acts),
    "batch": Scene(batch_of("Disable Account")),
    "batch_passwords": Scene(batch_of("Reset Password")),
    "batch_running": Scene(batch_running),
    "batch_report": Scene(batch_report),
    "users_of_help_desk": Scene(users_of_help_desk, roles_plant),
    "organization": Scene(organization),
    "organization_wrong": Scene(organization_wrong),
    "audit_log": Scene(audit_log, audited_plant),
    "audit_log_filtered": Scene(audit_log_filtered, audited_plant),
    "audit_log_wrong": Scene(audit_log_wrong, audited_plant),
    "audit_event": Scene(audit_event, audited_plant),
    "help": Scene(help_on_sign_in),
    "help_account": Scene(help_on_account),
    "manual": Scene(manual_topics),
    "manual_topic": Scene(manual_topic),
    "command_palette": Scene(palette),
    "quitting": Scene(quitting),
    "quitting_before_saving": Scene(quitting_before_saving),
    "too_small": Scene(arrive, size=(59, 19)),
}


def _journeys() -> Iterator[list[str]]:
    """All scenes, each once. A journey goes on, or back and on, for as long as it can."""
    ways = [scene.way.parts for scene in SCENES.values()]
    number = {part: n for n, part in enumerate(part for parts in ways for part in parts)}
    ends = {
        part for parts in ways for n, part in enumerate(parts) if not all(p.back for p in parts[n:])
    }
    """Where something lies from which nothing leads back: they come last."""

    def place(name: str) -> tuple[object, ...]:
        scene = SCENES[name]
        parts = [(part in ends, number[part]) for part in scene.way.parts]
        return scene.start.__name__, scene.size, parts

    stops: list[str] = []
    for name in sorted(SCENES, key=place):
        if stops and not _leads_on(SCENES[stops[-1]], SCENES[name]):
            yield stops
            stops = []
        stops.append(name)
    yield stops


def _leads_on(at: Scene, to: Scene) -> bool:
    is_alike = replace(at, way=to.way) == to
    return is_alike and all(part.back for part in at.way.parts if part not in to.way.parts)


JOURNEYS: Final = [*_journeys()]
"""The scenes that can be played one after the other."""


async def play_through(
    stops: Sequence[str], look: Callable[[str, Person, Plant], Awaitable[None]]
) -> None:
    """Look at each scene of a journey, with one start for all of them."""
    first = SCENES[stops[0]]
    gone: list[Way] = []
    async with first.begun(first.size, theme.DARK.name) as (person, there):
        for stop in stops:
            try:
                parts = SCENES[stop].way.parts
                while gone and gone[-1] not in parts:
                    await person.press(*gone.pop().back)
                for part in parts[len(gone) :]:
                    await part.step(person, there)
                    gone.append(part)
                await look(stop, person, there)
            except BaseException as error:
                error.add_note(f"in the scene {stop}")
                raise
