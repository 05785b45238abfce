"""What Meta's pages show of each endpoint, beside the call of ours: ``bodies/NAME.json`` and ``CALLS[NAME]``.

A file holds the address of its page, whether the body is the page's own sample, the request as the page
describes it, and the body. Samples are written as JSON where a page only sketches it. A ``refused_NAME.json``
holds an error that a page shows, with its status and the row of our table; ``webhook_NAME.json`` an event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, Flow, FormBody, NoResponse, Outcome, Request, Response, Secret
from threadsync.model.secret import HIDDEN, SecretText
from threadsync.providers.threads import api

T = TypeVar("T")
BODIES = Path(__file__).with_name("bodies")
CANARY = SecretText("CANARY-token-that-shows-nowhere")
SINCE, UNTIL = datetime(2023, 10, 15, tzinfo=UTC), datetime(2023, 11, 18, tzinfo=UTC)
FIELDS = (
    "id,media_product_type,media_type,media_url,permalink,owner,username,text,topic_tag,timestamp,shortcode,"
    "thumbnail_url,children,is_quote_post"
)
SEARCHED = "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply"
OF_REPLIES = (
    "timestamp,media_product_type,media_type,media_url,shortcode,thumbnail_url,children,has_replies,root_post,"
    "replied_to,is_reply,hide_status"
)
APP = "990602627938098"
PLACE = "id,name"
HEADERS = {"date": "Sat, 21 Nov 2026 12:00:00 GMT", "x-fb-request-id": "A1"}

CALLS: Mapping[str, Callable[[], Flow[Any]]] = {
    "exchange_code": lambda: api.exchange_code(
        client_id=APP, redirect_uri="https://socialsizzle.herokuapp.com/auth/"
    ),
    "exchange_token": api.exchange_token,
    "refresh_token": api.refresh_token,
    "app_token": lambda: api.app_token(client_id=APP),
    "debug_token": api.debug_token,
    "me": lambda: api.me(fields="id,username,name,threads_profile_picture_url,threads_biography,is_verified"),
    "me_searched": lambda: api.me(fields="recently_searched_keywords"),
    "create_container": lambda: api.create_container(
        "TEXT", text="MyText", poll_attachment=("first option", "second option")
    ),
    "container_of": lambda: api.container_of(
        {"media_type": "TEXT", "text": "MyText", "location_id": "12345"}
    ),
    "container_status": lambda: api.container_status("17889615691921648"),
    "container_status_error": lambda: api.container_status("17889615691921648"),
    "publish_container": lambda: api.publish_container("1234567890"),
    "publish_container_story": lambda: api.publish_container("1234567890"),
    "publishing_limit": lambda: api.publishing_limit(location_searches=True),
    "repost_media": lambda: api.repost_media("22312312312123"),
    "delete_media": lambda: api.delete_media("1234567"),
    "media_object": lambda: api.media_object("1234567", fields=FIELDS),
    "media_object_poll": lambda: api.media_object(
        "1234567",
        fields="id,poll_attachment{option_a,option_b,option_c,option_d,option_a_votes_percentage,"
        "option_b_votes_percentage,option_c_votes_percentage,option_d_votes_percentage,total_votes,"
        "expiration_timestamp}",
    ),
    "media_object_location": lambda: api.media_object(
        "12345",
        fields="id,location_id,location{id,address,city,country,name,latitude,longitude,postal_code}",
    ),
    "media_object_repost": lambda: api.media_object("12312312312123", fields="id,media_type,reposted_post"),
    "own_threads": lambda: api.own_threads(since=SINCE, until=UNTIL, limit=1, fields=FIELDS),
    "own_replies": lambda: api.own_replies(
        limit=25,
        fields="id,text,has_replies,root_post,replied_to,is_reply,is_reply_owned_by_me,reply_audience",
    ),
    "own_ghost_posts": lambda: api.own_ghost_posts(
        since=SINCE,
        until=UNTIL,
        limit=1,
        fields="id,media_product_type,media_type,media_url,permalink,owner,username,text,timestamp,shortcode,"
        "thumbnail_url,ghost_post_status,ghost_post_expiration_timestamp",
    ),
    "mentions": lambda: api.mentions(fields="id,username,text"),
    "replies": lambda: api.replies("1234567890", reverse=False, fields=f"id,text,topic_tag,{OF_REPLIES}"),
    "conversation": lambda: api.conversation("1234567890", reverse=False, fields=f"id,text,{OF_REPLIES}"),
    "pending_replies": lambda: api.pending_replies(
        "1234567890", reverse=False, fields=f"id,text,topic_tag,{OF_REPLIES},reply_approval_status"
    ),
    "manage_reply": lambda: api.manage_reply("1234567890", hide=True),
    "manage_pending_reply": lambda: api.manage_pending_reply("1234567890", approve=False),
    "media_insights": lambda: api.media_insights("1234567", ("likes", "replies")),
    "user_insights": lambda: api.user_insights(("views",)),
    "user_insights_total": lambda: api.user_insights(
        ("views",), since=datetime(2024, 4, 13, 7, tzinfo=UTC), until=datetime(2024, 4, 14, 7, tzinfo=UTC)
    ),
    "user_insights_clicks": lambda: api.user_insights(("clicks",)),
    "user_insights_demographics": lambda: api.user_insights(("follower_demographics",), breakdown="country"),
    "keyword_search": lambda: api.keyword_search("<KEYWORD>", search_type="TOP", fields=SEARCHED),
    "keyword_search_tag": lambda: api.keyword_search(
        "<TAG>", search_mode="TAG", search_type="TOP", fields=SEARCHED
    ),
    "keyword_search_all": lambda: api.keyword_search(
        "lift",
        search_type="RECENT",
        search_mode="KEYWORD",
        media_type="IMAGE",
        author_username="meta",
        since=SINCE,
        until=UNTIL,
        limit=25,
        after="AFTER_CURSOR",
        fields="id",
    ),
    "profile_lookup": lambda: api.profile_lookup("meta"),
    "profile_posts": lambda: api.profile_posts(
        "meta", since=SINCE, until=UNTIL, limit=1, fields=FIELDS.replace("owner,", "")
    ),
    "location_search": lambda: api.location_search(q="some place", fields=PLACE),
    "location_search_coordinates": lambda: api.location_search(
        latitude=12.3456, longitude=12.3456, fields=PLACE
    ),
    "location": lambda: api.location(
        "12345", fields="id,address,name,city,country,latitude,longitude,postal_code"
    ),
    "oembed": lambda: api.oembed("https://www.threads.net/@threads/post/abcdefg/", maxwidth=658),
}


def page(name: str) -> dict[str, Any]:
    """Return what the page shows."""
    shown: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text(encoding="utf-8"))
    return shown


def answer(body: Any) -> Response:
    """Return *body* as the transport hands it on: without its secrets."""
    secrets = {}
    if isinstance(body, dict) and isinstance(body.get("access_token"), str):
        body, secrets = {**body, "access_token": HIDDEN}, {"access_token": CANARY}
    return Response(200, json.dumps(body).encode(), HEADERS, 0.25, secrets)


def run(flow: Flow[T], outcome: Response | NoResponse) -> tuple[T, Request]:
    """Run *flow*, which sends one request, answered with *outcome*."""
    sent: list[Request] = []

    def perform(effect: Effect) -> Outcome:
        assert isinstance(effect, Request), "an endpoint function sends a request, and does nothing else"
        sent.append(effect)
        return outcome

    result = drive(flow, perform)
    (request,) = sent
    return result, request


def result(name: str) -> Any:
    """Return what our call makes of the body that the page shows."""
    return run(CALLS[name](), answer(page(name)["body"]))[0]


def told(request: Request) -> dict[str, Any]:
    """Return *request* as the files write one."""

    def plain(said: Mapping[str, str | Secret]) -> dict[str, Any]:
        return {
            name: {"secret": str(value.role)} if isinstance(value, Secret) else value
            for name, value in said.items()
        }

    form = plain(request.body.fields) if isinstance(request.body, FormBody) else None
    return {
        "method": request.method,
        "path": request.path,
        "params": plain(request.params),
        "form": form,
        "token": request.auth,
        "visibility": request.visibility.value,
    }
