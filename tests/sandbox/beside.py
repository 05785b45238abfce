"""A page that lays blocks of another package beside ours: each says in its first line whose it is."""

from __future__ import annotations

import re

BLOCK = re.compile(r"^```python\n# (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, whose: str) -> list[tuple[str, str]]:
    """Return the parts of *page* that have a block of theirs or ours, by title, in its order."""
    found = []
    for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        found += [(title.replace("`", ""), code) for of, code in BLOCK.findall(text) if of == whose]
    return found
