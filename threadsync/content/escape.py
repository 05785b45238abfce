"""Which characters may not stand in a post, and how they are shown.

A file is untrusted: what it holds goes to a terminal, a log and a pull request. Control characters
would act there, and direction overrides would make a name read as another one.
"""

from __future__ import annotations

import re

_C0_C1 = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_SEPARATORS = "\u2028\u2029"
"""Line and paragraph separators: a line break to some readers of a file and none to others."""
_DIRECTIONS = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""They reorder what stands around them (Unicode UAX #9); fine in a text, never in a name."""
_SURROGATES = "\ud800-\udfff"
"""No text has them: they stand for bytes of a file name that are not UTF-8."""

CONTROL = re.compile(f"[{_C0_C1}{_SEPARATORS}{_SURROGATES}\ufeff]")
"""What no text of a post may hold; tabs and line breaks are fine."""

_UNPRINTABLE = re.compile(f"[\t\n\r{_C0_C1}{_SEPARATORS}{_DIRECTIONS}{_SURROGATES}\ufeff]")
_SHOWN_MAX = 80


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """Return *text* with everything written out that would act on a terminal."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


def shown(text: str, characters_max: int = _SHOWN_MAX) -> str:
    """Return *text* as a message quotes it: printable, and cut (with ``…``) where it is long."""
    cut = text if len(text) <= characters_max else text[: characters_max - 1] + "…"
    return printable(cut)


def is_name(text: str) -> bool:
    """Whether *text* can be shown as a name as it is."""
    return (text.isascii() and text.isprintable()) or _UNPRINTABLE.search(text) is None


def named(code_point: str) -> str:
    """Return one character as a message names it: ``U+001B``."""
    return f"U+{ord(code_point):04X}"
