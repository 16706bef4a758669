"""The `cwtui` command. It must not import anything that `cwtui --version` does not need."""

from typing import TYPE_CHECKING

import click

from cwtui import hints
from cwtui.cli.completing import files, folders
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import LazyGroup
from cwtui.cli.host import Host
from cwtui.cli.one_of import OneOf
from cwtui.host import release
from cwtui.language import _

if TYPE_CHECKING:
    from cwtui.dialogue.conversation import Drawing

_COMMANDS = {
    "init": ("cwtui.cli.init", "Create the store, the keyring and the first admin."),
    "user": ("cwtui.cli.user", "List, show, add, change and remove accounts."),
    "ssh-keys": ("cwtui.cli.ssh_keys", "Print the SSH keys of an account, for sshd."),
    "session": ("cwtui.cli.session", "List open sessions, and end them."),
    "role": ("cwtui.cli.role", "List, create, change and remove roles."),
    "key": ("cwtui.cli.key", "Show and replace the keys that protect the store."),
    "directory": ("cwtui.cli.directory", "Test the LDAP connection, and sync LDAP accounts."),
    "settings": ("cwtui.cli.settings", "Show and change the organization settings."),
    "audit": ("cwtui.cli.audit", "Show the audit log, or verify that it is complete."),
    "serve": ("cwtui.cli.serve", "Sign people in at the host's doors: sshd, sudo, login."),
    "gate": ("cwtui.cli.gate", "Sign in on this terminal, then become a command."),
    "verify": ("cwtui.cli.verify", "Check a password or a code, for scripts."),
    "doctor": ("cwtui.cli.doctor", "Look at everything this host needs, and say what to do."),
    "store": ("cwtui.cli.store", "Check, compact, back up, restore and copy the store."),
    "help": ("cwtui.cli.manual", "Show the manual, or the help for a command."),
    "completion": ("cwtui.cli.completion", "Print a shell's completion script."),
}


def _given(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # An empty variable in a script must not become the default store.
    if value is not None and not value.strip():
        raise click.BadParameter(
            _("cannot be empty. Give a path, or omit the option."), ctx, parameter
        )
    return value


def _show_version(ctx: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given and not ctx.resilient_parsing:
        click.echo(f"cwtui {release.described()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    unlisted={
        *("completion", "gate", "help", "ssh-keys", "verify"),
        *("--kiosk", "--paths", "--qr", "--store", "--version", "--help"),
    },
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="\b\nExit status: 0 done, 1 refused, 2 usage, 3 unchecked, 4 not found, 5 exists.\n"
    "Also: verify, gate, ssh-keys, completion and more options. See: cwtui help",
)
@click.option(
    "--config",
    metavar="FILE",
    callback=_given,
    shell_complete=files,
    help="The configuration file (CWTUI_CONFIG).",
)
@click.option(
    "--store",
    metavar="URL",
    callback=_given,
    shell_complete=folders,
    help="The folder or database that holds the accounts (CWTUI_STORE).",
)
@click.option("--kiosk", is_flag=True, help="For forced commands: never create a first admin.")
@click.option("--plain", is_flag=True, help="Ask line by line, without screens and colours.")
@click.option(
    "--qr",
    type=OneOf(["none", "ascii", "utf8"]),
    help="How --plain draws QR codes. By default as the terminal can.",
)
@click.option("--paths", is_flag=True, help="Show where the files are, and whether they exist.")
@click.option(
    *("-V", "--version"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    config: str | None,
    store: str | None,
    kiosk: bool,
    plain: bool,
    qr: str | None,
    paths: bool,
) -> None:
    """Open your Connectware account, or run a command as this host's operator."""
    ctx.obj = Host(config, store)
    ctx.with_resource(hints.called_with({"--config": config, "--store": store}))
    for name, given in (("--kiosk", kiosk), ("--plain", plain), ("--qr", qr is not None)):
        if given and (paths or ctx.invoked_subcommand is not None):
            raise WrongUsage(_("{name} cannot be combined with a command or --paths.", name=name))
    if paths:
        if ctx.invoked_subcommand is not None:
            raise WrongUsage(_("--paths cannot be combined with a command."))
        from cwtui.cli.paths import show

        show(ctx.obj)
    elif ctx.invoked_subcommand is None:
        from cwtui.cli.application import open_application

        ctx.exit(open_application(ctx.obj, kiosk=kiosk, plain=plain, drawing=_drawing(qr)))


def _drawing(qr: str | None) -> "Drawing | None":
    from cwtui.dialogue.conversation import Drawing

    return Drawing(qr) if qr is not None else None


@cli.command("version", hidden=True)
def version() -> None:
    """Show the version."""
    click.echo(f"cwtui {release.described()}")
