"""Everything that can be made to go wrong, and that it goes wrong exactly so often."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import Fault, FaultKind, Switches, TextCount
from threadsync.sandbox.threads.faults import AFTER, EVERYTHING, GROUPS, KIND_OPERATIONS, TIMED, VERDICTS

NOT_FOUND = (400, 24, 4279009)


@pytest.fixture
def container(net):
    return net.create(media_type="TEXT", text="x")


def test_a_lost_answer_belongs_to_a_post_that_is_live(net, container):
    """answer-lost: the connection drops, and the post is up."""
    net.arm("publish:answer-lost")
    answer = net.publish(container)
    assert (answer.dropped, answer.acted) == (True, True)
    assert len(net.ids()) == 1
    assert net.status(container) == "PUBLISHED"


def test_a_lost_answer_waits_for_an_act(net):
    """A refused publish does not use the fault up."""
    net.switch(text_delay_seconds=5.0)
    container = net.create(media_type="TEXT", text="x")
    net.arm("publish:answer-lost")
    assert not net.publish(container).dropped
    net.now += 5
    assert net.publish(container).dropped


def test_an_answer_that_is_cut_belongs_to_a_post_that_is_live(net, container):
    """answer-cut: the connection drops in the middle; a world without sockets drops all of it."""
    net.arm("publish:answer-cut")
    answer = net.publish(container)
    assert (answer.cut, answer.dropped, answer.acted) == (True, True, True)
    assert answer.body["id"] == net.ids()[0]


def test_a_lost_request_did_nothing(net, container):
    """request-lost: the connection drops, nothing is up, the next try works."""
    net.arm("publish:request-lost")
    answer = net.publish(container)
    assert (answer.dropped, answer.acted) == (True, False)
    assert net.ids() == []
    assert net.publish(container).status == 200


def test_a_500_although_it_was_done(net, container, fault):
    """error-although-done: code 2 with HTTP 500, and the post is up."""
    net.arm("publish:error-although-done")
    answer = net.publish(container)
    assert fault(answer) == (500, 2, None)
    assert answer.acted
    assert answer.body["error"]["is_transient"] is True
    assert len(net.ids()) == 1


def test_a_plain_500_did_nothing(net, container, fault):
    """server-error: the same answer, and nothing is up."""
    net.arm("publish:server-error")
    answer = net.publish(container)
    assert fault(answer) == (500, 2, None)
    assert not answer.acted
    assert net.ids() == []


def test_acting_late(net, container):
    """acts-late: the connection drops and the post appears later, whoever asks then."""
    net.arm("publish:acts-late:1:120")
    answer = net.publish(container)
    assert (answer.dropped, answer.acted) == (True, False)
    net.now += 119
    assert net.ids() == []
    assert net.status(container) == "FINISHED"
    net.now += 1
    assert net.status(container) == "PUBLISHED"
    assert net.get("/me/threads", fields="timestamp")["data"][0]["timestamp"] == "2026-09-21T14:17:00+0000"


def test_not_found_after_finished(net, fault):
    """media-not-found: 24/4279009 although the container is FINISHED, so many times."""
    net.switch(text_delay_seconds=5.0)
    container = net.create(media_type="TEXT", text="x")
    net.arm("publish:media-not-found:2")
    assert fault(net.publish(container)) == NOT_FOUND, "too early, by the ordinary rule"
    net.now += 5
    assert fault(net.publish(container)) == NOT_FOUND
    assert fault(net.publish(container)) == NOT_FOUND
    assert net.publish(container).status == 200


def test_not_found_on_a_reply_to_a_live_post(net):
    """media-not-found on create hits replies only."""
    media = net.post()
    net.arm("create:media-not-found")
    net.create(media_type="TEXT", text="no reply")
    assert net.refused(media_type="TEXT", text="x", reply_to_id=media) == NOT_FOUND
    net.create(media_type="TEXT", text="x", reply_to_id=media)


def test_slow(net, container):
    """slow: acted at once, answered later; together with another fault as well."""
    net.arm("publish:slow:1:40", "publish:answer-lost")
    answer = net.publish(container)
    assert (answer.delay_seconds, answer.dropped, answer.acted) == (40.0, True, True)


@pytest.mark.parametrize("status", [400, 429])
def test_throttled(net, fault, status):
    """613/4279002; HTTP 400 was observed, 429 is the Graph-wide rule: a switch."""
    net.switch(throttled_status=status)
    net.arm("any:throttled:2")
    assert fault(net.call("GET", "/me")) == (status, 613, 4279002)
    assert fault(net.call("GET", "/me/threads")) == (status, 613, 4279002)
    assert net.call("GET", "/me").status == 200


def test_an_expired_token(net, fault):
    """token-expired: 190/463 with HTTP 401."""
    net.arm("list:token-expired")
    assert fault(net.call("GET", "/me/threads")) == (401, 190, 463)


def test_the_spam_block(net, container, fault):
    """restricted: 2207051."""
    net.arm("publish:restricted")
    assert fault(net.publish(container)) == (400, 1, 2207051)


def test_a_refused_link_card(net, fault):
    """link-refused: -1/4279047, at create or publish, for posts with a link only."""
    plain = net.create(media_type="TEXT", text="x")
    linked = net.create(media_type="TEXT", text="see https://example.org")
    net.arm("publish:link-refused")
    assert net.publish(plain).status == 200
    assert fault(net.publish(linked)) == (400, -1, 4279047)
    assert net.publish(linked).status == 200


def test_a_parent_that_is_not_visible_yet(net):
    """parent-not-visible: replies to the fresh post are refused for so long."""
    net.arm("publish:parent-not-visible:1:8")
    media = net.post()
    assert net.refused(media_type="TEXT", text="x", reply_to_id=media) == NOT_FOUND
    net.now += 8
    net.create(media_type="TEXT", text="x", reply_to_id=media)


def test_late_listings(net):
    """late-listing: the post can be read at once, and is in the lists later."""
    net.arm("publish:late-listing:1:30")
    media = net.post()
    assert net.get(f"/{media}") == {"id": media}
    assert net.ids() == []
    net.now += 30
    assert net.ids() == [media]


def test_late_delisting(net):
    """late-listing on delete, and the switch of the same sense: lists show what is gone."""
    media = net.post()
    net.arm("delete:late-listing:1:30")
    net.call("DELETE", f"/{media}")
    assert net.ids() == [media]
    net.now += 30
    assert net.ids() == []
    net.switch(unlisting_lag_seconds=5.0)
    other = net.post()
    net.call("DELETE", f"/{other}")
    assert net.ids() == [other]
    net.now += 5
    assert net.ids() == []


def test_a_container_status_that_lags(net, container):
    """late-status: FINISHED is shown for a while although the post is up."""
    net.arm("publish:late-status:1:20")
    net.publish(container)
    assert net.status(container) == "FINISHED"
    net.now += 20
    assert net.status(container) == "PUBLISHED"


def test_a_container_that_expires(net, container, fault):
    """container-expired: EXPIRED long before its day is over."""
    net.arm("publish:container-expired")
    assert fault(net.publish(container)) == NOT_FOUND
    assert net.status(container) == "EXPIRED"


def test_a_container_that_takes_long(net):
    """long-processing: IN_PROGRESS for so many seconds more."""
    net.arm("create:long-processing:1:600")
    container = net.create(media_type="TEXT", text="x")
    net.now += 599
    assert net.status(container) == "IN_PROGRESS"


def test_a_container_that_fails(net):
    """container-error: ERROR with UNKNOWN."""
    net.arm("create:container-error")
    container = net.create(media_type="TEXT", text="x")
    assert net.get(f"/{container}", fields="status,error_message") == {
        "id": container,
        "status": "ERROR",
        "error_message": "UNKNOWN",
    }


def test_from_the_nth_on_and_so_many_times(net):
    """`#N` lets N-1 calls pass, TIMES bounds the hits."""
    net.arm("profile#3:server-error:2")
    assert [net.call("GET", "/me").status for _ in range(6)] == [200, 200, 500, 500, 200, 200]


def test_a_probability_is_drawn_from_the_seed(new_net):
    """The same seed draws the same calls; the share is about right."""

    def run():
        net = new_net()
        net.arm("profile:server-error:30%")
        return [net.call("GET", "/me").status for _ in range(400)]

    assert run() == run()
    assert 80 < run().count(500) < 160


def test_a_fault_can_be_one_profiles(net):
    """Calls of others pass."""
    net.arm("any:server-error")
    net.state.armed[0].fault = Fault("any", FaultKind.SERVER_ERROR, profile="harbour_desk")
    assert net.call("GET", "/me").status == 200
    assert net.call("GET", "/me", "harbour_desk").status == 500


def test_one_verdict_a_call(net):
    """Two faults that settle an answer hit two calls, in the order in which they were armed."""
    net.arm("any:server-error", "any:throttled")
    assert [net.call("GET", "/me").status for _ in range(3)] == [500, 400, 200]


def test_clock_skew_moves_all_the_networks_times(net):
    """clock_skew_seconds: timestamps, ages and `until` follow the network's own clock."""
    net.switch(clock_skew_seconds=3600.0)
    media = net.post()
    assert net.get(f"/{media}", fields="timestamp")["timestamp"] == "2026-09-21T15:15:00+0000"
    assert net.ids(until=str(int(net.now) + 3600)) == []


