"""What the owner of a sandbox may do to a network from outside, as values that a journal can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field, to_builtins

from threadsync.sandbox.threads.codec import fault_from_json, switches_from_json
from threadsync.sandbox.threads.faults import Fault
from threadsync.sandbox.threads.records import Place, RegisteredApp
from threadsync.sandbox.threads.values import SCOPES, About, Json, Switches, TokenDigest
from threadsync.sandbox.threads.webhooks import TOPICS


class SetSwitches(Struct, frozen=True):
    """Replace all switches."""

    switches: Switches


class Arm(Struct, frozen=True):
    """Put faults in force, besides those that are."""

    faults: tuple[Fault, ...]


class Disarm(Struct, frozen=True):
    """Take all faults out of force."""


class Reset(Struct, frozen=True):
    """Forget containers, posts, readers, searches, codes, quotas, faults and what is deferred or was sent.

    Profiles and their tokens, the app and its subscriptions, places and switches stay.
    """


class MoveClock(Struct, frozen=True):
    """Set how far this network's clock is from the shell's."""

    offset_seconds: float


class AddProfile(Struct, frozen=True):
    """Create a profile, or give one that is there another token."""

    name: str
    token: TokenDigest
    scopes: tuple[str, ...]
    token_expires_at: float | None = None
    is_eligible_for_geo_gating: bool = False
    has_instagram: bool = False
    about: About = field(default_factory=About)

    def __post_init__(self) -> None:
        if not self.name or not all(mark.isalnum() or mark in "._" for mark in self.name):
            raise ValueError(f"{self.name!r} is no username: letters, digits, dots and underscores")
        if unknown := set(self.scopes) - set(SCOPES):
            raise ValueError(f"no scope {sorted(unknown)[0]!r}; there are: {', '.join(SCOPES)}")


class ExpireToken(Struct, frozen=True):
    """End the life of a token at once."""

    token: TokenDigest


class Vote(Struct, frozen=True):
    """Set how often each option of a post's poll was chosen."""

    post_id: str
    votes: tuple[int, ...]


class SetApp(Struct, frozen=True):
    """Replace the app that profiles authorize."""

    app: RegisteredApp


class AddPlace(Struct, frozen=True):
    """Put a place on the map, or replace the one with its id."""

    place: Place


class Read(Struct, frozen=True):
    """Let readers do something with a post, or, without one, look at a profile."""

    profile: str = ""
    post_id: str = ""
    views: int = 0
    likes: int = 0
    shares: int = 0
    clicks: int = 0
    """How often the link of the post is followed."""

    def __post_init__(self) -> None:
        if min(self.views, self.likes, self.shares, self.clicks) < 0:
            raise ValueError("readers do something 0 times or more")
        if bool(self.profile) is bool(self.post_id):
            raise ValueError("what is read is either a post or a profile")
        if self.profile and (self.likes or self.shares or self.clicks):
            raise ValueError("a profile has views; likes, shares and clicks are those of a post")


class PostAs(Struct, frozen=True):
    """Let a person publish a text in the network's own application, with the parameters of a create call."""

    profile: str
    params: Mapping[str, str]


class Subscribe(Struct, frozen=True):
    """Replace the webhook fields that the app is subscribed to."""

    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        if unknown := set(self.fields) - set(TOPICS):
            there_are = ", ".join(TOPICS)
            raise ValueError(f"no webhook field {sorted(unknown)[0]!r}; there are: {there_are}")


class Tick(Struct, frozen=True):
    """Let time pass: carry out what was deferred until now."""


SetUp: TypeAlias = SetSwitches | Arm | Disarm | Reset | MoveClock | AddProfile | SetApp | AddPlace | Subscribe
"""What changes the network itself."""
Happening: TypeAlias = ExpireToken | Vote | Read | PostAs | Tick
"""What people or the time do on it."""
Command: TypeAlias = SetUp | Happening


def command_to_json(command: Command) -> Json:
    """Write a command down."""
    return {"do": type(command).__name__, **to_builtins(command)}


def command_from_json(row: dict[str, Any]) -> Command:
    """Read a command back."""
    name, values = row["do"], {key: value for key, value in row.items() if key != "do"}
    match name:
        case "SetSwitches":
            return SetSwitches(switches_from_json(values["switches"]))
        case "Arm":
            return Arm(tuple(fault_from_json(fault) for fault in values["faults"]))
        case "AddProfile":
            about = About(**values.get("about", {}))
            return AddProfile(**{**values, "scopes": tuple(values["scopes"]), "about": about})
        case "MoveClock":
            return MoveClock(values["offset_seconds"])
        case "ExpireToken":
            return ExpireToken(values["token"])
        case "Vote":
            return Vote(values["post_id"], tuple(values["votes"]))
        case "SetApp":
            uris = tuple(values["app"]["redirect_uris"])
            return SetApp(RegisteredApp(**{**values["app"], "redirect_uris": uris}))
        case "AddPlace":
            return AddPlace(Place(**values["place"]))
        case "Read":
            return Read(**values)
        case "PostAs":
            return PostAs(values["profile"], values["params"])
        case "Subscribe":
            return Subscribe(tuple(values["fields"]))
    plain: dict[str, Command] = {"Disarm": Disarm(), "Reset": Reset(), "Tick": Tick()}
    return plain[name]
