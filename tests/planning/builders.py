"""Small builders: a project in a line, so that a test reads as the law it checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Location
from threadsync.model.digest import digest_of, digest_of_segments
from threadsync.model.facts import Account, Facts, Quota, ReadBack, TargetFacts
from threadsync.model.ids import Address, ContentDigest, NetworkName, PostKey, RemoteId, TargetName
from threadsync.model.journal import Published
from threadsync.model.post import Control, Publication, Segment
from threadsync.model.state import Binding, Lineage, State, TargetRecord, Tombstone
from threadsync.model.target import Target
from threadsync.model.text import Plain
from threadsync.planning.actions import Action, Reason, SegmentView
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.planning.planner import plan

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
ACCOUNT = Account("sandbox:test", "178", "lift_report")


def at(text: str) -> Address:
    return Address.parse(text if "@" in text else f"{text}@{MAIN}")


def digest(text: str) -> ContentDigest:
    return digest_of({"text": text})


def want(address: str, *texts: str, waits_for: tuple[str, ...] = (), **control: object) -> Wanted:
    segments = tuple(Segment(text, (Plain(text),), digest=digest(text)) for text in texts or (address,))
    publication = Publication(
        at(address),
        segments,
        Control(**control),  # type: ignore[arg-type]
        Location(f"posts/{address}.md"),
        digest_of_segments([segment.digest for segment in segments]),
    )
    views = tuple(
        SegmentView(n, s.source, len(s.source), 500, "characters", digest=s.digest)
        for n, s in enumerate(segments)
    )
    return Wanted(publication, views, tuple(at(each) for each in waits_for))


def published(text: str, index: int = 0, when: datetime = NOW - timedelta(days=3)) -> Published:
    return Published(index, digest(text), RemoteId(f"id-{text}"), text, when, f"https://t/{text}")


def bound(address: str, *texts: str, **more: object) -> Binding:
    segments = tuple(published(text, n) for n, text in enumerate(texts or (address,)))
    return Binding(at(address), segments, **more)  # type: ignore[arg-type]


def buried(address: str, *texts: str, why: str = "forgotten", **more: object) -> Tombstone:
    segments = tuple(published(text, n) for n, text in enumerate(texts or (address,)))
    whole = digest_of_segments([segment.digest for segment in segments])
    return Tombstone(at(address), whole, why, NOW, segments, **more)  # type: ignore[arg-type]


def record(name: TargetName = MAIN, **more: object) -> TargetRecord:
    old = NOW - timedelta(days=100)
    return replace(TargetRecord(name, ACCOUNT.origin, ACCOUNT.account_id, ACCOUNT.handle, old, old), **more)  # type: ignore[arg-type]


def state(*entries: Binding | Tombstone, **more: object) -> State:
    return State(
        Lineage("one"),
        3,
        targets={MAIN: record()},
        bindings={e.address: e for e in entries if isinstance(e, Binding)},
        tombstones={e.address: e for e in entries if isinstance(e, Tombstone)},
        **more,  # type: ignore[arg-type]
    )


def target(name: TargetName = MAIN, account: str | None = "lift_report", **more: object) -> Target:
    return Target(name, NetworkName("threads"), account, **more)  # type: ignore[arg-type]


CAN = Capabilities(frozenset({"text"}))


def desired(*wanted: Wanted, targets: tuple[Target, ...] = (), **more: object) -> Desired:
    named = {each.name: each for each in targets or (target(), target(BRAND, "brand"))}
    keys = frozenset(each.publication.address.key for each in wanted)
    return Desired(
        {each.publication.address: each for each in wanted},
        named,
        dict.fromkeys(named, CAN),
        **{"keys": keys, **more},  # type: ignore[arg-type]
    )


def facts(**more: object) -> Facts:
    known = TargetFacts(
        ACCOUNT,
        quotas={"posts": Quota(0, 250), "replies": Quota(0, 1000), "deletes": Quota(0, 100)},
        read_back=ReadBack(NOW - timedelta(days=1), ()),
    )
    return Facts(NOW, {MAIN: replace(known, **more)})  # type: ignore[arg-type]


def actions(
    wanted: Desired,
    prior: State | None = None,
    known: Facts = Facts(),  # noqa: B008
    consents: Consents = Consents(),  # noqa: B008
    now: datetime = NOW,
) -> dict[str, Action]:
    made = plan(wanted, prior, known, now, consents)
    return {str(action.address): action for action in made.actions}


def only(found: dict[str, Action]) -> Action:
    assert len(found) == 1, found
    return next(iter(found.values()))


def keys(*names: str) -> frozenset[PostKey]:
    return frozenset(PostKey(name) for name in names)


def reason_of(action: Action, kind: type[Action]) -> Reason:
    assert isinstance(action, kind), action
    return action.reason
