"""A bucket as the place of a state: one conditional write exchanges all, and nothing is trusted unseen."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.execution.buckets import AFTER, BEFORE, SECRET, Objects, Odd, error
from threadsync.errors import (
    StateDamaged,
    StateError,
    StateOutdated,
    StateTooNew,
    StateUnreachable,
    StateUnwritable,
)
from threadsync.execution.state_bucket import ATTEMPTS_MAX, EARLIER_MAX, BucketRemote
from threadsync.flows.effects import NoResponse, Response
from threadsync.statefile.remote import Deadline, Revision
from threadsync.testing.fakes import FakeClock

STATE = "threadsync.json"
JOURNAL = "threadsync.json.journal"
HEAD = "social/head.json"


@pytest.fixture(params=["s3", "azure"])
def objects(request: pytest.FixtureRequest) -> Objects:
    return Objects(kind=request.param)


def deadline(objects: Objects) -> Deadline:
    return Deadline(objects.clock)


def fetched(objects: Objects, remote: BucketRemote | None = None) -> Revision:
    return (remote or objects.remote()).fetch(deadline(objects))


def put(objects: Objects, remote: BucketRemote, seen: Revision, **files: bytes) -> Revision:
    named = {name.replace("_", "."): data for name, data in files.items()}
    return remote.replace(seen, named, "apply: does it", deadline(objects))


def written(objects: Objects, *states: bytes) -> BucketRemote:
    """Return a place in which the state was each of *states*, one after the other."""
    remote = objects.remote()
    seen = fetched(objects, remote)
    for state in states:
        seen = put(objects, remote, seen, threadsync_json=state)
    objects.asked.clear()
    return remote


def odd_at(asked: str, *answers: Response | NoResponse | None) -> Odd:
    """Answer the first requests like *asked* so."""
    left = list(answers)

    def odd(method: str, name: str, _: int) -> Response | NoResponse | None:
        return left.pop(0) if left and f"{method} {name}".startswith(asked) else None

    return odd


class TestExchange:
    def test_before_the_first_write_there_is_nothing(self, objects: Objects) -> None:
        found = fetched(objects)
        assert (found.id, found.files) == ("", {})
        assert objects.asked == [f"GET {HEAD}"]
        assert objects.held == {}, "reading writes nothing"

    def test_what_was_written_is_read_by_everybody_byte_for_byte(self, objects: Objects) -> None:
        files = {STATE: b'{"a": 1}\n', JOURNAL: b"\x00\xff\n", "threadsync.json.lock": b""}
        made = objects.remote().replace(Revision(), files, "apply: takes the lock", deadline(objects))
        found = fetched(objects)
        assert (found.id, found.files) == (made.id, files)

    def test_whoever_was_slower_has_written_nothing(self, objects: Objects) -> None:
        written(objects, b"1")
        one, two = objects.remote(ids="one-"), objects.remote(ids="two-")
        seen, same = fetched(objects, one), fetched(objects, two)
        put(objects, one, seen, threadsync_json=b"2")
        before = dict(objects.held)
        with pytest.raises(StateOutdated, match="somebody else has changed it"):
            put(objects, two, same, threadsync_json=b"3")
        assert objects.held == before, "what it had put there for it is gone as well"
        assert fetched(objects).files == {STATE: b"2"}

    def test_of_two_who_make_it_one_does(self, objects: Objects) -> None:
        one, two = objects.remote(ids="one-"), objects.remote(ids="two-")
        put(objects, one, fetched(objects, one), threadsync_json=b"1")
        with pytest.raises(StateOutdated):
            put(objects, two, Revision(), threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"1"}

    def test_who_has_seen_another_revision_since_writes_nothing_to_the_one_before(
        self, objects: Objects
    ) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        other = objects.remote(ids="other-")
        put(objects, other, fetched(objects, other), threadsync_json=b"2")
        fetched(objects, remote)
        with pytest.raises(StateOutdated):
            put(objects, remote, seen, threadsync_json=b"3")

    def test_a_head_that_was_taken_away_is_not_written_over(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        del objects.held[HEAD]
        with pytest.raises(StateOutdated):
            put(objects, remote, seen, threadsync_json=b"1")

    def test_a_bucket_needs_no_folder(self, objects: Objects) -> None:
        remote = objects.remote(prefix="")
        put(objects, remote, fetched(objects, remote), threadsync_json=b"1")
        assert "head.json" in objects.held

    def test_what_belongs_to_it_is_exchanged_apart(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        beside = remote.beside("insights")
        put(objects, beside, fetched(objects, beside), numbers_json=b"7")
        put(objects, remote, seen, threadsync_json=b"2")
        assert fetched(objects, remote.beside("insights")).files == {"numbers.json": b"7"}
        assert remote.beside("insights").where.endswith("ours/social/insights")

    def test_its_name_says_where_it_is_and_holds_no_secret(self, objects: Objects) -> None:
        where = objects.remote().where
        assert where == ("az" if objects.kind == "azure" else "s3") + "://ours/social"
        assert "loss of this machine" in objects.remote().durable


class TestCost:
    """What docs/state.md says of requests."""

    def test_the_state_is_only_written_where_it_has_changed(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        for number in range(3):
            seen = put(objects, remote, seen, threadsync_json=b"1", threadsync_json_journal=b"%d" % number)
        put(objects, remote, seen, threadsync_json=b"2")
        states = [each for each in objects.asked if "/states/" in each]
        assert [each.partition(" ")[0] for each in states] == ["PUT"]
        assert objects.asked.count(f"PUT {HEAD}") == 4

    def test_a_new_process_reads_two_objects_and_one_that_knows_the_state_one(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        fetched(objects)
        assert len(objects.asked) == 2
        objects.asked.clear()
        fetched(objects, remote)
        assert objects.asked == [f"GET {HEAD}"]

    def test_the_state_of_another_process_is_not_written_again_either(self, objects: Objects) -> None:
        written(objects, b"1")
        remote = objects.remote(ids="x")
        remote._look(deadline(objects))
        put(objects, remote, Revision(remote._last.id), threadsync_json=b"1")
        assert not [each for each in objects.asked if "PUT social/states" in each]

    def test_nothing_may_be_kept_by_what_stands_between(self, objects: Objects) -> None:
        written(objects, b"1")
        fetched(objects)
        assert {each["Cache-Control"] for each in objects.headers} == {"no-store"}
        kinds = {each.get("x-ms-blob-type") for each in objects.headers}
        assert ("BlockBlob" in kinds) == (objects.kind == "azure")


class TestConditions:
    def test_a_store_that_minds_no_condition_is_refused_before_anything_is_written(self) -> None:
        for keeps in (set[str](), {"If-Match"}, {"If-None-Match"}):
            objects = Objects(keeps=frozenset(keeps))
            remote = objects.remote()
            with pytest.raises(StateError, match="writes although the condition") as caught:
                put(objects, remote, fetched(objects, remote), threadsync_json=b"1")
            assert objects.held.keys() == {"social/conditions"}
            assert "git branch" in caught.value.remedy

    def test_one_that_says_it_cannot_is_refused(self, objects: Objects) -> None:
        remote = objects.remote()
        objects.odd = odd_at("PUT social/conditions", error(501, "NotImplemented"))
        with pytest.raises(StateError, match="knows no conditions"):
            put(objects, remote, Revision(), threadsync_json=b"1")

    @pytest.mark.parametrize("asked", ["PUT social/states", f"PUT {HEAD}", f"GET {HEAD}"])
    def test_one_that_says_so_later_has_not_written(self, objects: Objects, asked: str) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(asked, error(501, "NotImplemented"))
        with pytest.raises(StateError, match="answers 501"):
            put(
                objects,
                remote,
                seen if "GET" not in asked else fetched(objects, remote),
                threadsync_json=b"2",
            )
        assert fetched(objects).files == {STATE: b"1"}

    def test_it_is_tried_once(self, objects: Objects) -> None:
        remote = objects.remote()
        seen = put(objects, remote, Revision(), threadsync_json=b"1")
        assert objects.asked.count("PUT social/conditions") == 3
        put(objects, remote, seen, threadsync_json=b"2")
        other = objects.remote(ids="x")
        put(objects, other, fetched(objects, other), threadsync_json=b"3")
        assert objects.asked.count("PUT social/conditions") == 3

    def test_a_bucket_that_was_copied_into_another_store_is_tried_again(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        remote._bucket.settings["endpoint"] = "https://elsewhere.example"  # type: ignore[index]
        objects.keeps = frozenset()
        with pytest.raises(StateError, match="writes although the condition"):
            put(objects, remote, fetched(objects, remote), threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"1"}

    @pytest.mark.parametrize("lost", [BEFORE, AFTER])
    def test_trying_it_survives_a_lost_answer_and_finds_what_others_have_tried(
        self, objects: Objects, lost: NoResponse
    ) -> None:
        objects.remote().prove(deadline(objects))
        for number in range(3):
            answers: list[NoResponse | None] = [None] * number
            objects.odd = odd_at("PUT social/conditions", *answers, lost)
            objects.asked.clear()
            objects.remote().prove(deadline(objects))
            assert objects.asked.count("PUT social/conditions") > number, "the lost one was among them"


class TestLostAnswers:
    """An answer that does not come is not the last word: the head says whose it is."""

    @pytest.mark.parametrize("lost", [BEFORE, AFTER])
    @pytest.mark.parametrize("asked", ["GET", f"PUT {HEAD}", "PUT social/states"])
    def test_one_lost_answer_is_made_good(self, objects: Objects, lost: NoResponse, asked: str) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(asked, lost)
        made = put(objects, remote, seen, threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"2"}
        assert fetched(objects).id == made.id
        put(objects, remote, made, threadsync_json=b"3")

    def test_the_first_write_too(self, objects: Objects) -> None:
        remote = objects.remote()
        objects.odd = odd_at(f"PUT {HEAD}", AFTER)
        put(objects, remote, Revision(), threadsync_json=b"1")
        assert fetched(objects).files == {STATE: b"1"}

    def test_who_has_written_before_an_answer_was_lost_is_not_written_over(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        other = objects.remote(ids="other-")
        theirs = fetched(objects, other)

        def odd(method: str, name: str, _: int) -> NoResponse | None:
            if (method, name) != ("PUT", HEAD):
                return None
            objects.odd = lambda *_: None
            put(objects, other, theirs, threadsync_json=b"theirs")
            return BEFORE

        objects.odd = odd
        with pytest.raises(StateOutdated):
            put(objects, remote, seen, threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"theirs"}

    @pytest.mark.parametrize("answer", [BEFORE, error(500), error(412, "PreconditionFailed")])
    def test_what_others_have_built_upon_before_an_answer_came_is_not_removed(
        self, objects: Objects, answer: Response | NoResponse
    ) -> None:
        """It was there, and whoever was waiting for the lock has gone on from it: the state was removed."""
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        other = objects.remote(ids="other-")

        def odd(method: str, name: str, _: int) -> Response | NoResponse | None:
            if (method, name) != ("PUT", HEAD):
                return None
            objects.odd = lambda *_: None
            objects._done("PUT", HEAD, objects.headers[-1], objects.bodies[-1])
            theirs = fetched(objects, other)
            other.replace(theirs, {**theirs.files, JOURNAL: b"theirs"}, "takes the lock", deadline(objects))
            return answer

        objects.odd = odd
        with pytest.raises(StateOutdated):
            put(objects, remote, seen, threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"2", JOURNAL: b"theirs"}

    @pytest.mark.parametrize("lost", [BEFORE, AFTER, error(503, "SlowDown"), error(500)])
    def test_a_store_that_stays_silent_leaves_it_open_whether_it_wrote(
        self, objects: Objects, lost: Response | NoResponse
    ) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = lambda method, name, _: lost
        with pytest.raises(StateUnreachable, match="the bucket of the state"):
            put(objects, remote, seen, threadsync_json=b"1")
        with pytest.raises(StateUnreachable):
            fetched(objects)

    def test_a_head_is_tried_so_often_and_no_more(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(f"PUT {HEAD}", *[BEFORE] * 10)
        with pytest.raises(StateUnreachable):
            put(objects, remote, seen, threadsync_json=b"1")
        assert objects.asked.count(f"PUT {HEAD}") == ATTEMPTS_MAX

    def test_a_write_that_comes_late_meets_another_head_and_does_nothing(self, objects: Objects) -> None:
        """The condition names the head that it was made from, and no head is ever there twice."""
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        late: list[Callable[[], object]] = []
        headers_of = objects.headers

        def odd(method: str, name: str, _: int) -> NoResponse | None:
            if (method, name) == ("PUT", HEAD) and not late:
                asked = headers_of[-1]
                late.append(lambda: objects._done("PUT", HEAD, asked, b"late"))
                return BEFORE
            return None

        objects.odd = odd
        put(objects, remote, seen, threadsync_json=b"2")
        answer = late[0]()
        assert isinstance(answer, Response)
        assert answer.status == 412
        assert fetched(objects).files == {STATE: b"2"}

    def test_another_who_is_writing_at_this_moment_is_waited_for(self, objects: Objects) -> None:
        """S3 says 409 then, and that the request may be sent again."""
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(f"PUT {HEAD}", error(409, "ConditionalRequestConflict"))
        put(objects, remote, seen, threadsync_json=b"2")
        assert fetched(objects).files == {STATE: b"2"}

    def test_a_store_that_tells_no_tag_is_looked_at(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)

        def odd(method: str, name: str, _: int) -> Response | None:
            if (method, name) == ("PUT", HEAD):
                objects.odd = lambda *_: None
                objects._done("PUT", HEAD, objects.headers[-1], b"")
                return Response(200)
            return None

        made = put(objects, remote, seen, threadsync_json=b"1")
        assert objects.asked.count(f"PUT {HEAD}") == 1
        assert made.id

    def test_nobody_waits_longer_than_there_is_time(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        hurried = deadline(objects)
        hurried.hurry(0.0)
        with pytest.raises(StateUnreachable, match="no time left"):
            remote.fetch(hurried)
        assert objects.asked == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("answer", "problem", "remedy"),
        [
            (error(403, "AccessDenied"), "does not let its keys read files", "without the one to list"),
            (error(403, "SignatureDoesNotMatch"), "its secret_key is wrong", "Check access_key"),
            (error(404, "NoSuchBucket"), "has no such bucket", "make the bucket"),
            (error(301, "PermanentRedirect"), "in another region", "Correct region"),
        ],
    )
    def test_who_may_not_read_is_told_what_to_do_and_it_is_never_taken_for_no_state(
        self, objects: Objects, answer: Response, problem: str, remedy: str
    ) -> None:
        """Law 8: S3 says 403 of a missing object to whom may not list."""
        written(objects, b"1")
        objects.odd = lambda *_: answer
        with pytest.raises(StateError, match=problem) as caught:
            fetched(objects)
        assert remedy in caught.value.remedy
        assert SECRET not in f"{caught.value.problem}{caught.value.remedy}"
        assert len(objects.asked) == 1, "asking again would not help"

    def test_who_may_not_write_has_written_nothing(self, objects: Objects) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(f"PUT {HEAD}", error(403, "AccessDenied"))
        with pytest.raises(StateUnwritable, match="does not let its keys write"):
            put(objects, remote, seen, threadsync_json=b"1")

    def test_who_may_no_longer_write_after_an_answer_was_lost_may_have_written(
        self, objects: Objects
    ) -> None:
        remote = written(objects, b"1")
        seen = fetched(objects, remote)
        objects.odd = odd_at(f"PUT {HEAD}", BEFORE, error(400, "ExpiredToken"))
        with pytest.raises(StateUnreachable, match="session_token has expired"):
            put(objects, remote, seen, threadsync_json=b"1")

    def test_who_may_not_remove_leaves_what_is_not_needed_any_more(self, objects: Objects) -> None:
        objects.odd = lambda method, *_: error(403, "AccessDenied") if method == "DELETE" else None
        written(objects, *(b"%d" % number for number in range(EARLIER_MAX + 3)))
        assert len([name for name in objects.held if "/states/" in name]) == EARLIER_MAX + 3

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            (b"<html>", StateDamaged),
            (b"{}", StateDamaged),
            (b'{"format": 1, "id": 3}', StateDamaged),
            (b'{"format": 1, "id": "\xff"}', StateDamaged),
            (b'{"format": 2, "anything": 1}', StateTooNew),
        ],
    )
    def test_a_head_that_nobody_can_read_is_no_missing_one(
        self, objects: Objects, head: bytes, kind: type[StateError]
    ) -> None:
        written(objects, b"1")
        objects.held[HEAD] = (head, '"t"', 0.0)
        with pytest.raises(kind) as caught:
            fetched(objects)
        assert caught.value.where == f"head.json in {objects.remote().where}"

    def test_a_state_that_is_gone_or_another_is_damage_with_a_way_out(self, objects: Objects) -> None:
        written(objects, b"1")
        (name,) = [each for each in objects.held if "/states/" in each]
        kept = objects.held.pop(name)
        with pytest.raises(StateDamaged, match="is not there") as caught:
            fetched(objects)
        assert "state push" in caught.value.remedy
        objects.held[name] = (b"other", *kept[1:])
        with pytest.raises(StateDamaged, match="is not what was written"):
            fetched(objects)


class TestEarlier:
    def test_the_newest_states_are_kept_and_the_oldest_removed(self, objects: Objects) -> None:
        remote = written(objects, *(b"%d" % number for number in range(EARLIER_MAX + 10)))
        listed = remote.history(STATE, 1000, deadline(objects))
        every = [b"%d" % number for number in reversed(range(9, EARLIER_MAX + 10))]
        assert [each.files[STATE] for each in listed] == every
        assert len([name for name in objects.held if "/states/" in name]) == EARLIER_MAX + 1

    def test_only_so_many_are_read_as_were_asked_for(self, objects: Objects) -> None:
        written(objects, b"1", b"2", b"3")
        listed = objects.remote().history(STATE, 2, deadline(objects))
        assert [each.files[STATE] for each in listed] == [b"3", b"2"]
        assert len(objects.asked) == 3
        assert objects.remote().history(JOURNAL, 2, deadline(objects)) == ()

    def test_one_that_was_removed_meanwhile_is_left_out(self, objects: Objects) -> None:
        remote = written(objects, b"1", b"2")
        first = json.loads(objects.held[HEAD][0])["earlier"][0]["object"]
        del objects.held[f"social/{first}"]
        listed = objects.remote().history(STATE, 5, deadline(objects))
        assert [each.files[STATE] for each in listed] == [b"2"]
        assert remote.restoring(listed[0], STATE) == f"threadsync state pull --copy {listed[0].id}"

    def test_a_slow_reader_of_a_head_from_long_ago_reads_the_new_one(self, objects: Objects) -> None:
        """What the old head named was removed while it was read."""
        remote = written(objects, b"0")
        seen = fetched(objects, remote)

        def odd(method: str, name: str, _: int) -> None:
            nonlocal seen
            if method == "GET" and "/states/" in name:
                objects.odd = lambda *_: None
                for number in range(1, EARLIER_MAX + 3):
                    seen = put(objects, remote, seen, threadsync_json=b"%d" % number)

        objects.odd = odd
        assert fetched(objects, objects.remote()).files == {STATE: b"%d" % (EARLIER_MAX + 2)}

    def test_names_are_never_used_again(self, objects: Objects) -> None:
        """So what is removed late, by a process that stood still, is never what somebody needs."""
        remote = written(objects, b"1", b"2", b"1", b"2", b"1")
        assert len([name for name in objects.held if "/states/" in name]) == 5
        assert len(remote.history(STATE, 9, deadline(objects))) == 5


class TestAge:
    def test_how_old_the_head_is_the_store_says_and_no_clock_here(self, objects: Objects) -> None:
        written(objects, b"1")
        objects.clock.sleep(90)
        here = FakeClock()
        here.ahead_seconds = 5000.0
        assert objects.remote(clock=here).fetch(Deadline(here)).age_seconds == 90

    def test_what_was_just_written_is_new(self, objects: Objects) -> None:
        remote = objects.remote()
        assert put(objects, remote, Revision(), threadsync_json=b"1").age_seconds == 0

    def test_a_store_that_does_not_tell_has_no_leases(self, objects: Objects) -> None:
        objects.tells_time = False
        remote = objects.remote()
        assert put(objects, remote, Revision(), threadsync_json=b"1").age_seconds is None
        objects.clock.sleep(90)
        assert fetched(objects).age_seconds is None
