"""What a sandbox holds before a scenario begins."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests

from tests.contract.stage import BACK, DAY_SECONDS, STATE, Given
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import Read, Subscribe

ME, OTHER = "lift_report", "harbour_desk"


def a_post(sandbox: Sandbox) -> Given:
    """One post of the account."""
    return {"post": sandbox.post_as(ME, text="12 lifts were broken.")}


def a_post_of_another(sandbox: Sandbox) -> Given:
    """One post of somebody else."""
    return {"post": sandbox.post_as(OTHER, text="The lift at Hafen works again.", topic_tag="transit")}


def posts_of_three_days(sandbox: Sandbox) -> Given:
    """A post a day for three days."""
    made = {}
    for name, text in (("first", "One."), ("second", "Two."), ("third", "Three.")):
        made[name] = sandbox.post_as(ME, text=text)
        sandbox.advance(DAY_SECONDS)
    return made


def an_answered_post(sandbox: Sandbox) -> Given:
    """A post with two replies of somebody else, and an answer to the first of them."""
    post = sandbox.post_as(ME, text="12 lifts were broken.")
    first = sandbox.post_as(OTHER, text="Which ones?", reply_to_id=post)
    sandbox.advance(60)
    second = sandbox.post_as(OTHER, text="Thanks!", reply_to_id=post)
    sandbox.advance(60)
    answer = sandbox.post_as(ME, text="Those at Hafen.", reply_to_id=first)
    return {"post": post, "first": first, "second": second, "answer": answer}


def a_post_answered_long_ago(sandbox: Sandbox) -> Given:
    """The same, some days later."""
    given = an_answered_post(sandbox)
    sandbox.advance(3 * DAY_SECONDS)
    return given


def an_answered_post_with_approvals(sandbox: Sandbox) -> Given:
    """A post whose replies wait, and two that do."""
    post = sandbox.post_as(ME, text="12 lifts were broken.", enable_reply_approvals="true")
    first = sandbox.post_as(OTHER, text="Which ones?", reply_to_id=post)
    sandbox.advance(60)
    second = sandbox.post_as(OTHER, text="Thanks!", reply_to_id=post)
    return {"post": post, "first": first, "second": second}


def a_read_post(sandbox: Sandbox) -> Given:
    """A post that readers saw, and a profile that they looked at."""
    post = sandbox.post_as(ME, text="12 lifts were broken.")
    sandbox.engine.command(Read(post_id=post, views=30, likes=2))
    sandbox.engine.command(Read(profile=ME, views=8))
    sandbox.advance(60)
    return {"post": post}


def ghosts(sandbox: Sandbox) -> Given:
    """A ghost post."""
    return {"ghost": sandbox.post_as(ME, text="Boo.", is_ghost_post="true")}


def a_mention(sandbox: Sandbox) -> Given:
    """A post of somebody else that mentions the account."""
    return {"post": sandbox.post_as(OTHER, text="Thanks @lift_report")}


def a_subscribed_app(sandbox: Sandbox) -> Given:
    """A reply, of which the app's callback is told: the body and its signature."""
    post = sandbox.post_as(ME, text="12 lifts were broken.")
    sandbox.engine.command(Subscribe(("replies",)))
    sandbox.post_as(OTHER, text="Which ones?", reply_to_id=post)
    (told,) = sandbox.deliveries()
    return {"body": told.body.decode(), "signature": told.headers["X-Hub-Signature-256"]}


def a_broken_container(sandbox: Sandbox) -> Given:
    """The next container ends as ERROR."""
    sandbox.arm(parse_fault("create:container-error"))
    return {}


def a_token_of_a_day(sandbox: Sandbox) -> Given:
    """A token is old enough to be renewed."""
    sandbox.advance(DAY_SECONDS)
    return {}


def a_short_lived_token(sandbox: Sandbox) -> Given:
    """Somebody has authorized the app."""
    url, app = sandbox.base_url, sandbox.app
    asked = {"client_id": app.id, "redirect_uri": BACK, "state": STATE}
    window = {**asked, "response_type": "code", "scope": "threads_basic"}
    with requests.get(f"{url}/oauth/authorize", window, allow_redirects=False, timeout=10) as sent:
        code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    said = {**asked, "client_secret": app.secret, "grant_type": "authorization_code", "code": code}
    with requests.post(f"{url}/oauth/access_token", said, timeout=10) as answer:
        return {"short": answer.json()["access_token"]}
