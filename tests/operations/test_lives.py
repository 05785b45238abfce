"""A plan says when each credential was last renewed: by the network, by the state, or from here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.desk import Desk, desk_in
from threadsync.execution.apilog import Renewal
from threadsync.model.facts import CredentialLife, Facts, TargetFacts
from threadsync.model.ids import MAIN, TargetName
from threadsync.model.journal import AccountSeen
from threadsync.model.state import Lineage, State
from threadsync.operations.credentials import note
from threadsync.operations.lives import credential_views, with_lives
from threadsync.operations.plan import Prepared
from threadsync.operations.plan import plan as prepare
from threadsync.operations.remembering import lasts
from threadsync.operations.renewing import auth_refresh
from threadsync.operations.unchanged import KEPT_FILE
from threadsync.planning.allowances import AccountView, CredentialView
from threadsync.sandbox.threads import Profile
from threadsync.views.account_text import credential_text
from threadsync.views.json import plan_json
from threadsync.views.markdown import plan_markdown
from threadsync.views.plan_text import plan_text

TARGET = TargetName("threads/main")
EARLY, LATE = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
ENDS = datetime(2026, 4, 21, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        desk.sandbox.switch(refresh_age_min_seconds=0)
        yield desk


def said(prepared: Prepared) -> tuple[str, str, object]:
    """Return what a plan says of credentials as text, as Markdown and as JSON."""
    text = plan_text(prepared, width=200, color=False)
    rows = [row.removeprefix("Credential: ") for row in text.splitlines() if row.startswith("Credential: ")]
    page = plan_markdown(prepared)
    items = [row for row in page.splitlines() if row.startswith("- **Credential**: ")]
    document = plan_json(prepared)["credentials"]
    assert json.dumps(document)
    return "\n".join(rows), "\n".join(items), document


def test_a_plan_says_when_a_renewal_last_worked_and_asks_nobody(desk: Desk) -> None:
    auth_refresh(desk.workspace, TARGET, MAIN)
    calls = desk.sandbox.calls()
    text, page, document = said(prepare(desk.workspace))
    assert (
        text
        == "threads/main: made or last renewed here 2026-03-01 12:00 UTC, lives until 2026-04-30 12:00 UTC."
    )
    assert "threads/main: made or last renewed here 2026-03-01 12:00 UTC" in page
    assert document == [
        {
            "target": "threads/main",
            "renewed_here": True,
            "is_local": True,
            "expires_at": "2026-04-30T12:00:00Z",
            "renewed_at": "2026-03-01T12:00:00Z",
            "endless": False,
        }
    ]
    assert desk.sandbox.calls() == calls


def test_a_renewal_that_fails_does_not_move_it(desk: Desk) -> None:
    auth_refresh(desk.workspace, TARGET, MAIN)
    before = said(prepare(desk.workspace))
    desk.clock.sleep(86_400)
    desk.token("gone")
    with pytest.raises(Exception, match="Invalid OAuth access token"):
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert said(prepare(desk.workspace)) == before


def test_with_refresh_the_network_is_asked(desk: Desk) -> None:
    (desk.root / "posts/a.md").write_text("---\nkey: a\ntargets: [threads/main]\n---\nHello.\n")
    ends = (desk.clock.now() + timedelta(days=50)).timestamp()
    desk.sandbox.add_profile(Profile("lift_report", token_expires_at=ends))
    text, *_ = said(prepare(desk.workspace, refresh=True))
    assert text.startswith("threads/main: issued or last renewed 2026-03-01 12:00 UTC, lives until 2026-04-")


def views(
    desk: Desk, *, seen: datetime | None = None, here: datetime | None = None, now: datetime | None = None
) -> CredentialView:
    prior = State(Lineage("one"))
    if seen is not None:
        known = AccountSeen(TARGET, "lift_report", seen, life=CredentialLife(ENDS, seen))
        prior = replace(prior, accounts_seen={TARGET: known})
    if here is not None:
        note(desk.workspace, TARGET, MAIN, Renewal(here, None))
    read = {TARGET: TargetFacts(life=CredentialLife(None, now))} if now is not None else {}
    (view,) = credential_views(desk.workspace, prior, Facts(targets=read))
    return view


def test_what_the_network_says_now_comes_first_and_else_what_is_latest(desk: Desk) -> None:
    assert views(desk).life is None
    assert views(desk, seen=EARLY) == CredentialView(TARGET, CredentialLife(ENDS, EARLY), is_local=True)
    assert views(desk, seen=EARLY, here=LATE) == CredentialView(
        TARGET, CredentialLife(None, LATE), renewed_here=True, is_local=True
    )
    assert views(desk, seen=LATE, here=EARLY).renewed_here is False
    assert views(desk, seen=LATE, here=LATE, now=EARLY).life == CredentialLife(None, EARLY)


def test_an_account_that_is_shown_says_the_same(desk: Desk) -> None:
    """What was seen of it at the last apply is older than a renewal since."""
    (desk.root / "posts/a.md").write_text("---\nkey: a\ntargets: [threads/main]\n---\nHello.\n")
    auth_refresh(desk.workspace, TARGET, MAIN)
    prepared = prepare(desk.workspace, refresh=True)
    (account,) = prepared.accounts
    assert account.life == prepared.credentials[0].life


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (CredentialView(TARGET, None), "is not known here; plan --refresh asks the network."),
        (CredentialView(TARGET, CredentialLife()), "is not known here; plan --refresh asks the network."),
        (CredentialView(TARGET, None, is_local=True), ""),
        (CredentialView(TARGET, CredentialLife(endless=True)), "it does not expire."),
        (CredentialView(TARGET, CredentialLife(endless=True), is_local=True), ""),
        (CredentialView(TARGET, CredentialLife(ENDS)), "not known, lives until 2026-04-21 00:00 UTC."),
        (CredentialView(TARGET, CredentialLife(None, LATE)), "issued or last renewed 2026-02-20 00:00 UTC."),
    ],
)
def test_what_is_not_known_is_said_of_real_networks_alone(view: CredentialView, text: str) -> None:
    found = credential_text(view, "UTC")
    assert found.endswith(text)
    assert bool(found) is bool(text)


def test_it_names_times_and_no_spans_so_that_a_plan_without_changes_is_still_told_again(desk: Desk) -> None:
    """A plan in which time alone changes nothing is kept; a renewal ends what is kept."""
    auth_refresh(desk.workspace, TARGET, MAIN)
    prepared = prepare(desk.workspace)
    assert prepared.credentials[0].life is not None
    assert lasts(replace(prepared, findings=())), "the desk has no posts, which is a finding"
    before = said(prepared)
    desk.clock.sleep(40 * 86_400)
    assert said(prepare(desk.workspace)) == before
    kept = desk.root / KEPT_FILE
    kept.write_text("kept")
    auth_refresh(desk.workspace, TARGET, MAIN)
    assert not os.path.lexists(kept)


def test_a_log_that_cannot_be_read_makes_no_plan_fail(desk: Desk) -> None:
    (desk.root / ".threadsync").mkdir()
    (desk.root / ".threadsync/log.sqlite3").write_text("no database at all, but long enough to be looked at")
    assert prepare(desk.workspace).credentials[0].life is None


def test_what_is_known_of_a_credential_now_stands_with_its_account_too() -> None:
    old, new = CredentialLife(None, EARLY), CredentialLife(ENDS, LATE)
    other = TargetName("threads/other")
    shown = [AccountView(target, "lift_report", EARLY, (), old) for target in (TARGET, other)]
    found = with_lives(shown, [CredentialView(TARGET, new), CredentialView(other, None)])
    assert [each.life for each in found] == [new, old]