def test_localised_messages(net):
    """error_user_title and error_user_msg come in the account's language; code and subcode stay."""
    net.switch(localised_errors=True)
    answer = net.publish("18000000000000000")
    assert answer.body["error"]["error_user_title"] == "Contenu introuvable"
    assert answer.body["error"]["error_subcode"] == 4279009


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Fault("fly", FaultKind.SLOW, seconds=1), "there are: any, app-token, authorize"),
        (lambda: Fault("list", FaultKind.LATE_STATUS, seconds=1), "it can happen to: publish"),
        (lambda: Fault("any", FaultKind.SLOW), "needs seconds"),
        (lambda: Fault("any", FaultKind.THROTTLED, probability=0), "probability"),
        (lambda: Fault("any", FaultKind.THROTTLED, times=0), "at least once"),
    ],
)
def test_faults_without_sense_are_refused(make, says):
    """A fault that could never happen is an error that names what could."""
    with pytest.raises(ValueError, match=says):
        make()


def test_every_kind_is_in_the_tables():
    """A kind is either before or after, and fits some operation."""
    assert AFTER | VERDICTS | TIMED | {FaultKind.CONTAINER_EXPIRED, FaultKind.CONTAINER_ERROR} == set(
        FaultKind
    )
    assert all(KIND_OPERATIONS.get(kind, EVERYTHING) for kind in FaultKind)
    assert set().union(*GROUPS.values()) == EVERYTHING


