"""What a network remembers besides profiles, containers and posts: the app, places, readers, events.

Values only; :class:`threadsync.sandbox.threads.state.State` holds them.
"""

from __future__ import annotations

import json

from msgspec import Struct
from msgspec.structs import asdict

from threadsync.sandbox.threads.values import App, Json, TokenDigest, token_digest


class RegisteredApp(Struct, frozen=True):
    """The app as the network knows it: its secret, and the token made of it, as digests."""

    id: str
    name: str
    secret: TokenDigest
    token: TokenDigest
    redirect_uris: tuple[str, ...] = ()

    @staticmethod
    def of(app: App) -> RegisteredApp:
        """Leave only the digests of *app*'s secrets."""
        return RegisteredApp(
            app.id, app.name, token_digest(app.secret), token_digest(app.token), app.redirect_uris
        )


OUR_APP = RegisteredApp.of(App())


class Grant(Struct, frozen=True):
    """What a person agreed to; the code that stands for it can be used once."""

    account: str
    scopes: frozenset[str]
    redirect_uri: str
    expires_at: float
    is_used: bool = False


class Place(Struct, frozen=True):
    """A place that posts can be tagged with (docs/threads/reference/locations)."""

    id: str
    name: str
    address: str = ""
    city: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    postal_code: str = ""

    def __post_init__(self) -> None:
        if not (self.id.isascii() and self.id.isdecimal()):
            raise ValueError(f"{self.id!r}: the id of a place is a number")

    def to_json(self) -> Json:
        """Give the fields of a location; what is empty is ``None``."""
        return {name: None if value == "" else value for name, value in asdict(self).items()}


MENLO_PARK = Place(
    id="12345",
    name="Facebook Headquarters",
    address="1 Hacker Way",
    city="Menlo Park",
    country="USA",
    latitude=37.48375115774628,
    longitude=-122.14892131843617,
    postal_code="94025",
)
"""The example of docs/threads/create-posts/location-tagging; every network has it."""


class Reading(Struct, frozen=True):
    """What readers did at one time with a post, or, without one, with a profile."""

    at: float
    account: str
    post: str = ""
    views: int = 0
    likes: int = 0
    shares: int = 0
    clicks: int = 0
    """How often the link of the post was followed."""


class Search(Struct, frozen=True):
    """A query that a profile made."""

    query: str
    at: float


class Delivery(Struct, frozen=True):
    """One notification to the app's callback (docs/threads/webhooks, Notification Formats)."""

    at: float
    app_id: str
    topic: str
    field: str
    target_id: str
    subscription_id: str
    value: Json

    def body(self) -> bytes:
        """Write the notification as it is POSTed: as in the page's samples, ``/`` and non-ASCII escaped."""
        envelope = {
            "app_id": self.app_id,
            "topic": self.topic,
            "target_id": self.target_id,
            "time": int(self.at),
            "subscription_id": self.subscription_id,
            "has_uid_field": False,
            "values": {"value": self.value, "field": self.field},
        }
        return json.dumps(envelope, separators=(",", ":")).replace("/", "\\/").encode()
