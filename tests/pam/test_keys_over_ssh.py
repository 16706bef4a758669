"""The shipped snippet for sshd that asks cwtui for the SSH keys of people."""

from tests.pam.installed import SNIPPETS, operate
from tests.pam.town import Town


def test_sshd_lets_in_by_the_keys_of_an_account(installed: Town) -> None:
    house = installed.house
    port = house.sshd(
        str(SNIPPETS / "sshd-keys.conf"), "-o", "PasswordAuthentication=no", name="keys"
    )
    key = (house.run / "keys" / "gina.pub").read_text()
    with house.ssh(port, "gina") as door:
        assert door.refuses()  # there is no account, and no other key counts
    operate(house, "user", "add", "gina")
    operate(house, "user", "ssh-key", "add", "gina", "--key-name", "laptop", stdin=key)
    with house.ssh(port, "gina") as door:
        assert door.lets_in("gina")
    operate(house, "user", "set", "gina", "--disabled")
    with house.ssh(port, "gina") as door:
        assert door.refuses()
    # Who is not in the group signs in by the key of the Unix user, as before.
    with house.ssh(port, "eve") as door:
        assert door.lets_in("eve")
