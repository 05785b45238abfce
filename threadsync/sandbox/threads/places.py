"""Places to tag posts with: searched for, and read.

developers.facebook.com/docs/threads/create-posts/location-tagging, .../reference/location-search,
.../reference/locations.
"""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.records import Place
from threadsync.sandbox.threads.showing import pick
from threadsync.sandbox.threads.values import Json, Response

NEAR_DEGREES: Final = 0.1
OPEN_QUERY: Final = "Menlo Park"
"""The one query that is answered without Advanced Access."""


def search(call: Call) -> Response:
    """Answer the places of a name, or near a point, in one page; 500 searches in 24 hours."""
    query, switches = call.param("q").strip(), call.state.switches
    point = _point(call)
    if isinstance(point, ApiError):
        return call.refuse(point)
    if not query and point is None:
        return call.refuse(errors.invalid_parameter("q, or latitude and longitude, are required"))
    if call.state.used("locations", call.account.id, call.now) >= switches.locations_quota:
        return call.refuse(errors.quota_reached("location searches"))
    is_open = switches.advanced_access or query.casefold() == OPEN_QUERY.casefold()
    rows: list[Json] = []
    for place in call.state.places.values():
        if not (is_open and _is_named(place, query) and (point is None or _is_near(place, *point))):
            continue
        shown = pick(place.to_json() | {"id": int(place.id)}, call.param("fields"), "id")
        if isinstance(shown, ApiError):
            return call.refuse(shown)
        rows.append(shown)
    call.state.use("locations", call.account.id, call.now)
    call.state.serial += 1
    return call.answer({"data": rows})


def read(call: Call) -> Response:
    """Answer one place."""
    place = call.state.places[call.target]
    shown = pick(place.to_json(), call.param("fields"), "id")
    return call.refuse(shown) if isinstance(shown, ApiError) else call.answer(shown)


def _point(call: Call) -> tuple[float, float] | ApiError | None:
    texts = call.param("latitude"), call.param("longitude")
    if not any(texts):
        return None
    try:
        latitude, longitude = (float(text) for text in texts)
    except ValueError:
        return errors.invalid_parameter("latitude and longitude are numbers, and go together")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return errors.invalid_parameter("latitude is -90 to 90, longitude -180 to 180")
    return latitude, longitude


def _is_named(place: Place, query: str) -> bool:
    return query.casefold() in f"{place.name} {place.address} {place.city}".casefold()


def _is_near(place: Place, latitude: float, longitude: float) -> bool:
    if place.latitude is None or place.longitude is None:
        return False
    return max(abs(place.latitude - latitude), abs(place.longitude - longitude)) <= NEAR_DEGREES
