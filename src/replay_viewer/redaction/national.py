"""National identity numbers as written, told from other numbers by their check digits and dates.

Sources: the issuing authorities' published rules, as collected by ISO/IEC 7064 (mod 11-10, mod 11-2, mod 97), the
Verhoeff scheme (Aadhaar), Luhn (Sweden, Canada). Numbers whose checks are too weak to stand alone (Netherlands BSN,
Portugal NIF, Denmark CPR) are found by the names of their fields only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from replay_viewer.redaction.checksums import luhn, ssn

_Check = Callable[[str], bool]
_START, _END = r"(?<![\w.-])", r"(?![\w-]|\.\d)"
#: Around groups of digits with blanks between them: not part of a longer row.
_ROW, _ROW_END = r"(?<![\w.-])(?<!\d )", r"(?![\w-]|\.\d| \d)"


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _varied(digits: str) -> bool:
    return len(set(digits)) > 2


def germany(text: str) -> bool:
    """Steuer-ID: one of the first ten digits stands there two or three times; ISO 7064 mod 11,10."""
    if text[0] == "0" or sorted(text[:10].count(digit) for digit in set(text[:10]))[-1] not in (2, 3):
        return False
    if sum(text[:10].count(digit) > 1 for digit in set(text[:10])) != 1:
        return False
    product = 10
    for digit in text[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(text[10])


def poland(text: str) -> bool:
    """PESEL."""
    month = int(text[2:4]) % 20
    good = 1 <= month <= 12 and 1 <= int(text[4:6]) <= 31
    return good and (10 - _weighted(text[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == int(text[10])


def norway(text: str) -> bool:
    """Fødselsnummer and D-nummer."""
    day = int(text[:2]) % 40
    first = (11 - _weighted(text, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11) % 11
    second = (11 - _weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return _day(text[2:4], str(day)) and first == int(text[9]) and second == int(text[10])


def turkey(text: str) -> bool:
    """T.C. Kimlik No."""
    d = [int(char) for char in text]
    tenth = (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10
    return d[0] != 0 and tenth == d[9] and sum(d[:10]) % 10 == d[10]


def brazil(text: str) -> bool:
    """CPF."""
    if not _varied(text):
        return False
    for length in (9, 10):
        rest = _weighted(text, tuple(range(length + 1, 1, -1))) * 10 % 11 % 10
        if rest != int(text[length]):
            return False
    return True


def belgium(text: str) -> bool:
    """Rijksregisternummer."""
    number, check = int(text[:9]), int(text[9:])
    return _day(text[2:4], text[4:6]) and check in (97 - number % 97, 97 - (2_000_000_000 + number) % 97)


def _eleven(text: str) -> bool:
    """Any of the numbers that are eleven digits."""
    return _varied(text) and any(check(text) for check in (germany, poland, norway, turkey, brazil, belgium))


def spain(text: str) -> bool:
    """DNI and NIE."""
    number = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return text[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


_ODD = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23), strict=True)
)  # fmt: skip


def italy(text: str) -> bool:
    """Codice fiscale."""
    odd = sum(_ODD[char] for char in text[0:15:2])
    even = sum(int(char) if char.isdigit() else ord(char) - 65 for char in text[1:15:2])
    return chr((odd + even) % 26 + 65) == text[15]


def france(text: str) -> bool:
    """NIR with its key."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    month = int(text[3:5])
    return number.isdigit() and (1 <= month <= 12 or month >= 20) and 97 - int(number) % 97 == int(text[13:])


