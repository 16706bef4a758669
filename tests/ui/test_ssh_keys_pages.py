"""SSH keys: the pages of their owner, and the account's page of admins."""

from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.ssh_keys import AddSshKeyPage, SshKeyPage, SshKeysPage
from tests.accounts.ssh_lines import ED25519, FINGERPRINTS
from tests.accounts.world import PASSWORD
from tests.ui.plants import Plant
from tests.ui.scenes import SCENES

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n"


def names(there: Plant) -> list[str]:
    return [key.name for key in there.world.account("alice").ssh_keys]


async def test_a_key_is_added_renamed_and_removed() -> None:
    async with SCENES["add_ssh_key"].played() as (person, there):
        await person.paste(PRIVATE)
        assert person.error("ssh_key").startswith("This is a private key")
        await person.fill("ssh_key", PRIVATE.splitlines()[1])
        await person.press("enter", "enter")
        assert person.error("ssh_key").startswith("This is a private key")
        assert person.typed("ssh_key") == ""
        assert person.typed("ssh_key") == ""
        await person.paste(f"{ED25519} alice@laptop\n")
        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.press("enter")  # the key has a comment, which is its name
        person.screen(ProofScreen)
        await person.fill("password", PASSWORD)
        await person.fill("code", there.code("alice"))
        await person.settle()
        person.screen(SshKeysPage)
        assert person.toasts == ["The SSH key alice@laptop was added."]
        person.sees("Ed25519, added 2027-01-15", FINGERPRINTS["ssh-ed25519"])

        await person.click_button("Add SSH Key")
        await person.paste(ED25519)
        await person.press("enter")
        assert person.focus == "ssh_key_name"
        await person.press("enter")
        assert person.error("ssh_key").startswith("You already have this key.")
        await person.press("escape")
        assert isinstance(person.app.screen, ConfirmScreen)
        await person.click_button("Discard")

        await person.click_button("alice@laptop")
        person.screen(SshKeyPage)
        await person.fill("ssh_key_name", "workshop PC")
        await person.press("enter")
        assert names(there) == ["workshop PC"]
        await person.click_button("workshop PC")
        await person.click_button("Remove SSH Key")
        assert person.focus == "Cancel"
        await person.click_button("Remove SSH Key")
        person.screen(SshKeysPage)
        assert names(there) == []
        person.sees("You have no SSH keys.")
        await person.press("escape")
        person.screen(SettingsPage)
        assert person.focus == "Change SSH Keys"


async def test_an_admin_removes_a_key() -> None:
    async with SCENES["account_ssh_keys"].played() as (person, there):
        await person.click_button("Remove SSH Key")
        person.sees("Remove the SSH key alice@laptop of alice?", FINGERPRINTS["ssh-ed25519"])
        await person.click_button("Remove SSH Key")
        person.screen(AccountPage)
        assert person.toasts == ["The SSH key alice@laptop was removed."]
        assert len(names(there)) == 2


async def test_a_key_that_another_account_has_is_refused() -> None:
    async with SCENES["add_ssh_key"].played() as (person, there):
        taken = SCENES["ssh_keys"].start().world.account("alice").ssh_keys
        there.world.put(there.world.account("bob").changed(ssh_keys=taken))
        await person.paste(ED25519)
        await person.press("enter", "enter")
        person.screen(AddSshKeyPage)
        assert person.error("ssh_key").startswith("Another account has this key.")
