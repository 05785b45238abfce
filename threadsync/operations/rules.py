"""Rules of what is found with the project or the time at hand, beside those of content."""

from __future__ import annotations

RULES = {
    "schedule/too-far-ahead": ("A time is more than 18 months ahead.", "Check the year."),
    "reference/no-replies": (
        "The post that is replied to is of a kind that its network takes no replies to.",
        "Reply to another post.",
    ),
    "project/unknown-provider": (
        "A target names a provider that there is not.",
        "Correct the name of the target, or its provider:.",
    ),
    "capability/unclaimed": (
        "A post asks of its network what that does not honour: it is refused, and never left out silently.",
        "Take it out for that network with overrides, or take the network out of targets.",
    ),
    "media/no-host": (
        "A network fetches media from a public address, and the target has no media host.",
        "Name one with media_host:, and declare it under media_hosts:.",
    ),
    "media/fit-not-served": (
        "fit: true makes a copy of a picture, and the target's media host serves only what it has already.",
        "Save the picture within the network's limits, or name a media host that takes files.",
    ),
    "media/host-doubtful": (
        "Networks have failed to fetch media from the address of a target's media host.",
        "Serve the files under a domain of your own.",
    ),
    "media/not-fitted": (
        "No copy of a picture can be made that is within the network's limits.",
        "Save the picture within the network's limits, upright and without metadata.",
    ),
}
"""What they mean, and what to do."""

WARNINGS = frozenset({"media/host-doubtful"})
"""Those of them that stop nothing."""
