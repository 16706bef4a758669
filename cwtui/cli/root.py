"""`cwtui` itself. Nothing is loaded here that `cwtui --version` does not need."""

import click

from cwtui import __version__
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import LazyGroup
from cwtui.cli.host import Host

_COMMANDS = {
    "init": ("cwtui.cli.init", "Make the store, the keyring and the first admin."),
    "user": ("cwtui.cli.user", "List, show, add, change and remove accounts."),
    "key": ("cwtui.cli.key", "Show what the keys protect, and replace them."),
    "directory": ("cwtui.cli.directory", "Test the LDAP connection; sync accounts."),
    "settings": ("cwtui.cli.settings", "Show and set the organization settings."),
    "audit": ("cwtui.cli.audit", "Show the audit log, and verify that it is whole."),
    "store": ("cwtui.cli.store", "Check, back up and restore the store."),
}


def _given(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # An empty variable in a script must not become the default store.
    if value is not None and not value.strip():
        raise click.BadParameter("Give a path, or leave the option out.", ctx, parameter)
    return value


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Status: 0 done, 1 refused or failed, 2 wrong usage, 3 could not be checked.",
)
@click.option("--config", metavar="FILE", callback=_given, help="Configuration (CWTUI_CONFIG).")
@click.option(
    "--store",
    metavar="URL",
    callback=_given,
    help="Where accounts are kept: a folder (CWTUI_STORE).",
)
@click.option("--kiosk", is_flag=True, help="For forced commands: never offers to create an admin.")
@click.option("--paths", is_flag=True, help="Say where files are, and whether they exist.")
@click.version_option(__version__, message="cwtui %(version)s", help="Show the version.")
@click.pass_context
def cli(
    ctx: click.Context, config: str | None, store: str | None, kiosk: bool, paths: bool
) -> None:
    """The Connectware account in a terminal: without a command, the application.
    Commands are for this host's operator: who can read the keyring is an admin.
    """
    ctx.obj = Host(config, store)
    if kiosk and (paths or ctx.invoked_subcommand is not None):
        raise WrongUsage("--kiosk stands alone, without a command.")
    if paths:
        if ctx.invoked_subcommand is not None:
            raise WrongUsage("--paths stands alone, without a command.")
        from cwtui.cli.paths import show

        show(ctx.obj)
    elif ctx.invoked_subcommand is None:
        from cwtui.cli.application import open_application

        ctx.exit(open_application(ctx.obj, kiosk=kiosk))
