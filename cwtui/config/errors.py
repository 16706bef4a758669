"""The error of the configuration."""

from cwtui.accounts.errors import AccountsError


class ConfigError(AccountsError):
    """The configuration cannot be used. The sentence names the file, line or key."""
