"""The doors while the store is read-only, and while the service hangs, dies or is away."""

import signal
from functools import partial

from tests.pam.house import ROOT_PASSWORD, WHO
from tests.pam.scripted import UNREACHABLE
from tests.pam.town import CODE, Town


def test_a_read_only_store_and_a_service_that_fails_let_nobody_in(
    town: Town, ssh_port: int
) -> None:
    ssh = partial(town.house.ssh, ssh_port)
    service = town.served()
    with town.house.read_only(town.host.store), ssh("ada") as terminal:
        terminal.hear("Cannot check this now.")
        assert terminal.refuses()
    hasty = town.house.start_sshd("key-and-code.conf", "-o", "LoginGraceTime=8")
    with town.house.ssh(hasty, "ada") as terminal:
        terminal.hear(CODE)
        service.send_signal(signal.SIGSTOP)
        terminal.type(f"{town.fresh('ada')}\r")
        assert terminal.refuses()
        service.send_signal(signal.SIGCONT)
    with ssh("ada") as terminal:
        terminal.hear(CODE)
        town.end_service()
        terminal.type(f"{town.fresh('ada')}\r")
        terminal.hear(UNREACHABLE)
        assert terminal.refuses()


def test_without_the_service_only_root_comes_in(town: Town, ssh_port: int) -> None:
    house = town.house
    town.end_service()
    for_group = house.start_sshd("group.conf", name="sshd-group")
    for port in (ssh_port, for_group):
        with house.ssh(port, "ada") as terminal:
            terminal.hear(UNREACHABLE)
            assert terminal.refuses()
        with house.ssh(port, "root") as terminal:
            assert terminal.lets_in("root")
    for user, command in (("ada", ("sudo", *WHO)), ("eve", ("su", "ada", *WHO[1:]))):
        with house.terminal_of(user, *command) as terminal:
            terminal.hear(UNREACHABLE)
            assert terminal.refuses()
    with house.terminal("sudo", *WHO) as terminal:
        assert terminal.lets_in("root")
    with house.terminal("su", "eve", *WHO[1:]) as terminal:
        assert terminal.lets_in("eve")
    with house.terminal("login") as terminal:
        terminal.answer("login: ", "ada")
        terminal.hear(UNREACHABLE)
        terminal.hear("incorrect")
        terminal.answer("login: ", "root")
        terminal.answer("Password: ", ROOT_PASSWORD)
        terminal.hear("# ")
        terminal.type('echo "inside as $(id -un)"; exit\r')
        terminal.hear("inside as root")
