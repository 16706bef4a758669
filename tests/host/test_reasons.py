"""The reason of a failed system call, at the end of a sentence in the person's language."""

import errno
from pathlib import Path

import pytest

from cwtui import language
from cwtui.accounts.errors import CannotCheck
from cwtui.host.reasons import reason_of
from cwtui.host.secret_file import SecretFile
from cwtui.keyring import file_format
from cwtui.language import Language


def test_german_nouns_keep_their_capital_letter(tmp_path: Path) -> None:
    secret = SecretFile("the password", "directory.bind_password_file", str(tmp_path), "")
    with language.speaking(Language.GERMAN, "utf-8"):
        with pytest.raises(CannotCheck, match="es ist ein Ordner, keine gewöhnliche Datei"):
            secret.read(100)
        with pytest.raises(CannotCheck, match="es ist ein Ordner, keine gewöhnliche Datei"):
            file_format.read(tmp_path)


def test_the_reason_of_the_system_begins_with_a_small_letter() -> None:
    assert reason_of(PermissionError(errno.EACCES, "Permission denied")) == "permission denied"
    assert reason_of(TimeoutError("Timed out")) == "timed out"
    assert reason_of(TimeoutError("Timed out"), "es antwortet nicht") == "es antwortet nicht"
