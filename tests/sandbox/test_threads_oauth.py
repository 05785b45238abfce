"""The way to a token: docs/threads/get-started (authorization window, codes, long-lived and app tokens)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from threadsync.sandbox.threads import About, App, Profile, Request, add_profile, apply, handle, set_app

APP = App(id="555", secret="hush", redirect_uris=("https://a.org/back", "https://a.org/q?x=1"))
INVALID = (400, 100, None)
USED = "Matching code was not found or was already used"


class Door:
    """The network as an app sees it that has no token yet."""

    def __init__(self, net):
        self.net = net
        apply(net.state, set_app(APP), net.now)

    def call(self, method, path, token=None, **params):
        return handle(self.net.state, Request.of(method, path, params, token=token), self.net.now)

    def window(self, **changes):
        asked = {
            "client_id": APP.id,
            "redirect_uri": APP.redirect_uris[0],
            "scope": "threads_basic,threads_content_publish",
            "response_type": "code",
            "state": "s&1",
        }
        return self.call("GET", "/oauth/authorize", **{**asked, **changes})

    def code(self, **changes):
        return parse_qs(urlsplit(self.window(**changes).headers["Location"]).query)["code"][0]

    def exchange(self, code, method="POST", **changes):
        sent = {
            "client_id": APP.id,
            "client_secret": APP.secret,
            "grant_type": "authorization_code",
            "redirect_uri": APP.redirect_uris[0],
            "code": code,
        }
        return self.call(method, "/oauth/access_token", **{**sent, **changes})

    def short(self, **changes):
        answer = self.exchange(self.code(**changes))
        assert answer.status == 200, answer.body
        return answer.body["access_token"]

    def long(self, token, **changes):
        sent = {"grant_type": "th_exchange_token", "client_secret": APP.secret}
        return self.call("GET", "/access_token", token, **{**sent, **changes})


@pytest.fixture
def door(net):
    return Door(net)


class TestWindow:
    """docs/threads/get-started/get-access-tokens-and-permissions, step 1."""

    def test_a_yes_comes_back_with_a_code_the_state_and_a_mark(self, door):
        answer = door.window()
        assert answer.status == 302
        address, _, mark = answer.headers["Location"].partition("#")
        assert mark == "_"
        assert address.startswith("https://a.org/back?code=AQB")
        assert parse_qs(urlsplit(address).query)["state"] == ["s&1"]

    def test_a_redirect_address_keeps_its_own_query(self, door):
        location = door.window(redirect_uri=APP.redirect_uris[1]).headers["Location"]
        assert location.startswith("https://a.org/q?x=1&code=AQB")

    def test_without_registered_addresses_every_one_is_taken(self, door):
        """INVENTED (any-redirect); nothing in it can break the answer's header."""
        apply(door.net.state, set_app(replace(APP, redirect_uris=())), door.net.now)
        location = door.window(redirect_uri="http://127.0.0.1:1/ü\r\nX: y").headers["Location"]
        assert location.startswith("http://127.0.0.1:1/%C3%BC%0D%0AX:%20y?code=")

    def test_a_no_comes_back_with_the_reason(self, door):
        """The page says `error_description=The+user+denied+your+request`."""
        door.net.switch(authorize_denied=True)
        assert door.window().headers["Location"] == (
            "https://a.org/back?error=access_denied&error_reason=user_denied"
            "&error_description=The+user+denied+your+request&state=s%261"
        )

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"client_id": "556"}, 4476002),
            ({"client_id": ""}, 4476002),
            ({"redirect_uri": "https://a.org/back/"}, 1349168),
            ({"redirect_uri": ""}, 1349168),
            ({"response_type": "token"}, 1),
            ({"scope": "threads_content_publish"}, 1),
            ({"scope": "threads_basic,threads_fly"}, 1),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_said_in_the_window(self, door, changes, code):
        """A wrong app, an address that is not registered letter for letter, no threads_basic."""
        answer = door.window(**changes)
        assert (answer.status, answer.body["error_code"]) == (400, code)
        assert "Location" not in answer.headers

    def test_who_did_not_accept_the_invitation_gets_no_code(self, door):
        """1349245, until the app has Advanced Access."""
        apply(door.net.state, add_profile(Profile("stranger", about=About(is_tester=False))), door.net.now)
        door.net.switch(authorize_as="stranger")
        assert door.window().body == {
            "error_message": "Invalid Request: The user has not accepted the invite to test the app",
            "error_code": 1349245,
        }
        door.net.switch(advanced_access=True)
        assert door.window().status == 302

    def test_nobody_is_logged_in(self, door):
        door.net.switch(authorize_as="nobody")
        assert door.window().status == 400


