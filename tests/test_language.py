"""Which language is spoken, where, and how texts are translated into it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from cwtui import language
from cwtui.language import N_, Language, _, decimal, grouped, ngettext
from tests.language import Marked, german

CATALOG = language.catalog_of(Language.GERMAN)


@pytest.fixture(autouse=True)
def _german() -> Iterator[None]:
    with german(Marked()):
        yield


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": ""}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "den_CA"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "de_DE"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_TIME": "en_GB.UTF-8"}, "de"),
        # LANGUAGE is a list, and counts unless the locale is C.
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:en"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "en_GB:de"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:de_CH:en"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": ""}, "de"),
        ({"LANGUAGE": "de"}, "en"),
        ({"LANG": "C", "LANGUAGE": "de"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "de"}, "de"),
        ({"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"}, "en"),
        # Other people can set them.
        ({"LANG": "../../tmp/de"}, "en"),
        ({"LANG": "de/../../tmp"}, "en"),
        ({"LANG": "\0\udcff"}, "en"),
        ({"LANG": ":de"}, "de"),
        ({"LANG": "en", "LANGUAGE": "x" * 9_999_999 + ":de"}, "en"),
        ({"LANG": "x:" * 9_999_999 + "de"}, "en"),
    ],
)
def test_variables_choose_the_language(variables: dict[str, str], expected: str) -> None:
    assert language.of_environ(variables) == expected


def test_english_is_what_the_code_says() -> None:
    assert _("Sign Out") == "Sign Out"
    assert _("{name} is off.", name="{0}") == "{0} is off."
    assert _("50 %, {as it is}") == "50 %, {as it is}"
    assert N_("Sign Out") == "Sign Out"
    assert ngettext("{number} user", "{number} users", 1) == "1 user"
    assert ngettext("{number} user of {all}", "{number} users of {all}", 0, all=3) == "0 users of 3"


def test_another_language_translates_texts_and_no_values() -> None:
    language.use(Language.GERMAN)
    assert _("Off: {name}", name="Off") == "Óḟḟ: Off"
    assert _(N_("Off")) == "Óḟḟ"
    assert ngettext("{number} on {host}", "{number} off {host}", 1, host="on") == "1 óń on"
    assert ngettext("{number} on {host}", "{number} off {host}", 1200, host="on") == "1.200 óḟḟ on"


def test_the_empty_text_stays_empty() -> None:
    """A catalog of gettext has its own header there."""

    class WithHeader(Marked):
        def gettext(self, message: str, /) -> str:
            return message or "Language: de"

    with german(WithHeader()):
        language.use(Language.GERMAN)
        assert _("") == ""


def test_numbers_have_the_separator_of_the_language() -> None:
    assert [grouped(number) for number in (0, 999, 1200, 1_000_000)] == [
        *("0", "999", "1,200", "1,000,000"),
    ]
    assert ngettext("{number} user", "{number} users", 1200) == "1,200 users"
    assert (decimal(1234.56, 1), decimal(0, 2)) == ("1,234.6", "0.00")
    language.use(Language.GERMAN)
    assert (decimal(1234.56, 1), decimal(0, 2)) == ("1.234,6", "0,00")
    assert [grouped(number) for number in (999, 1200, 1_000_000)] == ["999", "1.200", "1.000.000"]


async def test_all_threads_of_a_process_speak_its_language() -> None:
    with ThreadPoolExecutor(1) as pool:  # its thread is there before
        assert pool.submit(language.spoken).result() is Language.ENGLISH
        language.use(Language.GERMAN)
        assert pool.submit(_, "Off").result() == "Óḟḟ"
    assert await asyncio.to_thread(_, "Off") == "Óḟḟ"
    language.use(Language.ENGLISH)
    assert await asyncio.to_thread(_, "Off") == "Off"


def test_a_conversation_has_its_own_language_and_others_do_not_hear_it() -> None:
    heard = []
    with language.speaking(None):
        assert _("Off") == "Off"
        language.speak(Language.GERMAN)
        assert _("Off") == "Óḟḟ"
        assert grouped(1200) == "1.200"
        other = Thread(target=lambda: heard.append(_("Off")))
        other.start()
        other.join()
        language.speak(None)
        assert language.spoken() is Language.GERMAN
        with language.speaking(None):
            language.speak(Language.ENGLISH)
            assert _("Off") == "Off"
        assert language.spoken() is Language.GERMAN
    assert language.spoken() is Language.ENGLISH
    assert heard == ["Off"]


def test_without_umlauts_texts_are_spelled_out_and_values_are_not() -> None:
    with german(CATALOG):
        language.use(Language.GERMAN)
        for charset in ("utf-8", "iso8859-15", "cp437"):
            language.write_in(charset)
            assert _("your changes to {name}", name="Jürg") == "Ihre Änderungen an Jürg"
        for charset in ("ascii", "koi8-r"):
            language.write_in(charset)
            assert _("your changes to {name}", name="Jürg") == "Ihre Aenderungen an Jürg"
            assert ngettext("{number} record", "{number} records", 2) == "2 Eintraege"
        language.use(Language.ENGLISH)
        language.use(Language.GERMAN)  # as when somebody signs out, and another one in
        assert _("Change Password") == "Passwort aendern"
        with language.speaking(None, "utf-8"):
            assert _("Change Password") == "Passwort ändern"
            language.speak(Language.GERMAN)
            assert _("Change Password") == "Passwort ändern"
        with language.speaking(Language.GERMAN):
            assert _("Change Password") == "Passwort aendern"
    language.write_in("utf-8")
