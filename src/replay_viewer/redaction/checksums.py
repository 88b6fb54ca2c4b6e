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

    The first digits are those of issuers of numbers so long (ISO/IEC 7812; 13 digits: Visa, 14: Diners, 15: American
    Express and JCB), which also keeps epoch milliseconds out.
    """
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    issuers = _ISSUERS.get(len(digits), ())
    return digits.startswith(issuers) and len(set(digits)) > 1 and luhn(digits) if issuers else False


_ISSUERS: dict[int, tuple[str, ...]] = {
    13: ("4", "5018", "5020", "5038", "6304"), 14: ("30", "36", "38", "39"), 15: ("34", "37", "2131", "1800"),
    16: ("2", "3", "4", "5", "6"), 17: ("6",), 18: ("6",), 19: ("4", "50", "6"),
}  # fmt: skip

#: Length of an IBAN by country (ISO 13616 registry).
_IBAN = {
    code: length
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FO FI GL NL FK SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "HR LV LI CH", 22: "BH BG CR GE DE IE ME RS GB VA", 23: "GI IQ IL OM TL AE SO",
        24: "AD CZ MD PK RO SA SK ES SE TN VG DZ", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MR MC SM",
        28: "AL AZ BY CY DO GT HN HU LB PL SV NI", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip


def iban(text: str) -> bool:
    """Whether `text` is an IBAN: as long as its country's are, and the check digits right (ISO 13616, mod 97)."""
    plain = text.replace(" ", "").replace("-", "").upper()
    if _IBAN.get(plain[:2]) != len(plain) or not (plain.isascii() and plain.isalnum()):
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
