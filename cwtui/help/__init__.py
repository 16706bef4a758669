"""The manual: topics in Markdown, for `cwtui help`, F1 and the man pages.

This module imports nothing else of cwtui, and reads topics on demand.
"""

from importlib import resources
from typing import Final, NamedTuple


class NoSuchTopic(LookupError):
    """There is no topic with this name."""


class Topic(NamedTuple):
    """A topic. `name` is also the file name without `.md`; `summary` is one line."""

    name: str
    summary: str


TOPICS: Final = (
    Topic("locked-out", "Get back in, or let somebody else back in."),
    Topic("start", "Install cwtui, create the first admin, and sign in."),
    Topic("account", "Sign in, change your password, and use MFA."),
    Topic("admin", "Manage users, roles and the rules for everyone."),
    Topic("importing", "Bring accounts and devices over from other programs."),
    Topic("configuration", "The configuration file, with every key."),
    Topic("ldap", "Let people sign in with the passwords of an LDAP directory."),
    Topic("ssh", "Offer cwtui over SSH and on consoles."),
    Topic("doors", "Protect sshd, sudo, login and commands with the account."),
    Topic("terminals", "Which terminals work, and what to set in them."),
    Topic("command-line", "Every command, with its options and examples."),
    Topic("files-and-backup", "Files, keys, checks, backups and restoring."),
    Topic("postgresql", "Share one store among many hosts, in a PostgreSQL database."),
    Topic("security", "What cwtui protects against, and what it does not."),
    Topic("figures", "How fast it is, and how much memory it takes."),
    Topic("development", "Change cwtui: tests, pictures, and how to add things."),
    Topic("changes", "What is new in each version."),
)
"""The topics in the order of the list: what is needed urgently comes first."""


def text(name: str) -> str:
    """Return a topic's Markdown. Raises NoSuchTopic."""
    if name not in {topic.name for topic in TOPICS}:
        raise NoSuchTopic(name)
    return resources.files(__name__).joinpath(f"{name}.md").read_text("utf-8")
