"""The rights that a database role needs to use a store, as SQL for the operator to review.

The audit log is added to only by a function, which runs with the rights of the tables' owner. So
the role can neither change nor remove an event, nor write one outside the chain.
"""

from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import has_control_characters
from cwtui.language import _

_LONGEST: Final = 63
"""PostgreSQL cuts longer names."""

_RIGHTS: Final = """\
-- The rights that cwtui needs as the role {role}, and no more.
-- Review them, then run them as the owner of the tables, in the database of the store.
-- If there is no such role yet: CREATE ROLE {role} LOGIN;
REVOKE ALL ON SCHEMA cwtui FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA cwtui FROM PUBLIC, {role};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cwtui FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA cwtui TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON cwtui.account, cwtui.record, cwtui.act, cwtui.session
    TO {role};
GRANT SELECT, UPDATE ON cwtui.organization TO {role};
GRANT SELECT ON cwtui.schema_version, cwtui.audit, cwtui.audit_head TO {role};
-- Events are only added, by this function. The role cannot change or remove them.
GRANT EXECUTE ON FUNCTION cwtui.append_events(uuid[], text[]) TO {role};
"""


def sql(role: str) -> str:
    """Return the statements for this role. Raises InvalidInput."""
    if not role or has_control_characters(role) or len(role.encode()) > _LONGEST:
        raise InvalidInput("role", _("Enter a role's name of 1 to {most} bytes.", most=_LONGEST))
    quoted = '"{}"'.format(role.replace('"', '""'))
    return _RIGHTS.format(role=quoted)
