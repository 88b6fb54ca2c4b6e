"""Check digits that tell a real number from any row of digits."""

from __future__ import annotations

import ipaddress


def luhn(digits: str) -> bool:
    """Whether ASCII `digits` pass the Luhn check of ISO/IEC 7812."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = ord(char) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def card(text: str) -> bool:
    """Whether `text` (digits, spaces, hyphens, dots) is a plausible card number.

    The first digit is that of an issuer (2 to 6), which also keeps epoch milliseconds out.
    """
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1 and luhn(digits)


def iban(text: str) -> bool:
    """Whether `text` is an IBAN: 15 to 34 characters whose check digits are right (ISO 13616, mod 97)."""
    plain = text.replace(" ", "").replace("-", "").upper()
    if not (15 <= len(plain) <= 34 and plain.isascii() and plain.isalnum()):
        return False
    if not (plain[:2].isalpha() and plain[2:4].isdigit()):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def ssn(text: str) -> bool:
    """Whether `ddd-dd-dddd` is in a range that was ever issued (no 000, 666, 9xx; no zero groups)."""
    area, group, serial = text.replace(" ", "-").split("-")
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def public_ip(text: str) -> bool:
    """Whether `text` is an IP address that says something: not loopback, unspecified or broadcast."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text == "255.255.255.255" or text.startswith("255."))
