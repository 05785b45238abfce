"""The API log: a row a call, no secret in it, and no harm done where it cannot be written."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.rights import modes_in_force
from threadsync.errors import DatabaseError, ProjectError
from threadsync.execution import apilog
from threadsync.execution.apilog import ApiLog, Call, Renewal, read_calls
from threadsync.execution.credentials import scrubbed
from threadsync.execution.logged import IDS_MAX, TEXT_CHARACTERS_MAX, Errand, LoggedPerformer, described
from threadsync.flows.core import Raised
from threadsync.flows.effects import (
    BytesBody,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    NoResponse,
    Request,
    Response,
    Secret,
    Visibility,
)
from threadsync.model.fault import Fault
from threadsync.model.ids import MAIN, MediaDigest, TargetName
from threadsync.model.secret import HIDDEN, SecretText
from threadsync.providers.threads.faults import refusal
from threadsync.testing.fakes import START, Answered, FakeClock, FakePerformer

TARGET = TargetName("threads/main")
CANARY = 'CANARY/t0ken+with=signs&"é"'
FORMS = (
    CANARY,
    quote(CANARY),
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    quote(CANARY).replace("%2B", "%2b"),
)
PUBLISH = Request(
    "POST", "/v1.0/me/threads_publish", body=FormBody({"creation_id": "1789"}), visibility=Visibility.VISIBLE
)


def scrub(text: str) -> str:
    return scrubbed(text, [SecretText(CANARY)])


def fault_of(_: TargetName, response: Response) -> Fault | None:
    return refusal(response)


class Desk:
    """A log in a folder, and a network that answers what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".threadsync" / "log.sqlite3"
        self.clock = FakeClock()
        self.told: list[str] = []
        self.answer: Response | NoResponse | Raised = Response(200, b'{"id": "1790"}')
        self.log = ApiLog(self.path, self.clock, self.told.append)
        inner = FakePerformer(self.clock, lambda *_: Answered(self.answer, 0.25))
        errand = Errand("apply", "run-1")
        self.performer = LoggedPerformer(inner, self.log, errand, self.clock, scrub=scrub, classify=fault_of)

    def send(self, request: Request, answer: Response | NoResponse | Raised | None = None) -> None:
        self.answer = answer or self.answer
        self.performer.submit(TARGET, request)
        assert self.performer.next(None) is not None

    def rows(self) -> tuple[Call, ...]:
        self.log.flush()
        return read_calls(self.path, limit=1000)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_row_says_when_which_and_what_came_of_it(desk: Desk) -> None:
    desk.send(PUBLISH, Response(200, b'{"id": "1790"}', {"x-app-usage": '{"call_count":28}', "date": "x"}))
    (row,) = desk.rows()
    assert row == Call(
        at=START,
        run="run-1",
        command="apply",
        target="threads/main",
        operation="POST /v1.0/me/threads_publish",
        parameters={"creation_id": "1789"},
        visibility="visible",
        attempt=1,
        status=200,
        ids=("1790",),
        duration_ms=250,
        allowances={"x-app-usage": '{"call_count":28}'},
    )


def test_an_error_names_the_row_of_the_table_that_decided(desk: Desk) -> None:
    body = {"error": {"message": "No such thing", "code": 24, "error_subcode": 4279009}}
    desk.send(PUBLISH, Response(400, json.dumps(body).encode()))
    desk.send(PUBLISH, NoResponse("it closed the connection", sent=True))
    desk.send(PUBLISH, Raised(ProjectError("there is no token")))
    refused, lost, unsent = desk.rows()
    assert (refused.status, refused.fault_row, refused.fault_class) == (400, "not-found-yet", "not-ready")
    assert "No such thing" in refused.fault_text
    assert (lost.status, lost.reason) == (None, "it closed the connection")
    assert unsent.reason == "not sent: there is no token"
    assert [row.attempt for row in (refused, lost, unsent)] == [1, 2, 3]


def test_ids_are_taken_out_of_the_operation_and_kept_as_a_parameter() -> None:
    operation, parameters = described(Request("GET", "/v1.0/17890/replies", {"fields": "id"}), scrub)
    assert operation == "GET /v1.0/{id}/replies"
    assert parameters == {"{id}": "17890", "fields": "id"}


