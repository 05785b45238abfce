"""Clients that others wrote find their way from the authorization window to a token, and use it.

Each lives in an environment of its own (see ``client_python`` in conftest.py), and nothing of it is changed
but the addresses it talks to. All of them do the same and print the same; what they understood is compared
with what the sandbox knows.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import About, Profile, Read, Switches

pytestmark = pytest.mark.live

DAY_SECONDS = 86_400.0
BACK = "https://localhost:8000/back"

PYTHREADS = """
import asyncio, json, os, sys, requests
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
base, app, secret, back = sys.argv[1:]
from datetime import datetime, timedelta, timezone
from pythreads import threads
threads.GRAPH_API_BASE_URL = base + "/"
from pythreads.api import API
from pythreads.configuration import Configuration
from pythreads.credentials import Credentials
from pythreads.threads import Threads

def authorize():
    config = Configuration(Threads.ALL_SCOPES, app, secret, back)
    url, state = Threads.authorization_url(config)
    sent = requests.get(url.replace("https://threads.net", base), allow_redirects=False)
    found = Threads.complete_authorization(sent.headers["Location"], state, config=config)
    return str(found.user_id), found.access_token

async def use(user, token):
    far = datetime.now(timezone.utc) + timedelta(days=30)
    credentials = Credentials(user, ["threads_basic"], False, token, far)
    token, _ = Threads.refresh_long_lived_token(credentials)
    async with API(Credentials(user, ["threads_basic"], False, token, far)) as api:
        post = await api.publish_container(await api.create_container("Lifts"))
        reply = await api.publish_container(await api.create_container("More", reply_to_id=post))
        await api.manage_reply(reply, True)
        views = await api.user_insights("views")
        return {
            "post": post,
            "listed": [row["id"] for row in (await api.threads())["data"]],
            "replies": [row["id"] for row in (await api.replies(post))["data"]],
            "views": views["data"][0]["values"][0]["value"],
            "used": (await api.publishing_limit())["data"][0]["quota_usage"],
        }

if sys.stdin.readline().strip() == "authorize":
    user, token = authorize()
    print(json.dumps({"user": user, "token": token}), flush=True)
    sys.stdin.readline()
    print(json.dumps(asyncio.run(use(user, token))))
"""

THREADSPIPEPY = """
import json, sys, requests, webbrowser
from urllib.parse import parse_qs, urlsplit
base, app, secret, back = sys.argv[1:]
request = requests.Session.request

def mapped(session, method, url, *given, **named):
    for host in ("https://graph.threads.net", "https://threads.net"):
        url = url.replace(host, base)
    return request(session, method, url, *given, **named)

requests.Session.request = mapped
opened = []
webbrowser.open = opened.append
from threadspipepy.threadspipe import ThreadsPipe

if sys.stdin.readline().strip() == "authorize":
    window = ThreadsPipe("me", "none", disable_logging=True)
    window.get_auth_token(app, back, state="s")
    sent = requests.get(opened[0], allow_redirects=False)
    code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    found = window.get_access_tokens(app, secret, code, back)
    user, token = found["user_id"], found["tokens"]["long_lived"]["access_token"]
    print(json.dumps({"user": str(user), "token": token}), flush=True)
    sys.stdin.readline()
    token = window.refresh_token(token)["access_token"]
    waits = {"wait_before_post_publish": False, "wait_before_media_item_publish": False}
    api = ThreadsPipe(user, token, disable_logging=True, **waits)
    post = api.pipe("Lifts")["data"]["media_ids"][0]
    reply = api.pipe("More", reply_to_id=post)["data"]["media_ids"][0]
    api.hide_reply(reply, True)
    views = api.get_user_insights(metrics=["views"])
    print(json.dumps({
        "post": post,
        "listed": [row["id"] for row in api.get_posts()["data"]],
        "replies": [row["id"] for row in api.get_post_replies(post)["data"]],
        "views": views["data"][0]["values"][0]["value"],
        "used": api.get_quota_usage()["data"][0]["quota_usage"],
    }))
