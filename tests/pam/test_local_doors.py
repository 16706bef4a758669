"""The shipped recipes for sudo, login, su and pam-auth-update, with Debian's own programs."""

from tests.pam.house import ROOT_PASSWORD, WHO
from tests.pam.town import CODE, Town
from tests.programs import require


def test_sudo_asks_for_a_code_and_not_again_for_some_minutes(town: Town) -> None:
    house = town.house
    town.served()
    before = accepted(town)
    twice = f"sudo {' '.join(map(repr, WHO))} && sudo id -un"
    with house.terminal_of("ada", "sh", "-c", twice) as terminal:
        terminal.answer(CODE, town.fresh("ada"))
        terminal.hear("inside as root")
        terminal.hear("root")
        assert terminal.wait_exit() == 0
        assert terminal.raw.count(CODE.encode()) == 1
    # sudo itself remembers nothing, so that only fresh_minutes counts.
    assert accepted(town) == before + 2
    with house.terminal_of("eve", "sudo", *WHO) as terminal:
        terminal.hear("no Connectware account")
        assert terminal.refuses()
        assert terminal.raw.count(b"no Connectware account") == 1
    with house.terminal("sudo", *WHO) as terminal:
        assert terminal.lets_in("root")


def accepted(town: Town) -> int:
    """How many sign-ins the service has accepted."""
    status = town.host.run("serve", "--status", "--json").json
    return int(status["conversations"].get("auth accepted", 0))


def test_nobody_becomes_root_by_su_with_a_password(town: Town) -> None:
    town.served()
    with town.house.terminal_of("ada", "su", *WHO[1:]) as terminal:
        terminal.hear("Nobody becomes root")
        assert terminal.refuses()


def test_the_profile_of_pam_auth_update_is_off_until_it_is_enabled(town: Town) -> None:
    house = town.house
    town.served()
    tester = [*house.with_profile, require("pamtester"), "plain"]
    plain = house.folder / "own" / "etc" / "pam.d" / "plain"
    plain.write_text("@include common-auth\n@include common-account\n")
    with house.terminal(*tester, "root", "authenticate", "acct_mgmt") as terminal:
        terminal.answer("Password: ", ROOT_PASSWORD)
        assert terminal.wait_exit() == 0
    with house.terminal(*tester, "ada", "authenticate", "acct_mgmt") as terminal:
        terminal.answer("Password: ", ROOT_PASSWORD)
        terminal.answer(CODE, town.fresh("ada"))
        assert terminal.wait_exit() == 0
    with house.terminal(*tester, "eve", "authenticate") as terminal:
        terminal.answer("Password: ", ROOT_PASSWORD)
        terminal.hear("no Connectware account")
        assert terminal.wait_exit() != 0
