"""One escape for both places in which a value meets LDAP's syntax.

Filters (RFC 4515 section 3) and DNs (RFC 4514 section 2.4) both read a backslash and two
hexadecimal digits as that byte of UTF-8, whichever it is. So everything but ASCII letters and
digits is written so, and no list of special characters has to be right. ldap3's `escape_rdn` is
not: it writes NUL as a backslash and NUL, and a lone space as a backslash, a backslash and a space;
and its filter parser strips spaces off the ends of values.
"""


def escaped(value: str) -> str:
    """The value for a filter or a DN. Lone surrogates are not UTF-8: UnicodeEncodeError."""
    return "".join(
        character
        if character.isascii() and character.isalnum()
        else "".join(f"\\{byte:02x}" for byte in character.encode())
        for character in value
    )
