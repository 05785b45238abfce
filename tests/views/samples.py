"""One of everything a plan can hold, said by hand: the values that the views are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tests.planning.builders import NOW, at, bound, buried, digest, published, want
from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.facts import CredentialLife, Drift, ObservedPost, Quota, SeenPost
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Address, MediaDigest, RemoteId, TargetName
from threadsync.model.journal import Doubted, Intent, Job, PostsSeen, Published
from threadsync.model.post import (
    Caption,
    IfLate,
    Media,
    MediaFacts,
    OnRemove,
    PostRef,
    Publication,
    Rendition,
    Schedule,
    VideoFacts,
)
from threadsync.model.state import Binding, Lineage, Open, Provenance, Tombstone
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Notice,
    Plan,
    Reason,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.allowances import AccountView, Allowance, CredentialView
from threadsync.planning.inputs import Wanted
from threadsync.planning.safety import Excess

DUE = datetime(2026, 12, 3, 7, 30, tzinfo=UTC)
ZONE = "Europe/Vienna"
DURABLE = "safe against process death, not against loss of this disk"
LONG = (
    "We rode to all 40 stations. 12 lifts were broken, and nobody could say when they would run again.\n"
    "\n"
    "Die Liste: https://example.org/a-very-long-address-that-does-not-fit-into-one-row-of-a-terminal-at-all\n"
    "駅のエレベーターは四十か所のうち十二か所で止まっていました。次の列車まで三十五分待ちました。 👩‍🦽🇦🇹"
)


@dataclass(frozen=True)
class SamplePlan:
    plan: Plan
    findings: tuple[Diagnostic, ...] = ()
    excesses: tuple[Excess, ...] = ()
    durable: str = DURABLE
    state_path: str = "state/threadsync.json"
    zone: str | None = ZONE
    interrupted: tuple[Address, ...] = ()
    accounts: tuple[AccountView, ...] = ()
    credentials: tuple[CredentialView, ...] = ()
    freeze: Freeze | None = None
    holds: tuple[Hold, ...] = ()
    heartbeat: Heartbeat | None = None

    @property
    def has_errors(self) -> bool:
        return any(finding.is_error for finding in self.findings)


@dataclass(frozen=True)
class SampleApplied:
    prepared: SamplePlan
    report: Report | None
    declined: bool = False


@dataclass(frozen=True)
class SampleValidation:
    findings: tuple[Diagnostic, ...] = ()
    files: int = 3
    publications: int = 4
    drafts: int = 1


@dataclass(frozen=True)
class SampleRow:
    address: Address
    word: str
    when: datetime | None = None
    permalink: str = ""
    detail: str = ""
    seen: PostsSeen | None = None
    due: datetime | None = None
    held: Hold | None = None


@dataclass(frozen=True)
class SampleStandings:
    rows: tuple[SampleRow, ...] = ()
    freeze: Freeze | None = None
    heartbeat: Heartbeat | None = None


@dataclass(frozen=True)
class SampleKnown:
    address: Address
    declared: Wanted | None = None
    binding: Binding | None = None
    tombstone: Tombstone | None = None
    open: Open | None = None
    action: Action | None = None
    seen: PostsSeen | None = None
    held: Hold | None = None


@dataclass(frozen=True)
class SampleDrifted:
    address: Address
    post: Published
    drift: Drift
    text: str = ""


@dataclass(frozen=True)
class SampleUndeclared:
    target: TargetName
    post: ObservedPost


@dataclass(frozen=True)
class SampleUnread:
    target: TargetName
    problem: str
    remedy: str = ""


@dataclass(frozen=True)
class SampleLooked:
    drifted: tuple[SampleDrifted, ...] = ()
    undeclared: tuple[SampleUndeclared, ...] = ()
    unread: tuple[SampleUnread, ...] = ()
    accounts: tuple[AccountView, ...] = ()
    seen: Mapping[Address, PostsSeen] = field(default_factory=dict)
    looked_at: int = 0
    recorded: bool = True
    at: datetime = NOW
    since: datetime = NOW - timedelta(days=30)
    zone: str | None = ZONE


@dataclass(frozen=True)
class SampleCopy:
    serial: int
    when: datetime | None
    run: str
    bindings: int
    file: str
    current: bool = False
    problem: str = ""
    restore: str = ""


CAPTIONS = MediaFacts(MediaDigest("c0ffee00"), 1_204, "captions", "VTT", 0, 0)
DOOR = MediaFacts(MediaDigest("9f86d081"), 91_022, "image", "JPEG", 1080, 1080)
MAP = MediaFacts(MediaDigest("60303ae2"), 9_103_412, "image", "PNG", 4032, 3024)
FITTED = MediaFacts(MediaDigest("fd61a03a"), 612_345, "image", "JPEG", 1440, 1080)
FILM = MediaFacts(
    MediaDigest("a4e624d6"),
    2_345_678,
    "video",
    "MP4",
    1080,
    1920,
    video=VideoFacts(12.5, "h264", 30.0, 1_400_000, "4:2:0", False, False, True, False),
)


def view(index: int, text: str, *media: Media) -> SegmentView:
    return SegmentView(index, text, len(text), 500, "characters", media, digest(text))


def media(path: str, alt: str, facts: MediaFacts = DOOR, rendition: Rendition | None = None) -> Media:
    return Media(path, facts, alt, Location("posts/launch-day.md"), rendition)


def publication(address: str, *texts: str, **control: object) -> Publication:
    return want(address, *texts, **control).publication  # type: ignore[arg-type]


def schedule(when: datetime = DUE) -> Schedule:
    return Schedule(when, ZONE, timedelta(hours=1), IfLate.ASK)


def create() -> Create:
    declared = publication("launch-day", LONG, "And the longest outage?", publish=schedule(NOW))
    segments = (
        view(
            0,
            LONG,
            media(
                "posts/launch/map.png",
                "Map of 40 stations, 12 of them red",
                MAP,
                Rendition(".threadsync/renditions/60303ae2-00.jpg", FITTED),
            ),
            media("posts/door.jpg", ""),
            replace(
                media("posts/ride.mp4", "A lift goes up", FILM),
                captions=(Caption("de", "posts/ride.de.vtt", CAPTIONS),),
            ),
        ),
        view(1, "And the longest outage?"),
    )
    full = replace(
        declared,
        reply_to=PostRef(at("welcome").key),
        who_can_reply="everyone",
        tags=("transit",),
        options={"topic": "Öffis"},
    )
    return Create(at("launch-day"), Reason.DUE, full, segments, (at("welcome"),))


def every_action() -> tuple[Action, ...]:
    live = tuple(published(text, n) for n, text in enumerate(("one", "two", "three")))
    chain = publication("chain", "one", "deux", "trois")
    return (
        create(),
        Extend(at("chain"), Reason.APPENDED, chain, (view(2, "trois"),), live[:2]),
        Update(at("kept-safe"), Reason.CONTROLS, protect=True, on_remove=OnRemove.DELETE),
        Move(at("new-name"), Reason.RENAMED, at("old-name")),
        Replace(
            at("corrected"),
            Reason.CHANGED,
            chain,
            (view(1, "deux"), view(2, "trois")),
            live,
            1,
            live[1:],
            "flag",
            loses=(
                Loss(live[1].remote_id, {"likes": 12, "replies": 1, "views": 4012}, NOW),
                Loss(live[2].remote_id, unknown="it is forbidden", scope="threads_manage_insights"),
            ),
        ),
        Delete(
            at("withdrawn"),
            Reason.WITHDRAWN,
            live[:1],
            "withdrawn",
            (Loss(live[0].remote_id, {"likes": 0, "replies": 0}, NOW - timedelta(days=3)),),
        ),
        Forget(at("file-gone"), Reason.FILE_REMOVED, "forgotten", digest("one"), live[:1]),
        Forget(at("too-late"), Reason.SKIPPED_LATE, "skipped", digest("one")),
        Adopt(at("came-back"), Reason.RETURNED, live[:1], buried("came-back")),
        Wait(at("tomorrow"), Reason.NOT_DUE, DUE, (view(0, "Good morning."),)),
        Wait(at("in-doubt"), Reason.UNSETTLED, None),
        Blocked(
            at("edited"),
            Reason.NEEDS_CONSENT,
            "it has changed since it was published, and the network cannot edit a post.",
            f"Agree with --allow-replace={at('edited')}, or keep the live post with on_change: keep.",
            "replace",
            (view(0, "The new text."),),
            live[:1],
        ),
        stopped("over-the-limit"),
        NoOp(at("same"), Reason.SAME),
        NoOp(at("kept"), Reason.KEPT, "changed since it was published; the live post is kept"),
    )


def stopped(key: str) -> Blocked:
    return Blocked(
        at(key),
        Reason.QUOTA,
        "it would exceed the account's posts: it needs 1, and 0 of 250 are left.",
        "It goes on at 2026-12-03 07:30 UTC at the latest: apply again then.",
        segments=(view(0, "One too many."),),
        allowance="posts",
        goes_on_at=DUE,
    )


def accounts() -> tuple[AccountView, ...]:
    day = 86_400.0
    return (
        AccountView(
            TargetName("threads/brand"),
            "brand",
            NOW - timedelta(days=3),
            (Allowance("posts", Quota(248, 250, window_seconds=day), 4, 0, None),),
            None,
        ),
        AccountView(
            TargetName("threads/main"),
            "lift_report",
            NOW,
            (
                Allowance("posts", Quota(250, 250, window_seconds=day), 0, 1, DUE),
                Allowance("replies", Quota(12, 1000, window_seconds=day), 3, 0, None),
                Allowance("deletes", Quota(None, None, "forbidden", "threads_delete"), 2, 0, None),
            ),
            CredentialLife(NOW + timedelta(days=5), NOW - timedelta(days=55)),
        ),
    )


def credentials() -> tuple[CredentialView, ...]:
    return (
        CredentialView(TargetName("threads/brand"), None),
        CredentialView(
            TargetName("threads/main"),
            CredentialLife(NOW + timedelta(days=5), NOW - timedelta(days=55)),
            renewed_here=True,
        ),
        CredentialView(TargetName("threads/sandbox"), CredentialLife(endless=True), is_local=True),
    )


def seen(*names: str, drift: Drift = Drift.NONE, when: datetime = NOW - timedelta(days=3)) -> PostsSeen:
    posts = {
        RemoteId(f"id-{name}"): SeenPost(drift, {"likes": 6, "replies": 1, "views": 90}) for name in names
    }
    return PostsSeen(at("chain"), posts, when)


def looked() -> SampleLooked:
    post = published("one")
    return SampleLooked(
        (
            SampleDrifted(at("gone"), post, Drift.DELETED),
            SampleDrifted(at("edited"), post, Drift.EDITED, "one, and more"),
            SampleDrifted(at("hidden"), published("two", 1), Drift.HIDDEN),
        ),
        (
            SampleUndeclared(
                TargetName("threads/main"),
                ObservedPost(RemoteId("77"), "text", "By hand\ntoday", NOW, "https://t/77"),
            ),
            SampleUndeclared(
                TargetName("threads/main"),
                ObservedPost(RemoteId("78"), "text", "An answer", NOW, "", RemoteId("1")),
            ),
        ),
        (SampleUnread(TargetName("threads/brand"), "the token has expired", "Renew the token."),),
        accounts()[1:],
        {at("chain"): seen("one", "two", when=NOW)},
        5,
    )


FREEZE = Freeze(NOW - timedelta(hours=2), "maria", "wrong account, and nobody knows why yet")
HEARTBEAT = Heartbeat(NOW - timedelta(minutes=12), "aaf7791b7552", "ci-17", {"applied": 3, "not-tried": 1})


def hold(key: str) -> Hold:
    return Hold(at(key), NOW - timedelta(days=1), "robin", "legal reads it first")


def plan_of(*actions: Action, **more: object) -> Plan:
    return Plan(actions, NOW, **{"lineage": Lineage("one"), "serial": 3, **more})  # type: ignore[arg-type]


FINDINGS = (
    Diagnostic(
        Location("posts/launch/index.md", 3, 1),
        "schema/unknown-key",
        '"tragets" is not a key.',
        "Did you mean targets?",
    ),
    Diagnostic(
        Location("posts/launch/index.md", 12, 5),
        "threads/topic",
        "the topic holds a dot, 100%, which Threads drops:\nLift.report",
        "Leave the dot out.",
        Severity.WARNING,
    ),
)


def full_plan() -> SamplePlan:
    notice = Notice(
        "threads/main", "this machine's clock is 7 minutes ahead of the network's.", "Set the clock."
    )
    return SamplePlan(
        plan_of(*every_action(), notices=(notice,)),
        findings=FINDINGS,
        excesses=(Excess(TargetName("threads/main"), "creates", 12, 10),),
        interrupted=(at("in-doubt"),),
        accounts=accounts(),
        credentials=credentials(),
        freeze=FREEZE,
        holds=(hold("welcome"), hold("idea")),
        heartbeat=HEARTBEAT,
    )


def first_plan() -> SamplePlan:
    first = Create(at("welcome"), Reason.NEW, publication("welcome"), (view(0, "Hello!"),))
    return SamplePlan(plan_of(first, lineage=None, serial=0, first_run_targets=(TargetName("threads/main"),)))


def report() -> Report:
    actions = every_action()
    created, extended, replaced, deleted = actions[0], actions[1], actions[4], actions[5]
    assert isinstance(created, Create)
    assert isinstance(extended, Extend)
    assert isinstance(replaced, Replace)
    assert isinstance(deleted, Delete)
    return Report(
        (
            ActionReport(created, Became.APPLIED, permalinks=("https://t/1", "https://t/2")),
            ActionReport(extended, Became.REFUSED, "segment 3: the token has expired", "Renew the token."),
            ActionReport(
                replaced,
                Became.UNCERTAIN,
                "two posts match",
                "Run apply again: it looks once more.",
                candidates=(RemoteId("17"), RemoteId("18")),
            ),
            ActionReport(
                deleted, Became.NOT_TRIED, "the run was stopped before it began", "Run apply again."
            ),
        ),
        "aaf7791b7552",
        stopped=True,
    )


def pauses() -> tuple[Pause, ...]:
    """One of each kind: a token, an allowance, failures in a row, throttling with a time."""
    token = Fault(FaultClass.UNAUTHORIZED, "the token has expired", "Store a new token.", "token")
    quota = Fault(
        FaultClass.QUOTA,
        "Threads says: Application request limit reached [code 9, subcode 2207042]",
        "The account's 24-hour allowance is used up; apply again when it has moved on.",
        "publish-quota",
        allowance="posts",
        retry_after_seconds=86_400.0,
    )
    silent = Fault(FaultClass.TRANSIENT, "no answer: connection refused", "Run apply again.", "no-answer")
    throttled = Fault(
        FaultClass.THROTTLED, "too many calls", "Run apply again later.", "t", retry_after_seconds=600.0
    )

    def since(key: str, target: str) -> tuple[TargetName, Address]:
        name = TargetName(target)
        return name, at(key)._replace(target=name)

    return (
        Pause(*since("first", "threads/a"), token, NOW, 0),
        Pause(*since("second", "threads/main"), quota, NOW, 0, "posts"),
        Pause(*since("third", "threads/b"), silent, NOW, 3),
        Pause(*since("fourth", "threads/c"), throttled, NOW, 3),
    )


def paused_report() -> Report:
    """A report in which an allowance was used up midway, and other targets had troubles of their own."""
    every = pauses()
    quota = every[1]
    made = [replace(create(), address=at(key)) for key in ("one", "second", "three", "four")]
    return Report(
        (
            ActionReport(made[0], Became.APPLIED, permalinks=("https://t/1",)),
            ActionReport(made[1], Became.REFUSED, f"segment 2: {quota.fault.problem}", "Wait.", partly=True),
            ActionReport(made[2], Became.NOT_TRIED, quota.why, quota.fault.remedy),
            ActionReport(made[3], Became.NOT_TRIED, quota.why, quota.fault.remedy),
        ),
        "aaf7791b7552",
        pauses=every,
        held=(stopped("five"), stopped("six")),
    )


def rows() -> tuple[SampleRow, ...]:
    return (
        SampleRow(at("welcome"), "live", NOW, "https://t/welcome", seen=seen("one", "two")),
        SampleRow(at("lost"), "live", NOW, "https://t/lost", seen=seen("one", drift=Drift.DELETED, when=NOW)),
        SampleRow(at("tomorrow"), "waiting", DUE),
        SampleRow(at("edited"), "blocked", NOW, "https://t/edited", "needs-consent: it has changed."),
        SampleRow(at("idea"), "draft", held=hold("idea")),
    )


def standings() -> SampleStandings:
    return SampleStandings(rows(), FREEZE, HEARTBEAT)


def known() -> SampleKnown:
    address = at("chain")
    open_notes = (
        Intent(address, 1, digest("two"), "publish", "c-1", "f", NOW),
        Doubted(address, 1, "two posts match", NOW),
    )
    return SampleKnown(
        address,
        want("chain", "one", "two", publish=schedule()),
        replace(
            bound("chain", "one"),
            provenance=Provenance("aaf7791b7552", "0123456789abcdef", "p", "ci-17", NOW),
            superseded=(published("zero"),),
        ),
        replace(buried("chain", "one"), why="withdrawn", by="maria", said="wrong account"),
        Open(address, Job("extend"), NOW, open_notes),
        every_action()[1],
        seen("one"),
        hold("chain"),
    )


def copies() -> tuple[SampleCopy, ...]:
    state = "/home/maria/posts/state/threadsync.json"
    backup = "/home/maria/posts/.threadsync/history/6-41.json"
    return (
        SampleCopy(7, NOW, "aaf7791b7552", 9, state, current=True),
        SampleCopy(6, None, "", 8, backup, restore=f"cp {backup} {state}"),
        SampleCopy(0, None, "", 0, "/home/maria/posts/.threadsync/history/5-40.json", problem="not JSON"),
    )