def test_the_ids_of_a_list_are_kept_up_to_a_bound(desk: Desk) -> None:
    listed = {"data": [{"id": str(number)} for number in range(IDS_MAX + 5)]}
    desk.send(Request("GET", "/v1.0/me/threads"), Response(200, json.dumps(listed).encode()))
    assert desk.rows()[0].ids == tuple(map(str, range(IDS_MAX)))


def test_long_texts_are_shortened_and_addresses_lose_their_query() -> None:
    """The query of an address may be its signature."""
    text = "x" * (TEXT_CHARACTERS_MAX + 7)
    body = FormBody({"text": text, "image_url": "https://cdn.example.org/a.jpg?sig=abc#f"})
    _, parameters = described(Request("POST", "/threads", body=body), scrub)
    assert parameters["text"] == "x" * TEXT_CHARACTERS_MAX + "… (7 more)"
    assert parameters["image_url"] == "https://cdn.example.org/a.jpg"


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("https://[beta]", "https://[beta]"),  # a post may say just that
        ("https://[::1", "https://[::1"),
        ("https://maria:s3cret@example.org/a?b=c#d", "https://example.org/a"),
        ("https://example.org?q=/@", "https://example.org"),
        ("https://example.org/@maria", "https://example.org/@maria"),
        ("See https://example.org/a?b=c", "See https://example.org/a?b=c"),
    ],
)
def test_an_address_loses_what_may_open_it_and_what_is_none_stays(text: str, logged: str) -> None:
    _, parameters = described(Request("POST", "/v1.0/me/threads", body=FormBody({"text": text})), scrub)
    assert parameters == {"text": logged}


def test_a_message_that_a_server_cut_within_a_character_is_written_all_the_same(desk: Desk) -> None:
    body = {"error": {"message": "No such \ud83d", "code": 24, "error_subcode": 4279009}}
    desk.send(PUBLISH, Response(400, json.dumps(body).encode()))
    (row,) = desk.rows()
    assert "No such \\ud83d" in row.fault_text
    assert desk.told == []


def test_every_kind_of_body_is_described() -> None:
    part = FilePart(MediaDigest("ab" * 32), "image/png", offset=7)
    for body, said in (
        (JsonBody({"a": ["b", 1, None, {"c": True}]}), {"a": ["b", 1, None, {"c": True}]}),
        (JsonBody(["a"]), {"body": ["a"]}),
        (MultipartBody({"a": "b"}, {"file": part}), {"a": "b", "file": "file abababababab from byte 7"}),
        (part, {"body": "file abababababab from byte 7"}),
        (BytesBody(CANARY.encode(), "image/png"), {"body": f"{len(CANARY.encode())} bytes"}),
        (None, {}),
    ):
        assert described(Request("POST", "/x", body=body), scrub)[1] == said


def test_no_secret_is_ever_in_the_file(desk: Desk) -> None:
    """Law 12: neither where it belongs nor where somebody put it by mistake, escaped or not."""
    for form in FORMS:
        desk.send(
            Request(
                "POST",
                f"/v1.0/{quote(CANARY, safe='')}",
                {"access_token": Secret(MAIN), "q": form},
                FormBody({"text": "x" * (TEXT_CHARACTERS_MAX - 10) + form, "client_secret": Secret(MAIN)}),
            ),
            Response(
                400,
                json.dumps({"id": form, "error": {"message": f"bad token {form}", "code": 190}}).encode(),
                {"x-app-usage": form},
            ),
        )
        desk.send(PUBLISH, NoResponse(f"https://x/?t={form}", sent=True))
        desk.send(Request("POST", "/x", body=JsonBody({form: [form]})), Raised(ValueError(form)))
    rows = desk.rows()
    desk.performer.close()
    assert rows[0].parameters["access_token"] == HIDDEN
    stored = b"".join(path.read_bytes() for path in desk.path.parent.iterdir())
    for form in (*FORMS, json.dumps(CANARY)[1:-1], "CANARY"):
        assert form.encode() not in stored


