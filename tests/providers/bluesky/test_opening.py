"""Where an account logs in: found from its handle or DID, and never where a password must not go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from threadsync.errors import ApiError, UsageError
from threadsync.flows.core import advance, drive
from threadsync.flows.effects import Effect, JsonBody, Outcome, Request, Response
from threadsync.model.ids import TargetName
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.opening import BlueskySessions, home_of
from threadsync.providers.bluesky.provider import BlueskyProvider

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
HOME = "https://pds.example.org"


def document(did: str = DID, handle: str = "lifts.example.org", home: str = HOME) -> dict[str, Any]:
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": home}
    return {"id": did, "alsoKnownAs": [f"at://{handle}"], "service": [service]}


class Network:
    """Answers what it is asked by host and path, and keeps what that was."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, effect: Effect) -> Outcome:
        assert isinstance(effect, Request)
        assert effect.auth is None, "who looks for an account shows no credential"
        self.asked.append(f"{effect.host}{effect.path}")
        found = self.answers.get("did" if "resolveHandle" in effect.path else "document")
        if found is None:
            return Response(400, b'{"error": "HandleNotFound", "message": "no"}')
        return Response(200, json.dumps(found).encode())


def test_a_handle_leads_to_the_accounts_own_server() -> None:
    network = Network(did={"did": DID}, document=document())
    assert drive(home_of("@Lifts.Example.org"), network) == HOME
    assert network.asked == ["public/xrpc/com.atproto.identity.resolveHandle", f"directory/{DID}"]


def test_a_did_needs_no_handle_and_one_of_the_web_is_read_at_its_host() -> None:
    network = Network(document=document())
    assert drive(home_of(DID), network) == HOME
    of_web = Network(document=document("did:web:example.org"))
    assert drive(home_of("did:web:example.org"), of_web) == HOME
    here = Network(document=document("did:web:localhost%3A8080"))
    assert drive(home_of("did:web:localhost%3A8080"), here) == HOME
    assert network.asked + of_web.asked + here.asked == [
        f"directory/{DID}",
        "https://example.org/.well-known/did.json",
        "http://localhost:8080/.well-known/did.json",
    ]


def test_accounts_of_the_networks_own_servers_and_email_addresses_log_in_at_its_own_address() -> None:
    """https://docs.bsky.app/docs/advanced-guides/entryway"""
    own = Network(document=document(home="https://morel.us-east.host.bsky.network"))
    assert drive(home_of(DID), own) == ""
    nobody = Network()
    assert drive(home_of("lifts@example.org"), nobody) == ""
    assert nobody.asked == []


@pytest.mark.parametrize(
    "did", ["did:key:z6Mk", "did:web:example.org:path", "did:web:u@example.org", "did:web:"]
)
def test_a_did_of_another_kind_is_refused_before_anything_is_sent(did: str) -> None:
    network = Network()
    with pytest.raises(UsageError, match="no DID that Bluesky knows"):
        drive(home_of(did), network)
    assert network.asked == []


@pytest.mark.parametrize(
    "found",
    [
        document(handle="others.example.org"),
        document(did="did:plc:another"),
        document(home="http://pds.example.org"),
        document(home="ftp://pds.example.org"),
        {"id": DID, "alsoKnownAs": ["at://lifts.example.org"]},
    ],
)
def test_a_password_is_not_sent_where_the_account_is_in_doubt(found: dict[str, Any]) -> None:
    network = Network(did={"did": DID}, document=found)
    with pytest.raises(UsageError, match="password"):
        drive(BlueskySessions("lifts.example.org", finds_home=True).open(), network)
    assert not any("createSession" in each for each in network.asked)


def test_a_handle_that_nobody_has_is_said() -> None:
    with pytest.raises(ApiError) as caught:
        drive(home_of("nobody.example.org"), Network())
    assert caught.value.fault.row == "handle-unknown"


def test_without_an_identifier_nothing_is_sent() -> None:
    network = Network()
    with pytest.raises(UsageError, match="whose account"):
        drive(BlueskySessions("").open(), network)
    assert network.asked == []


def test_where_an_address_is_declared_the_account_is_opened_there() -> None:
    target = TargetName("bluesky/brand")
    declared = BlueskyProvider(ProviderContext(target, account="me.test", base_url="http://127.0.0.1:1"))
    assert declared.sessions == BlueskySessions("me.test")
    assert BlueskyProvider(ProviderContext(target, account="me.test")).sessions == BlueskySessions(
        "me.test", finds_home=True
    )


def test_a_handle_written_with_its_at_is_sent_without_it() -> None:
    """Servers take anything with an @ for an address of email."""
    request = advance(BlueskySessions("@lifts.example.org").open(), None)
    assert isinstance(request, Request)
    assert isinstance(request.body, JsonBody)
    assert isinstance(request.body.value, dict)
    assert request.body.value["identifier"] == "lifts.example.org"


def test_the_public_host_is_never_shown_a_session() -> None:
    asked: list[Request] = []

    def answer(effect: Effect) -> Outcome:
        assert isinstance(effect, Request)
        asked.append(effect)
        return Response(200, b'{"posts": [], "profiles": []}')

    drive(api.call("GET", "app.bsky.feed.getPosts", {"uris": ("at://x",)}, host=api.PUBLIC), answer)
    drive(api.get_posts(["at://x"], public=True), answer)
    drive(api.get_profiles(["x"], public=True), answer)
    assert [(each.host, each.auth) for each in asked] == [(api.PUBLIC, None)] * 3
