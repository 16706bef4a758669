"""The reason of a failed system call, at the end of a sentence in the person's language."""

import errno
import os
from pathlib import Path

import pytest

from cwtui import language
from cwtui.accounts.errors import CannotCheck
from cwtui.host.reasons import reason_of
from cwtui.host.secret_file import SecretFile
from cwtui.keyring import file_format
from cwtui.language import Language


def test_a_path_that_is_no_file_is_named_in_german(tmp_path: Path) -> None:
    secret = SecretFile("the password", "directory.bind_password_file", str(tmp_path), "")
    with language.speaking(Language.GERMAN, "utf-8"):
        with pytest.raises(CannotCheck, match="ein Ordner statt einer gewöhnlichen Datei"):
            secret.read(100)
        with pytest.raises(CannotCheck, match="ein Ordner statt einer gewöhnlichen Datei"):
            file_format.read(tmp_path)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOENT, "Datei oder Ordner nicht gefunden"),
        (errno.EACCES, "Zugriff verweigert"),
        (errno.ECONNREFUSED, "Verbindung abgelehnt"),
        (errno.EROFS, "Dateisystem schreibgeschützt"),
    ],
)
def test_what_the_system_says_is_translated(number: int, said: str) -> None:
    with language.speaking(Language.GERMAN, "utf-8"):
        assert reason_of(OSError(number, os.strerror(number))) == said


def test_what_is_not_in_the_catalog_is_said_as_the_system_says_it() -> None:
    with language.speaking(Language.GERMAN, "utf-8"):
        assert reason_of(OSError(errno.EDOM, "Odd Reason")) == "odd reason"


def test_the_reason_of_the_system_begins_with_a_small_letter() -> None:
    assert reason_of(PermissionError(errno.EACCES, "Permission denied")) == "permission denied"
    assert reason_of(TimeoutError("Timed out")) == "timed out"
    assert reason_of(TimeoutError("Timed out"), "es antwortet nicht") == "es antwortet nicht"
