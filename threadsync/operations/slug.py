"""Keys and names from titles in any script: a key is ASCII, whatever the title is."""

from __future__ import annotations

import re
import unicodedata

SLUG_CHARACTERS_MAX = 60
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)
"""Latin letters that Unicode does not take apart into a plain one and a mark."""


def slug(title: str) -> str:
    """Return *title* in small ASCII letters and digits, words joined by hyphens.

    Empty where no letter of it has an ASCII form: other scripts are left to their readers.
    """
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS))
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.sub(r"[^a-z0-9]+", "-", kept.replace("'", "").replace("’", "")).strip("-")
    if len(words) <= SLUG_CHARACTERS_MAX:
        return words
    return words[: SLUG_CHARACTERS_MAX + 1].rpartition("-")[0] or words[:SLUG_CHARACTERS_MAX]