def test_the_defaults_are_the_documented_numbers():
    """docs/threads/overview and .../troubleshooting."""
    switches = Switches()
    assert (switches.posts_quota, switches.replies_quota, switches.deletes_quota) == (250, 1000, 100)
    assert (switches.text_limit, switches.links_limit, switches.container_life_seconds) == (500, 5, 86_400)
    assert switches.text_count is TextCount.GRAPHEMES


@pytest.mark.parametrize(
    ("kind", "switch", "error"),
    [
        ("throttled", {}, (400, 613, 4279002)),
        ("throttled", {"throttled_status": 429}, (429, 613, 4279002)),
        ("throttled", {"throttled_code": 4}, (400, 4, None)),
        ("server-error", {}, (500, 2, None)),
        ("server-error", {"server_error_code": 1}, (500, 1, None)),
        ("error-although-done", {"server_error_code": 1}, (500, 1, None)),
        ("token-expired", {}, (401, 190, 463)),
        ("token-expired", {"token_subcode": 460}, (401, 190, 460)),
        ("token-expired", {"token_subcode": 0}, (401, 190, None)),
        ("restricted", {}, (400, 1, 2207051)),
        ("restricted", {"restricted_subcode": 4279013}, (400, 1, 4279013)),
        ("restricted", {"restricted_subcode": 0}, (400, 368, None)),
    ],
)
def test_a_refusal_shows_the_code_that_the_switch_says(net, fault, kind, switch, error):
    """docs/threads/troubleshooting and the codes of all Graph APIs; only some were seen on Threads."""
    net.switch(**switch)
    net.arm(f"create:{kind}")
    answer = net.call("POST", "/me/threads", media_type="TEXT", text="x")
    assert fault(answer) == error
    assert answer.acted is (kind == "error-although-done")
