"""`cwtui serve`: the service that PAM, `cwtui gate` and `cwtui verify` ask."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cwtui import language
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.cli.completing import files
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host
from cwtui.cli.json_output import option, speak_english
from cwtui.cli.output import put, say
from cwtui.hints import again
from cwtui.language import _, ngettext

if TYPE_CHECKING:
    from cwtui.config import Config
    from cwtui.service.figures import Figures
    from cwtui.service.server import Answers
    from cwtui.service.sockets import Made


@click.command(
    "serve",
    cls=CommandWithExamples,
    examples=("cwtui serve", "cwtui serve --radius", "cwtui serve --status --json"),
)
@click.option(
    "--socket",
    "socket_path",
    metavar="FILE",
    shell_complete=files,
    help="Listen here for PAM (service.socket).",
)
@click.option(
    "--gate-socket",
    metavar="FILE",
    shell_complete=files,
    help="Listen here for cwtui gate (service.gate_socket).",
)
@click.option("--radius", is_flag=True, help="Serve RADIUS clients instead ([radius]).")
@click.option("--status", is_flag=True, help="Show what the running service has done.")
@option
@pass_host
def command(
    host: Host,
    socket_path: str | None,
    gate_socket: str | None,
    radius: bool,
    status: bool,
    as_json: bool,
) -> None:
    """Sign people in at the host's doors: sshd, sudo, login.

    The service belongs to the Unix user that owns the store. systemd starts it for the first
    connection, or run it by hand. It ends after SIGTERM and, when nobody is signing in, after an
    upgrade.
    """
    config = host.config()
    path = Path(socket_path or config.service.socket)
    if status:
        if radius:
            raise WrongUsage(_("--status is not for RADIUS. See: cwtui help doors"))
        _show_status(path, config, as_json=as_json)
        return
    if as_json:
        raise WrongUsage(_("--json needs --status."))
    if radius and (socket_path or gate_socket):
        raise WrongUsage(_("--radius uses no socket. Leave out --socket and --gate-socket."))
    # The log is in English, whatever the host speaks to people.
    spoken = language.spoken()
    speak_english()
    from cwtui.service import peers, process, sockets

    process.allow_many_files()
    if radius:
        _serve_radius(config, spoken)
        return
    from cwtui.service.figures import Figures
    from cwtui.service.room import Room
    from cwtui.service.server import Server

    figures = Figures(time.time())
    doors = _doors(config, figures, spoken)
    given = sockets.given_by_systemd()
    made = [] if given else _listen(path, Path(gate_socket or config.service.gate_socket))
    if made:
        say(_("Listening on {path}. Ctrl+C ends the service.", path=path))
    room = Room(config.service.conversations, peers.ids_of(config.service.gate_users))
    listening = given or [one.socket for one in made]
    Server(doors, listening, room, figures, made).run()


def _doors(config: "Config", figures: "Figures", spoken: language.Language) -> "Answers":
    """Return what answers at the host's doors, connected to the store. Raises CannotCheck."""
    from cwtui import services
    from cwtui.service.doors import Doors

    if config.database or config.copies_folder.exists():
        # Imported here, because most hosts have no copies.
        from cwtui import cut_off

        if cut_off.is_on(config):
            doors = cut_off.doors(config, figures, spoken)
            services.load_rest()
            return doors
        cut_off.give_up(config)
    ports = services.connect(config)
    services.load_rest()
    return Doors(ports, config.service, figures, language=spoken)


def _serve_radius(config: "Config", spoken: language.Language) -> None:
    """Serve RADIUS clients. Raises CannotCheck."""
    from cwtui import services

    try:
        from cwtui.service.radius import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyrad":
            raise
        raise CannotCheck(
            _("RADIUS needs the library pyrad: install cwtui[radius], or pyrad beside cwtui.")
        ) from None
    from cwtui.service.figures import Figures
    from cwtui.service.radius.clients import Clients
    from cwtui.service.radius.door import RadiusDoor

    clients = Clients.load(config.radius.clients)
    ports = services.connect(config)
    services.load_rest()
    address, port = config.radius.address, config.radius.port
    listening = server.listen(address, port)
    say(
        _(
            "Listening on {address}, UDP port {port}. Ctrl+C ends the service.",
            address=address,
            port=port,
        )
    )
    door = RadiusDoor(ports, config.radius.code_separator, spoken)
    server.RadiusServer(door, clients, listening, Figures(time.time())).run()


def _listen(pam: Path, gate: Path) -> "list[Made]":
    """Return new sockets for PAM and for gates. Raises Refused and CannotCheck."""
    from cwtui.service import sockets

    made = sockets.listen(pam, sockets.PAM_MODE)
    try:
        return [made, sockets.listen(gate, sockets.GATE_MODE)]
    except AccountsError:
        made.remove()
        raise


def _show_status(path: Path, config: "Config", *, as_json: bool) -> None:
    import msgspec

    from cwtui.accounts.text import visible
    from cwtui.accounts.times import utc_minute
    from cwtui.service import client

    try:
        content = client.status(path)
    except client.CannotUseStore as error:
        from cwtui import installation

        installation.check_is_there(config)  # it says more
        why = _("To see why: {command}", command=again("doctor store keyring"))
        raise CannotCheck(f"{error} {why}") from None
    if as_json:
        put(content)
        return
    fields: dict[str, Any] = msgspec.json.decode(content)
    put(
        _(
            "cwtui {version}, running since {time}, process {pid}",
            version=visible(fields["version"]),
            time=utc_minute(fields["since"]),
            pid=fields["pid"],
        )
    )
    busy = fields["median_busy_seconds"]
    if busy is not None:
        put(
            _(
                "Processor time of a conversation: {milliseconds} ms (median)",
                milliseconds=f"{busy * 1000:.0f}",
            )
        )
    if "cut_off" in fields:
        _show_copies(fields["cut_off"])
    for name, count in fields["conversations"].items():
        put(f"{name.replace('_', ' ')}: {count:,}")
    for waiting in fields["throttled"]:
        put(
            _(
                "{name} must wait until {time}",
                name=visible(waiting["username"]),
                time=utc_minute(waiting["until"]),
            )
        )


def _show_copies(found: dict[str, Any]) -> None:
    from cwtui.accounts.times import utc_minute

    if found["since"] is not None:
        waiting = ngettext("{number} event", "{number} events", found["events"])
        put(
            _(
                "Cut off from the database since {time}; {events} to be sent",
                time=utc_minute(found["since"]),
                events=waiting,
            )
        )
    people = ngettext("{number} person", "{number} people", found["copies"])
    copies = _("Local copies: {people}", people=people)
    up_to = (
        _("up to date at {time}", time=utc_minute(found["confirmed"])) if found["copies"] else ""
    )
    put(", ".join(filter(None, (copies, up_to))))
