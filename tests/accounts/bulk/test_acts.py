"""What is known of an act before it is planned."""

from cwtui.accounts.bulk.acts import Change
from cwtui.accounts.bulk.sentences import destroys
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR


def test_removing_the_last_day_ends_no_admin() -> None:
    assert not Change(Update(expires="never")).ends_admins(OPERATOR)
    assert Change(Update(expires="2031-01-31")).ends_admins(OPERATOR)


def test_disabling_with_a_reason_is_destructive_too() -> None:
    assert destroys(Change(Update(enabled=False, disabled_reason="x")))
    assert not destroys(Change(Update(enabled=True)))