def test_a_secret_read_on_the_way_of_its_first_request_is_hidden_in_it(tmp_path: Path) -> None:
    known: list[SecretText] = []
    clock = FakeClock()

    def answer(*_: object) -> Answered:
        known.append(SecretText(CANARY))  # as the transport does when it puts it in
        return Answered(Response(200))

    log = ApiLog(tmp_path / "log", clock, lambda _: None)
    inner = FakePerformer(clock, answer)
    performer = LoggedPerformer(
        inner, log, Errand("x", "y"), clock, scrub=lambda text: scrubbed(text, known), classify=fault_of
    )
    performer.submit(TARGET, Request("POST", "/x", {"text": CANARY}))
    performer.next(None)
    performer.close()
    assert read_calls(tmp_path / "log", limit=1)[0].parameters == {"text": HIDDEN}


def test_rows_go_in_by_batches(desk: Desk) -> None:
    """Neither a full second nor a full batch: nothing is written yet, and the next call does not wait."""
    for _ in range(3):
        desk.send(PUBLISH)
    assert not desk.path.exists()
    desk.send(PUBLISH)
    desk.clock.seconds += apilog.BATCH_SECONDS
    desk.send(PUBLISH)
    assert len(read_calls(desk.path, limit=100)) == 5


def test_a_batch_is_written_when_it_is_full_and_before_a_long_wait(desk: Desk) -> None:
    request = Request("GET", "/v1.0/me")
    for _ in range(apilog.BATCH_CALLS):
        desk.log.add(Call(START, "r", "c", "t", "GET /", {}, "read", 1, 200))
    assert len(read_calls(desk.path, limit=100)) == apilog.BATCH_CALLS
    desk.send(request)
    assert desk.performer.next(0.5) is None
    assert len(read_calls(desk.path, limit=100)) == apilog.BATCH_CALLS + 1


def test_a_call_that_the_run_did_not_wait_for_is_told_too(desk: Desk) -> None:
    desk.performer.submit(TARGET, PUBLISH)
    desk.performer.close()
    (row,) = read_calls(desk.path, limit=10)
    assert (row.status, row.reason) == (None, "the run ended before an answer came")


def test_old_calls_are_pruned_and_other_tables_are_not(desk: Desk) -> None:
    """Cursors, ledgers and insights live in tables of their own."""
    desk.send(PUBLISH)
    desk.log.close()
    apilog.note_renewal(desk.path, TARGET, MAIN, Renewal(START, None))
    with closing(sqlite3.connect(desk.path)) as base, base:
        base.execute("CREATE TABLE others (name TEXT, at TEXT)")
        base.execute("INSERT INTO others VALUES ('replies', '2020-01-01')")
    later = Desk(desk.path.parent.parent)
    later.clock.seconds = (apilog.KEPT + timedelta(minutes=1)).total_seconds()
    later.send(PUBLISH)
    (left,) = later.rows()
    later.log.close()
    assert left.at > START
    assert apilog.read_renewals(desk.path).get((TARGET, MAIN)) == Renewal(START, None)
    with closing(sqlite3.connect(desk.path)) as base:
        assert base.execute("SELECT name FROM others").fetchall() == [("replies",)]


def test_calls_are_chosen_by_target_time_run_and_error(desk: Desk) -> None:
    for number in range(4):
        row = "token" if number == 2 else ""
        call = Call(
            START + timedelta(hours=number),
            f"r{number % 2}",
            "c",
            f"t{number // 2}",
            "GET /",
            {},
            "read",
            1,
            200,
            fault_row=row,
        )
        desk.log.add(call)
    desk.log.flush()

    def chosen(**asked: object) -> list[int]:
        rows = read_calls(desk.path, **{"limit": 10, **asked})  # type: ignore[arg-type]
        return [round((row.at - START) / timedelta(hours=1)) for row in rows]

    assert chosen() == [0, 1, 2, 3]
    assert chosen(limit=2) == [2, 3]
    assert chosen(target="t0") == [0, 1]
    assert chosen(run="r1") == [1, 3]
    assert chosen(since=START + timedelta(hours=2)) == [2, 3]
    assert chosen(errors=True) == [2]


