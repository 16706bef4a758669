"""What a command did with accounts, as JSON: the same object for one NAME as for many."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from cwtui.accounts.bulk.acts import Reason
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.errors import Refused, UnknownAccount
from cwtui.cli.json_output import put_change
from cwtui.language import N_

WOULD_BE_DONE: Final = N_("would be done")
NOT_REACHED: Final = N_("not reached")


class Row(NamedTuple):
    """What a command did with one account. `reason` is why it left it as it was."""

    username: str
    outcome: str
    reason: Reason | str = ""

    @property
    def is_changed(self) -> bool:
        return self.outcome == Outcome.DONE


def put_rows(rows: Sequence[Row], batch: str | None, *, dry_run: bool) -> None:
    """Print what was done, or would be done, with these accounts."""
    _put([_fields(row) for row in rows], batch, dry_run=dry_run)


def put_one(username: str, *, changed: bool, **fields: object) -> None:
    """Print what was done with one account; `fields` are what only its command says of it."""
    outcome = Outcome.DONE if changed else Outcome.ALREADY
    _put([_fields(Row(username, outcome)) | fields], None, dry_run=False)


def put_refused(username: str, error: Refused) -> None:
    """Print that the act was refused for this account."""
    reason = Reason.UNKNOWN if isinstance(error, UnknownAccount) else str(error)
    _put([_fields(Row(username, Outcome.REFUSED, reason))], None, dry_run=False)


def _fields(row: Row) -> dict[str, Any]:
    return {
        "username": row.username,
        "changed": row.is_changed,
        "outcome": row.outcome,
        # That it is so already is the outcome.
        "reason": None if row.outcome == Outcome.ALREADY else row.reason or None,
        "not_found": row.reason == Reason.UNKNOWN,
    }


def _put(accounts: Sequence[dict[str, Any]], batch: str | None, *, dry_run: bool) -> None:
    put_change(
        {"dry_run": dry_run, "batch": batch, "accounts": accounts},
        changed=any(one["changed"] for one in accounts),
    )
