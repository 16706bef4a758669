"""`cwtui session`: list open sessions, and end them."""

from typing import Any, Final

import click

from cwtui.accounts import open_sessions, sources, text, times
from cwtui.accounts.errors import UnknownSession
from cwtui.accounts.model import OpenSession
from cwtui.accounts.text import visible
from cwtui.cli import completing, json_output
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_list
from cwtui.cli.output import put, say
from cwtui.cli.tables import moment, table
from cwtui.cli.values import SessionId, Username
from cwtui.language import _

_HEADINGS: Final = ("USER", "FROM", "DOOR", "SINCE (UTC)", "IDLE", "ID")


@click.group("session", cls=GroupInOrder)
def command() -> None:
    """List open sessions, and end them."""


@command.command("list", examples=("cwtui session list", "cwtui session list --user alice --json"))
@click.option(
    "--user",
    metavar="NAME",
    type=Username(),
    shell_complete=completing.usernames,
    help="Only the sessions of this account.",
)
@json_output.option
@pass_host
def list_(host: Host, user: str | None, as_json: bool) -> None:
    """List who is signed in now, from where and since when.

    DOOR says how the person came in: through cwtui, a kiosk, or a door of the host such as sshd.
    IDLE says for how long the person has done nothing. It is only known for cwtui. If other hosts
    share the store, their sessions are listed too, with the name of the host.
    """
    ports = host.ports()
    found = (
        open_sessions.every(ports, operator())
        if user is None
        else open_sessions.of_user(ports, operator(), user)
    )
    if as_json:
        put_list(map(_fields, found))
    elif found:
        now, hosts = ports.now(), len({one.host for one in found})
        put(table([_HEADINGS, *(_cells(one, now, with_host=hosts > 1) for one in found)]))
    else:
        say(
            _("No session is open.")
            if user is None
            else _("{name} has no open session.", name=user)
        )


@command.command(
    examples=("cwtui session end 3f9a1c5e7b20", "cwtui session end --user alice"),
)
@click.argument("ids", metavar="[ID]...", nargs=-1, type=SessionId())
@click.option(
    "--user",
    metavar="NAME",
    type=Username(),
    shell_complete=completing.usernames,
    help="Sign this account out everywhere.",
)
@json_output.option
@pass_host
def end(host: Host, ids: tuple[str, ...], user: str | None, as_json: bool) -> None:
    """End sessions by ID, or all sessions of an account.

    A session ends a few seconds later, and its user sees why. With --user, sessions that are not in
    the list end too, at their next action, and doors of the host ask for everything again. cwtui
    cannot end sessions at doors of the host, but says how root can.

    So with --user, `changed` is always true in JSON, and `sessions` lists the sessions that were
    asked to end now. If some of the IDs are not open, the others end all the same, and the exit
    status is 4.
    """
    if bool(ids) == (user is not None):
        raise WrongUsage(_("Give either IDs of sessions, or --user NAME."))
    ports = host.ports()
    if user is not None:
        asked = open_sessions.sign_out_user(ports, operator(), user)
        if as_json:
            fields = {"username": text.username(user), "sessions": [*map(_fields, asked)]}
            put_change(fields, changed=True)  # also without listed ones
        else:
            say(_("{name} is signed out everywhere.", name=user))
        return
    ended = open_sessions.end(ports, operator(), ids)
    if as_json:
        put_change({"sessions": [*map(_fields, ended)]}, changed=bool(ended))
    for one in () if as_json else ended:
        say(
            _(
                "The session {id} of {name} ends within {seconds} seconds.",
                id=one.id,
                name=one.username,
                seconds=f"{ports.sessions.look_seconds:g}",
            )
        )
    there = {one.id for one in ended}
    missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in there]
    for id_ in missing[:-1]:
        say(str(UnknownSession(id_)))
    if missing:
        raise UnknownSession(missing[-1])


def _fields(one: OpenSession) -> dict[str, Any]:
    return {
        "id": one.id,
        "username": one.username,
        "source": one.source,
        "door": one.door,
        "host": one.host,
        "pid": one.pid,
        "started_at": moment(one.started_at),
        "active_at": moment(one.active_at) if one.is_ours else None,
        "ending": one.is_ending,
    }


def _idle(one: OpenSession, now: float) -> str:
    if not one.is_ours:
        return "-"  # only cwtui tells
    return "ending" if one.is_ending else times.ago(one.active_at, now)


def _cells(one: OpenSession, now: float, *, with_host: bool) -> tuple[str, ...]:
    door = _("{door} on {host}", door=one.door, host=one.host) if with_host else one.door
    return (
        visible(one.username),
        sources.shown(one.source),
        visible(door),
        times.minute(one.started_at),
        _idle(one, now),
        one.id,
    )