@pytest.mark.parametrize("damage", ["garbage", "folder", "newer"])
def test_a_log_that_cannot_be_written_is_told_once_and_ends_nothing(desk: Desk, damage: str) -> None:
    desk.path.parent.mkdir()
    if damage == "garbage":
        desk.path.write_bytes(b"this is no data base" * 100)
    elif damage == "folder":
        desk.path.mkdir()
    else:
        desk.send(PUBLISH)
        desk.log.close()
        with closing(sqlite3.connect(desk.path)) as base, base:
            base.execute("UPDATE threadsync_formats SET format = 99")
        desk = Desk(desk.path.parent.parent)
    for _ in range(3):
        desk.send(PUBLISH)
        desk.log.flush()
    desk.performer.close()
    (told,) = desk.told
    assert str(desk.path) in told
    assert "goes on without it" in told


def test_where_there_is_no_log_there_are_no_calls(tmp_path: Path) -> None:
    assert read_calls(tmp_path / "none", limit=1) == ()
    assert apilog.read_renewals(tmp_path / "none").get((TARGET, MAIN)) is None
    apilog.forget_renewal(tmp_path / "none", TARGET, MAIN)
    assert not (tmp_path / "none").exists()


def test_a_log_whose_writer_was_killed_before_its_tables_is_empty_and_then_used(desk: Desk) -> None:
    desk.path.parent.mkdir()
    desk.path.touch()
    assert read_calls(desk.path, limit=1) == ()
    assert apilog.read_renewals(desk.path).get((TARGET, MAIN)) is None
    desk.send(PUBLISH)
    assert len(desk.rows()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE threadsync_formats SET format = 99", "a newer threadsync made them"),
        ("UPDATE threadsync_calls SET parameters = 'no JSON'", "a row of the log .* is damaged"),
        ("UPDATE threadsync_calls SET at = 7", "a row of the log .* is damaged"),
    ],
)
def test_a_log_that_cannot_be_understood_is_an_error_of_its_own(desk: Desk, change: str, said: str) -> None:
    desk.send(PUBLISH)
    desk.log.flush()
    with closing(sqlite3.connect(desk.path)) as base, base:
        base.execute(change)
    with pytest.raises(DatabaseError, match=said):
        read_calls(desk.path, limit=1)


def test_a_log_in_a_folder_that_takes_no_files_can_be_read(desk: Desk) -> None:
    desk.send(PUBLISH)
    desk.performer.close()
    desk.path.parent.chmod(0o555)
    try:
        with modes_in_force():
            assert len(read_calls(desk.path, limit=1)) == 1
    finally:
        desk.path.parent.chmod(0o755)


def test_reading_a_log_leaves_nothing_beside_it(desk: Desk) -> None:
    desk.send(PUBLISH)
    desk.performer.close()
    read_calls(desk.path, limit=1)
    apilog.read_renewals(desk.path).get((TARGET, MAIN))
    assert [each.name for each in desk.path.parent.iterdir()] == [desk.path.name]


def test_a_renewal_is_kept_until_another_credential_stands_in_its_place(tmp_path: Path) -> None:
    path, first = tmp_path / "log", Renewal(START, START + timedelta(days=60))
    apilog.note_renewal(path, TARGET, MAIN, first)
    assert apilog.read_renewals(path).get((TARGET, MAIN)) == first
    second = Renewal(START + timedelta(days=1), None)
    apilog.note_renewal(path, TARGET, MAIN, second)
    assert apilog.read_renewals(path).get((TARGET, MAIN)) == second
    apilog.forget_renewal(path, TARGET, MAIN)
    assert apilog.read_renewals(path).get((TARGET, MAIN)) is None


def test_threads_may_share_a_log(tmp_path: Path) -> None:
    log = ApiLog(tmp_path / "log", FakeClock())
    row = Call(START, "run-1", "client", "threads/7", "GET /me", {}, "read", 1)
    workers = [threading.Thread(target=lambda: [log.add(row) for _ in range(200)]) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    log.close()
    assert len(read_calls(tmp_path / "log", limit=2000)) == 1000


def test_a_program_that_does_not_say_whom_to_tell_finds_it_in_its_own_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").mkdir()
    log = ApiLog(tmp_path / "log")
    log.add(Call(START, "run-1", "client", "threads/7", "GET /me", {}, "read", 1))
    log.close()
    assert "cannot be written" in caplog.text
