"""A network's state as JSON and back, without loss; lists and other derived tables are made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import to_builtins

from threadsync.sandbox.threads.content import Content
from threadsync.sandbox.threads.faults import ArmedFault, Fault, FaultKind
from threadsync.sandbox.threads.records import Delivery, Grant, Place, Reading, RegisteredApp, Search
from threadsync.sandbox.threads.state import Account, Approval, Container, Deferred, Post, State, Token
from threadsync.sandbox.threads.values import (
    About,
    Fetched,
    FetchedMedia,
    FetchFailed,
    Json,
    MediaKind,
    Republish,
    Request,
    Switches,
    TextCount,
    TokenDigest,
)

_T = TypeVar("_T")

# The wire: JSON is Any from here to the values it is made into.
_Row = Mapping[str, Any]


def state_to_json(state: State) -> Json:
    """Write the whole state down."""
    return {
        "seed": state.seed,
        "base_url": state.base_url,
        "switches": to_builtins(state.switches),
        "accounts": [to_builtins(account) for account in state.accounts.values()],
        "tokens": [
            {"digest": digest, **to_builtins(token), "scopes": sorted(token.scopes)}
            for digest, token in state.tokens.items()
        ],
        "containers": [to_builtins(container) for container in state.containers.values()],
        "posts": [to_builtins(post) for post in state.posts.values()],
        "deleted": [to_builtins(post) for post in state.deleted.values()],
        "usage": {name: list(times) for name, times in state.usage.items()},
        "armed": [to_builtins(armed) for armed in state.armed],
        "deferred": [{"due": call.due, "request": call.request.to_json()} for call in state.deferred],
        "number": state.number,
        "serial": state.serial,
        "clock_offset": state.clock_offset,
        "app": to_builtins(state.app),
        "app_tokens": sorted(state.app_tokens),
        "grants": [
            {"digest": digest, **to_builtins(grant), "scopes": sorted(grant.scopes)}
            for digest, grant in state.grants.items()
        ],
        "readings": [to_builtins(reading) for reading in state.readings],
        "searches": {name: [to_builtins(each) for each in found] for name, found in state.searches.items()},
        "places": [to_builtins(place) for place in state.places.values()],
        "subscribed": list(state.subscribed),
        "deliveries": [to_builtins(delivery) for delivery in state.deliveries],
    }


def state_from_json(row: _Row) -> State:
    """Read a state back."""
    state = State(
        seed=row["seed"],
        base_url=row["base_url"],
        switches=switches_from_json(row["switches"]),
        usage={name: list(times) for name, times in row["usage"].items()},
        armed=[
            ArmedFault(fault_from_json(armed["fault"]), armed["number"], armed["seen"], armed["fired"])
            for armed in row["armed"]
        ],
        deferred=[Deferred(call["due"], request_from_json(call["request"])) for call in row["deferred"]],
        number=row["number"],
        clock_offset=row["clock_offset"],
    )
    for account in row["accounts"]:
        about = About(**account.get("about", {}))
        state.accounts[account["id"]] = Account(**{**account, "about": about})
    for token in row["tokens"]:
        state.tokens[TokenDigest(token["digest"])] = Token(**_with_scopes(token))
    for container in row["containers"]:
        content = _value(Content, container["content"])
        state.containers[container["id"]] = Container(**{**container, "content": content})
    for post in row["posts"]:
        state.posts[post["id"]] = _post(post)
        state.index(state.posts[post["id"]])
    for post in row["deleted"]:
        state.deleted[post["id"]] = _post(post)
        if post["listed_until"] is not None:
            state.index(state.deleted[post["id"]])
    if "app" in row:  # what was written before there was one has none of these
        _read_records(state, row)
    state.serial = row["serial"]
    return state


def _read_records(state: State, row: _Row) -> None:
    state.app = _value(RegisteredApp, row["app"])
    state.app_tokens = {TokenDigest(digest) for digest in row["app_tokens"]}
    state.grants = {TokenDigest(each["digest"]): Grant(**_with_scopes(each)) for each in row["grants"]}
    state.readings = [Reading(**each) for each in row["readings"]]
    state.searches = {name: [Search(**each) for each in found] for name, found in row["searches"].items()}
    state.places = {each["id"]: Place(**each) for each in row["places"]}
    state.subscribed = tuple(row["subscribed"])
    state.deliveries = [Delivery(**each) for each in row["deliveries"]]


def _with_scopes(row: _Row) -> dict[str, Any]:
    """Return a row without its digest, which is its name, and with its scopes as a set."""
    kept = {name: value for name, value in row.items() if name != "digest"}
    return {**kept, "scopes": frozenset(row["scopes"])}


def request_from_json(row: _Row) -> Request:
    """Read a call back; its token is a digest already."""
    return Request(row["method"], row["path"], dict(row["params"]), row["token"])


def fetched_from_json(row: _Row) -> Fetched:
    """Read back what a download came to."""
    if "failed" in row:
        return FetchFailed(row["failed"])
    return FetchedMedia(**{**row, "kind": MediaKind(row["kind"])})


def switches_from_json(row: _Row) -> Switches:
    """Read switches; a wrong name or a value of the wrong type raises :class:`ValueError`."""
    known = set(Switches.__struct_fields__)
    if unknown := set(row) - known:
        raise ValueError(f"no switch {sorted(unknown)[0]!r}; there are: {', '.join(sorted(known))}")
    values = dict(row)
    defaults = Switches()
    for name, value in row.items():
        if not _fits(value, getattr(defaults, name)):
            raise ValueError(f"{value!r} is no value for the switch {name!r}")
    if "text_count" in values:
        values["text_count"] = TextCount(values["text_count"])
    if "republish" in values:
        values["republish"] = Republish(values["republish"])
    return Switches(**values)


def _fits(value: object, default: object) -> bool:
    """Whether a value has the type of a switch's default; ``None`` there stands for seconds or none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match default:
        case bool():
            return isinstance(value, bool)
        case str():
            return isinstance(value, str)
        case int():
            return is_number and isinstance(value, int)
        case float():
            return is_number
    return value is None or is_number


def fault_from_json(row: _Row) -> Fault:
    """Read a fault back."""
    return Fault(**{**row, "kind": FaultKind(row["kind"])})


def _post(row: _Row) -> Post:
    post = {**row, "content": _value(Content, row["content"]), "approval": Approval(row["approval"])}
    return _value(Post, post)


def _value(kind: type[_T], row: _Row) -> _T:
    """Make a flat value; JSON has lists where the value has tuples."""
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})
