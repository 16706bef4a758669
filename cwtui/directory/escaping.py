"""Escape values for LDAP filters and DNs.

Filters (RFC 4515 section 3) and DNs (RFC 4514 section 2.4) both read a backslash with two
hexadecimal digits as that byte of UTF-8. So everything except ASCII letters and digits is escaped
this way, and no list of special characters is needed. ldap3's `escape_rdn` is not correct: it
writes NUL as a backslash and NUL, and a single space as two backslashes and a space. Its filter
parser also strips spaces from the ends of values.
"""


def escaped(value: str) -> str:
    """Return the value escaped for a filter or DN. Raises UnicodeEncodeError for surrogates."""
    return "".join(
        character
        if character.isascii() and character.isalnum()
        else "".join(f"\\{byte:02x}" for byte in character.encode())
        for character in value
    )
