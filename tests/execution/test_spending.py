"""The ledger of what was spent: across processes, corrected by answers, refusing before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from threadsync.errors import ApiError
from threadsync.execution.spending import SpendingLedger
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.fault import FaultClass
from threadsync.providers.accounts import Told, Window
from threadsync.testing.fakes import FakeClock

ME, YOU = "did:plc:me", "did:plc:you"
WRITE = Request("POST", "/write")
DONE = Response(200)


class Toy:
    """Ten points a minute and fifteen in ten minutes; a write takes three, and an answer may tell more."""

    windows = (Window("points", 10, 60.0), Window("points", 15, 600.0))
    says: Told | None = None

    def cost(self, request: Request) -> Mapping[str, int]:
        return {"points": 3} if request.method == "POST" else {}

    def told(self, request: Request, response: Response) -> Told | None:
        return self.says


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def spend(
    ledger: SpendingLedger, toy: Toy, times: int = 1, answer: Response | NoResponse = DONE, account: str = ME
) -> None:
    for _ in range(times):
        with ledger.counted(toy, account, WRITE) as told:
            told(answer)


def left(ledger: SpendingLedger, toy: Toy, account: str = ME) -> int | None:
    return ledger.quotas(toy, account)["points"].left


def test_what_would_go_over_is_refused_before_it_is_sent_and_free_when_the_window_has_moved(
    toy: Toy, clock: FakeClock
) -> None:
    ledger = SpendingLedger(None, clock)
    spend(ledger, toy)
    clock.sleep(20)
    spend(ledger, toy, 2)
    with pytest.raises(ApiError) as caught, ledger.counted(toy, ME, WRITE):
        raise AssertionError("it was let through")
    fault = caught.value.fault
    assert (fault.kind, fault.row, fault.allowance) == (FaultClass.QUOTA, "allowance-spent", "points")
    assert fault.retry_after_seconds == 40
    assert "1 of 10 points in 60 s left, and this takes 3" in fault.problem
    clock.sleep(40)
    spend(ledger, toy)
    assert left(ledger, toy) == 1


def test_every_window_is_kept(toy: Toy, clock: FakeClock) -> None:
    ledger = SpendingLedger(None, clock)
    for _ in range(5):
        spend(ledger, toy)
        clock.sleep(61)
    with pytest.raises(ApiError, match="0 of 15 points in 10 min left"):
        spend(ledger, toy)
    quota = ledger.quotas(toy, ME)["points"]
    assert (quota.used, quota.total, quota.window_seconds) == (15, 15, 600.0)


def test_what_takes_nothing_is_never_refused_and_accounts_are_apart(toy: Toy, clock: FakeClock) -> None:
    ledger = SpendingLedger(None, clock)
    spend(ledger, toy, 3)
    with ledger.counted(toy, ME, Request("GET", "/read")) as told:
        told(DONE)
    spend(ledger, toy, account=YOU)
    assert (left(ledger, toy), left(ledger, toy, YOU)) == (1, 7)


def test_what_was_not_sent_is_given_back_and_what_may_have_been_is_not(toy: Toy, clock: FakeClock) -> None:
    ledger = SpendingLedger(None, clock)
    spend(ledger, toy, answer=NoResponse("refused the connection", sent=False))
    assert left(ledger, toy) == 10
    spend(ledger, toy, answer=NoResponse("closed", sent=True))
    with pytest.raises(KeyboardInterrupt), ledger.counted(toy, ME, WRITE):
        raise KeyboardInterrupt
    assert left(ledger, toy) == 4


def test_an_answer_corrects_the_count_until_the_window_is_free_again(toy: Toy, clock: FakeClock) -> None:
    """Another program spent of the account, and the server counts from its own moment on."""
    ledger = SpendingLedger(None, clock)
    toy.says = Told("points", 60.0, 20, 8, 30.0)
    spend(ledger, toy)
    assert left(ledger, toy) == 8
    toy.says = None
    spend(ledger, toy)
    assert left(ledger, toy) == 5
    clock.sleep(31)
    assert ledger.quotas(toy, ME)["points"].used == 6, "of ten minutes; of the minute all is free"
    spend(ledger, toy, 3)
    with pytest.raises(ApiError, match="of 15 points"):
        spend(ledger, toy)


def test_processes_that_name_one_file_share_it(toy: Toy, clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "memory.sqlite3"
    with closing(SpendingLedger(path, clock)) as one, closing(SpendingLedger(path, clock)) as other:
        spend(one, toy, 2)
        assert left(other, toy) == 4
        spend(other, toy)
        with pytest.raises(ApiError):
            spend(one, toy)


def test_nothing_slips_through_side_by_side(toy: Toy, clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"

    def try_once(_: int) -> bool:
        with closing(SpendingLedger(path, clock)) as ledger:
            try:
                spend(ledger, toy)
            except ApiError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_once, range(16))) == 3


def test_it_is_told_once_a_window_that_little_is_left(toy: Toy, clock: FakeClock) -> None:
    said: list[str] = []
    ledger = SpendingLedger(None, clock, said.append)
    toy.says = Told("points", 60.0, 100, 8, 60.0)
    spend(ledger, toy)
    toy.says = None
    toy.windows = (Window("points", 100, 60.0),)
    assert said == []
    spend(ledger, toy, 2)
    assert said == [f"{ME}: 95 of 100 points in 60 s are used."]


def test_a_file_that_cannot_be_used_is_told_once_and_refuses_nothing(
    toy: Toy, clock: FakeClock, tmp_path: Path
) -> None:
    path = tmp_path / "memory.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    said: list[str] = []
    with closing(SpendingLedger(path, clock, said.append)) as ledger:
        spend(ledger, toy, 9)
        assert ledger.quotas(toy, ME) == {}
    assert len(said) == 1
    assert "remove it" in said[0]