class TestCode:
    """The same page, step 2."""

    def test_a_code_becomes_a_short_lived_token_of_who_agreed(self, door):
        """user_id is a number, too large for a double; the token carries the scopes that were asked for."""
        door.net.switch(authorize_as="harbour_desk")
        answer = door.exchange(door.code(scope="threads_basic threads_delete"))
        me = door.net.get("/me", "harbour_desk")["id"]
        assert answer.body.keys() == {"access_token", "user_id"}
        assert answer.body["user_id"] == int(me) > 2**53
        token = answer.body["access_token"]
        assert door.call("GET", "/me", token).body == {"id": me}
        assert door.call("POST", "/me/threads", token, media_type="TEXT", text="x").status == 400
        door.net.now += 3600
        assert door.call("GET", "/me", token).status == 401

    def test_a_code_works_once(self, door):
        code = door.code()
        assert door.exchange(code).status == 200
        assert door.exchange(code).body == {
            "error_type": "OAuthException",
            "code": 400,
            "error_message": USED,
        }

    def test_a_code_lives_an_hour(self, door):
        early, late = door.code(), door.code()
        door.net.now += 3599
        assert door.exchange(early).status == 200
        door.net.now += 1
        assert door.exchange(late).body["error_message"] == USED

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"code": "AQBnonsense"}, USED),
            ({"redirect_uri": "https://a.org/back/"}, "redirect_uri"),
            ({"client_secret": "loud"}, "client_secret"),
            ({"client_id": "556"}, "client_id"),
            ({"grant_type": "password"}, "grant_type"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
    )
    def test_its_refusals_have_an_envelope_of_their_own(self, door, changes, says):
        """INVENTED (code-refusals, code-mismatch) but for the first; a good call goes on working."""
        code = door.code()
        answer = door.exchange(**{"code": code, **changes})
        assert (answer.status, answer.body["error_type"], answer.body["code"]) == (400, "OAuthException", 400)
        assert says in answer.body["error_message"]
        assert door.exchange(code).status == 200

    def test_the_mark_behind_a_code_is_not_part_of_it(self, door):
        assert door.exchange(door.code() + "#_").body["error_message"] == USED

    def test_get_works_too(self, door):
        """INVENTED (code-by-get)."""
        assert door.exchange(door.code(), method="GET").status == 200


class TestLife:
    """docs/threads/get-started/long-lived-tokens."""

    def test_a_short_lived_token_becomes_a_long_lived_one(self, door):
        short = door.short()
        door.net.now += 3599
        body = door.long(short).body
        assert (body["token_type"], body["expires_in"]) == ("bearer", 5_184_000)
        door.net.now += 5_183_999
        assert door.call("GET", "/me", body["access_token"]).status == 200
        door.net.now += 1
        assert door.call("GET", "/me", body["access_token"]).status == 401

    def test_an_expired_one_does_not(self, door, fault):
        short = door.short()
        door.net.now += 3600
        assert fault(door.long(short)) == (401, 190, 463)

    @pytest.mark.parametrize("changes", [{"client_secret": "loud"}, {"grant_type": "th_refresh_token"}])
    def test_it_needs_the_secret_and_its_grant(self, door, fault, changes):
        assert fault(door.long(door.short(), **changes)) == INVALID

    def test_kinds_are_not_mixed_up(self, door, fault):
        """INVENTED (token-kinds)."""
        short = door.short()
        long = door.long(short).body["access_token"]
        assert fault(door.long(long)) == INVALID
        door.net.now += 3000
        assert (
            fault(door.call("GET", "/refresh_access_token", short, grant_type="th_refresh_token")) == INVALID
        )

    def test_what_debug_token_says_of_each(self, door):
        """docs/threads/troubleshooting/debug-access-token; permissions last 90 days."""
        short = door.short()
        shown = door.call("GET", "/debug_token", short, input_token=short).body["data"]
        issued = int(door.net.now)
        assert shown == {
            "type": "USER",
            "application": "sandbox",
            "data_access_expires_at": issued + 7_776_000,
            "expires_at": issued + 3600,
            "is_valid": True,
            "issued_at": issued,
            "scopes": ["threads_basic", "threads_content_publish"],
            "user_id": door.net.get("/me")["id"],
        }
        door.net.now += 3600
        shown = door.net.get("/debug_token", input_token=short)["data"]
        assert shown["is_valid"] is False


class TestAppToken:
    """docs/threads/get-started/app-access-tokens."""

    def ask(self, door, **changes):
        sent = {
            "client_id": APP.id,
            "client_secret": APP.secret,
            "grant_type": "client_credentials",
        }
        return door.call("GET", "/oauth/access_token", **{**sent, **changes})

    def test_id_and_secret_become_a_token_of_the_app(self, door, fault):
        body = self.ask(door).body
        assert body["token_type"] == "bearer"
        assert body["access_token"].startswith("TH|555|")
        assert fault(door.call("GET", "/me", body["access_token"])) == (401, 190, None)

    @pytest.mark.parametrize("changes", [{"client_secret": "x"}, {"client_id": "x"}, {"grant_type": "x"}])
    def test_wrong_ones_do_not(self, door, fault, changes):
        assert fault(self.ask(door, **changes)) == INVALID


def test_no_secret_is_kept(door):
    """App secret, codes and tokens are in the state as digests only."""
    code = door.code()
    token = door.exchange(code).body["access_token"]
    kept = repr(door.net.state)
    assert not any(secret in kept for secret in (APP.secret, APP.token, code, token))
    assert "hush" not in repr(APP)