def china(text: str) -> bool:
    """Resident identity card (GB 11643, ISO 7064 mod 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return _day(text[10:12], text[12:14]) and "10X98765432"[_weighted(text[:17], weights) % 11] == text[17].upper()


def korea(text: str) -> bool:
    """Resident registration number."""
    check = (11 - _weighted(text[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return _day(text[2:4], text[4:6]) and check == int(text[12])


def switzerland(text: str) -> bool:
    """AHV number (EAN-13)."""
    return (10 - _weighted(text[:12], (1, 3) * 6) % 10) % 10 == int(text[12])


def finland(text: str) -> bool:
    """Henkilötunnus."""
    digits = text[:6] + text[7:10]
    return _day(text[2:4], text[:2]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == text[10]


def sweden(text: str) -> bool:
    """Personnummer."""
    digits = "".join(char for char in text if char.isdigit())[-10:]
    return _day(digits[2:4], str(int(digits[4:6]) % 60)) and luhn(digits)


def canada(text: str) -> bool:
    """Social insurance number."""
    return text[0] not in "08" and _varied(text) and luhn(text)


def australia(text: str) -> bool:
    """Tax file number."""
    return _varied(text) and _weighted(text, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _nine(text: str) -> bool:
    return canada(text) or australia(text)


_D = ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
      (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
      (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
      (9, 8, 7, 6, 5, 4, 3, 2, 1, 0))  # fmt: skip
_P = ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
      (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
      (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8))  # fmt: skip


def india(text: str) -> bool:
    """Aadhaar (Verhoeff)."""
    check = 0
    for place, char in enumerate(reversed(text)):
        check = _D[check][_P[place % 8][int(char)]]
    return check == 0 and _varied(text)


def mexico(text: str) -> bool:
    """CURP."""
    letters = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(letters.index(char) * (18 - place) for place, char in enumerate(text[:17]))
    return (10 - total % 10) % 10 == int(text[17])


def _always(_text: str) -> bool:
    return True


#: As written → whether it is one, of the letters and digits alone.
_SHAPES: tuple[tuple[re.Pattern[str], _Check], ...] = (
    (re.compile(r"(?<![\d-])\d{3}([- ])\d{2}\1\d{4}(?![\d-])"), ssn),
    (re.compile(_START + r"9\d{2}([- ])(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\1\d{4}" + _END), _always),  # US ITIN
    (re.compile(_START + r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
                + _END), _always),  # UK national insurance number
    (re.compile(_START + r"(?:\d{11}|\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2})" + _END), _eleven),
    (re.compile(_ROW + r"(?:\d{2} \d{3} \d{3} \d{3}|\d{6} \d{5})" + _ROW_END), _eleven),
    (re.compile(_START + r"(?:[XYZ]-?\d{7}|\d{8})-?[A-HJ-NP-TV-Z]" + _END), spain),
    (re.compile(_START + r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]" + _END), italy),
    (re.compile(_START + r"[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}" + _END), france),
    (re.compile(_START + r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]" + _END), china),
    (re.compile(_START + r"\d{6}-[1-8]\d{6}" + _END), korea),
    (re.compile(_START + r"756\.?\d{4}\.?\d{4}\.?\d{2}" + _END), switzerland),
    (re.compile(_START + r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]" + _END), finland),
    (re.compile(_START + r"(?:19\d\d|20[01]\d|\d\d)\d{4}[-+]\d{4}" + _END), sweden),
    (re.compile(_ROW + r"\d{3}([- ])\d{3}\1\d{3}" + _ROW_END), _nine),
    (re.compile(_ROW + r"[2-9]\d{3} \d{4} \d{4}" + _ROW_END), india),
    (re.compile(_START + r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]" + _END), _always),  # India, permanent account number
    (re.compile(_START + r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d" + _END), mexico),
)  # fmt: skip
_SEPARATORS = str.maketrans("", "", " .-")
#: What every one of them has.
HEAD = re.compile(r"\d[\d .-]{5}\d|[A-Z]{5}\d{4}[A-Z]|[A-Z]{2} ?\d{2} ?\d{2}|[A-Z]{4,6}\d{2}|\d{6}[-+A-F]\d{3}")


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text national identity numbers stand."""
    for pattern, check in _SHAPES:
        for match in pattern.finditer(text):
            value = match.group()
            plain = value if check in (ssn, finland) else value.translate(_SEPARATORS)
            try:
                good = check(plain)
            except (ValueError, IndexError, KeyError):
                good = False
            if good:
                yield match.span()