"""

META_THREADS_SDK = """
import json, sys, httpx
from urllib.parse import parse_qs, urlsplit
base, app, secret, back = sys.argv[1:]
request = httpx.Client.request

def mapped(client, method, url, **named):
    return request(client, method, str(url).replace("https://graph.threads.net", base), **named)

httpx.Client.request = mapped
from threads import ThreadsClient
from threads.constants import MetricType, Scope

if sys.stdin.readline().strip() == "authorize":
    with ThreadsClient("none", base_url=base) as window:
        url = window.auth.get_authorization_url(app, back, list(Scope), "s")
        sent = httpx.get(url.replace("https://threads.net", base))
        code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
        short = window.auth.exchange_code(app, secret, back, code)
        token = window.auth.get_long_lived_token(secret, short.access_token).access_token
        print(json.dumps({"user": short.user_id, "token": token}), flush=True)
        sys.stdin.readline()
        token = window.auth.refresh_token(token).access_token
    user = short.user_id
    with ThreadsClient(token, base_url=base) as api:
        post = api.posts.create_and_publish(user, text="Lifts").id
        reply = api.posts.create_and_publish(user, text="More", reply_to_id=post).id
        api.replies.hide(reply)
        print(json.dumps({
            "post": post,
            "listed": [row.id for row in api.posts.get_user_posts(user)],
            "replies": [row.id for row in api.replies.get_replies(post)],
            "views": api.insights.get_user_insights(user, [MetricType.VIEWS]).get_metric("views"),
            "used": api.posts.get_publishing_limit(user).quota_usage,
        }))
"""


@pytest.mark.parametrize(
    ("packages", "pythons", "client"),
    [
        # aiohttp 3.9, which it pins, has no wheels for Python 3.13.
        (("pythreads==0.2.1",), {"python_below": (3, 13)}, PYTHREADS),
        # It imports requests without naming it among what it needs.
        (("threadspipepy==0.4.5", "requests"), {}, THREADSPIPEPY),
        (("meta-threads-sdk==0.2.1",), {"python_min": (3, 12)}, META_THREADS_SDK),
    ],
    ids=["pythreads", "threadspipepy", "meta-threads-sdk"],
)
def test_a_client_authorizes_refreshes_and_uses_its_token(client_python, packages, pythons, client):
    """Window, code, long-lived token, a day later a fresh one; then posts, replies, numbers, quotas."""
    profiles = (Profile("lift_report", about=About(follower_count=120)), Profile("harbour_desk"))
    settings = SandboxSettings(seed=7, profiles=profiles, switches=Switches(authorize_as="harbour_desk"))
    with running(settings) as sandbox:
        arguments = [sandbox.base_url, sandbox.app.id, sandbox.app.secret, BACK]
        with subprocess.Popen(
            [client_python(*packages, **pythons), "-c", client, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "CI": "1"},
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("authorize\n")
            process.stdin.flush()
            said = process.stdout.readline()
            sandbox.advance(DAY_SECONDS)
            sandbox.engine.command(Read(profile="harbour_desk", views=3))
            rest, errors = process.communicate("use\n", timeout=60)
        assert process.returncode == 0, errors
        owner = {row["id"]: row for row in sandbox.ledger()["posts"]}
        hidden = sandbox.engine.look(lambda state, now: [post.hide_status for post in state.live()])
        paths = [row.path.removeprefix("/v1.0") for row in sandbox.requests()]
    seen = json.loads(rest)
    root, reply = owner.values()
    assert json.loads(said)["user"].isdecimal()
    assert {row["profile"] for row in owner.values()} == {"harbour_desk"}
    assert (seen["post"], seen["listed"]) == (root["id"], [root["id"]])
    assert seen["replies"] == [reply["id"]]
    assert hidden == ["NOT_HUSHED", "HIDDEN"]
    assert (seen["views"], seen["used"]) == (3, 1)
    assert {"/oauth/access_token", "/access_token", "/refresh_access_token"} <= set(paths)
