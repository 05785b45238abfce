"""Profiles, one's own and others': docs/threads/threads-profiles, docs/threads/reference/user."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import About, Profile, Read, add_profile, apply

DENIED = (400, 10, None)
GONE = (400, 100, 33)
DAY = 86_400


@pytest.fixture
def meta(net):
    """A profile that everybody may look up, and its readers."""
    about = About(
        display_name="Meta",
        biography="Connect.",
        picture_url="https://a.org/p.jpg",
        is_verified=True,
        follower_count=100,
    )
    apply(net.state, add_profile(Profile("meta", about=about)), net.now)
    return net


def test_all_fields_of_the_own_profile(meta):
    """What is empty is left out; the name and the biography of a profile of the sandbox are made up."""
    fields = (
        "id,username,name,threads_profile_picture_url,threads_biography,is_verified,"
        "recently_searched_keywords,is_eligible_for_geo_gating"
    )
    shown = meta.get("/me", "meta", fields=fields)
    assert shown == {
        "id": shown["id"],
        "username": "meta",
        "name": "Meta",
        "threads_profile_picture_url": "https://a.org/p.jpg",
        "threads_biography": "Connect.",
        "is_verified": True,
        "is_eligible_for_geo_gating": False,
    }
    plain = meta.get("/me", fields=fields)
    assert plain["name"] == "Lift Report"
    assert plain["threads_biography"] == "lift_report on a local sandbox"
    apply(meta.state, add_profile(Profile("lift_report", about=About(biography=""))), meta.now)
    assert "threads_biography" not in meta.get("/me", fields=fields)


def test_a_post_shows_its_authors_mark_and_picture(meta):
    """is_verified and profile_picture_url, since 16 December 2025."""
    media = meta.post(who="meta")
    shown = meta.get(f"/{media}", "meta", fields="is_verified,profile_picture_url")
    assert shown == {"id": media, "is_verified": True, "profile_picture_url": "https://a.org/p.jpg"}


def test_a_profile_is_looked_up_with_seven_days_of_numbers(meta):
    old = meta.post(who="meta")
    apply(meta.state, Read(post_id=old, views=100, likes=100), meta.now)
    meta.now += 8 * DAY
    new = meta.post(who="meta")
    apply(meta.state, Read(post_id=new, views=7, likes=2), meta.now)
    apply(meta.state, Read(profile="meta", views=50), meta.now)
    meta.post(reply_to_id=new)
    meta.post(quote_post_id=new)
    meta.call("POST", f"/{new}/repost")
    assert meta.get("/profile_lookup", username="meta") == {
        "username": "meta",
        "name": "Meta",
        "profile_picture_url": "https://a.org/p.jpg",
        "biography": "Connect.",
        "is_verified": True,
        "follower_count": 100,
        "likes_count": 2,
        "quotes_count": 1,
        "replies_count": 1,
        "reposts_count": 1,
        "views_count": 7,
    }


def test_posts_of_a_profile_have_no_owner(meta, fault):
    """Top-level posts, with times, limits and cursors as in lists of one's own."""
    made = [meta.post(f"{n}", who="meta") for n in range(3)]
    meta.post(who="meta", reply_to_id=made[0])
    page = meta.get("/profile_posts", username="meta", limit="2", fields="text,username")
    assert [row["text"] for row in page["data"]] == ["2", "1"]
    after = page["paging"]["cursors"]["after"]
    assert meta.ids("/profile_posts", username="meta", after=after) == made[:1]
    assert fault(meta.call("GET", "/profile_posts", username="meta", fields="owner")) == (500, 100, None)


@pytest.mark.parametrize("path", ["/profile_lookup", "/profile_posts"])
class TestAccess:
    """Both calls, and who can be found."""

    def test_without_advanced_access_four_profiles(self, meta, fault, path):
        assert meta.call("GET", path, username="meta").status == 200
        assert fault(meta.call("GET", path, username="harbour_desk")) == DENIED
        meta.switch(standard_access_refuses=True)
        assert fault(meta.call("GET", path, username="harbour_desk")) == (400, 10, 4279067)

    @pytest.mark.parametrize("about", [About(follower_count=99), About(is_private=True, follower_count=100)])
    def test_public_profiles_with_a_hundred_followers(self, meta, fault, path, about):
        meta.switch(advanced_access=True)
        apply(meta.state, add_profile(Profile("quay", about=about)), meta.now)
        assert fault(meta.call("GET", path, username="quay")) == GONE
        apply(meta.state, add_profile(Profile("quay", about=About(follower_count=100))), meta.now)
        assert meta.call("GET", path, username="quay").status == 200
        assert fault(meta.call("GET", path, username="Quay")) == GONE
        assert fault(meta.call("GET", path)) == (400, 100, None)

    def test_a_thousand_calls_a_day_over_both(self, meta, fault, path):
        meta.switch(discoveries_quota=2)
        meta.get("/profile_lookup", username="meta")
        meta.get("/profile_posts", username="meta")
        assert fault(meta.call("GET", path, username="meta")) == (400, 9, 2207042)
        assert meta.call("GET", path, "harbour_desk", username="meta").status == 200
        meta.now += DAY
        assert meta.call("GET", path, username="meta").status == 200
