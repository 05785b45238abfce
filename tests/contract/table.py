"""What clients of Threads can do, one row a capability: ours beside four that others wrote.

Values only. Every cell that says a client does something is driven against the sandbox (``test_peers.py``),
as is every one that says it fails; what one lacks is looked for in its own source. docs/reference/clients.md
is made of this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.contract.cells import META_THREADS_SDK, THREADS_CLIENT, THREADSPIPEPY, Row
from tests.contract.rows_posting import POSTING, TOKENS
from tests.contract.rows_reading import FINDING, READING

SECTIONS: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "Tokens": TOKENS,
        "Publishing": POSTING,
        "The account, its posts and replies": READING,
        "Finding, and being told": FINDING,
    }
)
ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for rows in SECTIONS.values() for row in rows})


@dataclass(frozen=True, slots=True)
class Difference:
    """What a peer sends in a row, and ours never does, for a reason."""

    peer: str
    row: str
    operation: str
    parameter: str
    why: str


DIFFERENCES = (
    Difference(
        THREADSPIPEPY,
        "countries",
        "publish",
        "allowlisted_country_codes",
        "Threads takes the countries where a container is made, and nothing but its id where it is published",
    ),
)
ALIKE = (
    (
        "the token in the address, in a form or in a header",
        "Threads takes each; ours stands in a header, but where Meta's token calls want it in the address",
    ),
    ("parameters in the address, in a form or as JSON", "Threads takes each"),
    ("the version in front of a path, or none", "Threads takes both where it names one"),
    ("`me`, or the user's id", "the account is that of the token either way"),
)
"""What the sandbox's record does not tell apart, and why it need not."""
BEYOND = (
    (
        THREADSPIPEPY,
        "cuts a text of over 500 characters into a chain by itself, at every 500th",
        "nothing is cut by itself: `---` parts a post, and a long text can be attached to it",
    ),
    (
        THREADSPIPEPY,
        "takes the hashtags from the end of a text, and gives each part of a chain one",
        "a text goes out as it is written; `topic_tag` is a post's topic",
    ),
    (
        THREADSPIPEPY,
        "puts local files into a GitHub repository while Threads fetches them",
        "[media hosts](../media-hosts.md), in `threadsync apply`",
    ),
    (
        f"{THREADS_CLIENT}, {THREADSPIPEPY}",
        "writes a renewed token into a `.env` file",
        "`threadsync auth refresh`",
    ),
    (
        THREADS_CLIENT,
        "publishes again where an answer is lost or the server stumbles, which may make the post twice",
        "what others see is sent once; `threadsync apply` looks at the account, and then goes on",
    ),
    (
        THREADS_CLIENT,
        "waits, and publishes again, where Threads does not know the container yet (24/4279009)",
        "`threadsync apply` does; a `Client` says so in its error",
    ),
    (
        META_THREADS_SDK,
        "subscribes to webhooks at `/me/subscribed_apps`",
        "that is an endpoint of Facebook pages; for Threads it is done in the app's dashboard",
    ),
    (
        META_THREADS_SDK,
        "counts its own calls against the limit of a day",
        "`RateLimiter`, and `publishing_limit`, which counts what others publish too",
    ),
)
"""What is no row: whose it is, what it does, and what ours does instead."""
