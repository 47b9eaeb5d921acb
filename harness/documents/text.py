"""What may stand in a text of the common model, and what may not.

Three kinds: an *identifier* is compared, so nothing invisible and no second spelling may hide in it; a *line* is a name
somebody reads, in any script; *prose* is free text. Lone surrogates and control characters are refused in all three.
Source: Unicode Standard Annex 9 (bidirectional controls), Unicode Technical Report 36, section 2.
"""

from __future__ import annotations

import unicodedata
from typing import NoReturn

# Marks, embeddings, overrides and isolates: they let a text show otherwise than it compares.
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LONGEST_IDENTIFIER = 70
LONGEST_LINE = 512
LONGEST_PROSE = 8000


def identifier(value: object) -> str:
    """`value` if it may serve as an identifier: one spelling (NFC), nothing invisible, no blanks at its ends."""
    read = _plain(value, LONGEST_IDENTIFIER, allowed="")
    if _harmless(read):
        return read
    for character in read:
        if character in BIDI_CONTROLS or unicodedata.category(character) in {"Cf", "Zl", "Zp"}:
            _refuse(f"an identifier holds the invisible character {_name(character)}")
    if unicodedata.normalize("NFC", read) != read:
        _refuse("an identifier is not in normal form C, so it has a second spelling")
    return read


def line(value: object) -> str:
    """`value` if it may serve as a name: one line, no bidirectional controls (joiners of other scripts stay)."""
    read = _plain(value, LONGEST_LINE, allowed="")
    if _harmless(read):
        return read
    for character in read:
        if character in BIDI_CONTROLS:
            _refuse(f"a name holds the bidirectional control {_name(character)}")
        if unicodedata.category(character) in {"Zl", "Zp"}:
            _refuse(f"a name holds the line break {_name(character)}")
    return read


def prose(value: object) -> str:
    """`value` if it may serve as free text: line breaks and tabs allowed, bidirectional overrides are not."""
    read = _plain(value, LONGEST_PROSE, allowed="\n\t")
    if _harmless(read):
        return read
    for character in read:
        if character in "\u202d\u202e":
            _refuse(f"a text holds the bidirectional override {_name(character)}")
    return read


def _plain(value: object, longest: int, *, allowed: str) -> str:
    if not isinstance(value, str):
        _refuse(f"a text is expected, found {type(value).__name__}")
    if not value or value != value.strip():
        _refuse("a text is empty or has blanks at its ends")
    if len(value) > longest:
        _refuse(f"a text of {len(value)} characters, longer than {longest}")
    if _harmless(value):
        return value
    for character in value:
        # The last two of each plane are no characters; XML cannot carry those of the first.
        never = unicodedata.category(character) in {"Cc", "Cs"} or ord(character) & 0xFFFE == 0xFFFE
        if never and character not in allowed:
            _refuse(f"a text holds {_name(character)}")
    return value


def _harmless(text: str) -> bool:
    """Whether `text` is printable ASCII alone: nothing refused here is, and most texts are, so it is asked first."""
    return text.isascii() and text.isprintable()


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"


def _refuse(sentence: str) -> NoReturn:
    raise ValueError(sentence)
