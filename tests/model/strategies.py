"""Values of the model as hypothesis draws them: any note, any state, and histories that can happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from threadsync.model import holding as h
from threadsync.model import journal as j
from threadsync.model.facts import CredentialLife, Drift, Quota, SeenPost
from threadsync.model.ids import Address, ContentDigest, MediaDigest, PostKey, RemoteId, TargetName
from threadsync.model.ledger import Ledger
from threadsync.model.state import Binding, Lineage, Open, Provenance, State, TargetRecord, Tombstone
from threadsync.model.trouble import Trouble, TroubleKind, Untroubled

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

texts = st.text(max_size=12)
words = st.text(st.characters(exclude_characters="@", exclude_categories=["Cs"]), min_size=1, max_size=8)
times = st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda since: START + since)
keys = st.builds(PostKey, st.text(min_size=1, max_size=8))
targets = st.builds(TargetName, words)
addresses = st.builds(Address, keys, targets)
digests = st.builds(ContentDigest, texts)
remote_ids = st.builds(RemoteId, texts)
whole = st.integers(0, 2**60)
flags = st.booleans()
media = st.lists(st.builds(MediaDigest, texts), max_size=2).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
options = st.dictionaries(texts, json_values, max_size=2)
labels = st.dictionaries(texts, texts, max_size=2)
alts = st.lists(texts, max_size=2).map(tuple)

rendered = st.builds(j.Rendered, whole, digests, texts, media=media, alts=alts, options=options)
published = st.builds(
    j.Published,
    whole,
    digests,
    remote_ids,
    texts,
    times,
    permalink=texts,
    media=media,
    ids=labels,
    bound_by=st.sampled_from(["receipt", "text"]),
)
chains = st.lists(published, max_size=3).map(tuple)
jobs = st.builds(
    j.Job,
    st.sampled_from(["create", "replace", "delete"]),
    segments=st.lists(rendered, max_size=2).map(tuple),
    parent=st.none() | remote_ids,
    keep=whole,
    protect=flags,
    on_remove=st.sampled_from(["forget", "delete"]),
    republished=flags,
    forget_as=texts,
    digest_version=whole,
)
candidates = st.lists(remote_ids, max_size=2).map(tuple)

staged = st.builds(j.Staged, addresses, whole, digests, texts, texts, times)
intents = st.builds(j.Intent, addresses, whole, digests, texts, texts, texts, times)
settled = st.builds(j.Settled, addresses, whole, flags, times)
doubted = st.builds(j.Doubted, addresses, whole, texts, times, candidates)
in_flight = staged | intents | settled | doubted

_quotas = st.builds(
    Quota,
    st.none() | whole,
    st.none() | whole,
    texts,
    texts,
    st.none() | st.floats(0, 1e9, allow_nan=False),
)
_seen = st.builds(SeenPost, st.sampled_from(Drift), st.dictionaries(texts, whole, max_size=2))
_lives = st.none() | st.builds(CredentialLife, st.none() | times, st.none() | times, flags)
posts_seen = st.builds(j.PostsSeen, addresses, st.dictionaries(remote_ids, _seen, max_size=2), times)
accounts_seen = st.builds(
    j.AccountSeen, targets, texts, times, st.dictionaries(texts, _quotas, max_size=2), _lives
)

troubles = st.builds(
    Trouble,
    targets,
    st.sampled_from(sorted(set(TroubleKind) - {TroubleKind.STATE})),  # that one is never on record
    times,
    times,
    texts,
    texts,
    st.lists(addresses, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | times,
)
holds = st.builds(h.Hold, addresses, times, texts, texts, digests)
freezes = st.builds(h.Freeze, times, texts, texts)
heartbeats = st.builds(h.Heartbeat, times, texts, texts, st.dictionaries(texts, whole, max_size=2))
_lull = st.builds(h.Lull, times, times, texts, st.none() | targets, st.none() | addresses)
lulls = st.lists(_lull, max_size=2).map(tuple)

notes: st.SearchStrategy[j.Note] = st.one_of(
    in_flight,
    st.builds(j.RunStarted, texts, times, texts, commit=texts, by=texts),
    st.builds(j.TargetBound, targets, texts, texts, texts, times, times, channel=texts),
    st.builds(j.Begun, addresses, jobs, times),
    st.builds(j.Receipt, addresses, published),
    st.builds(j.Confirmed, addresses, remote_ids, texts, times),
    st.builds(j.Deleted, addresses, remote_ids, times),
    st.builds(j.Ended, addresses, texts, times, why=texts),
    st.builds(j.Forgotten, addresses, texts, times, digest=digests),
    st.builds(j.Moved, addresses, addresses, times),
    st.builds(j.Adopted, addresses, chains, times, flags, texts, whole),
    st.builds(j.Accepted, addresses, st.lists(digests, max_size=2).map(tuple), times, whole),
    st.builds(j.Kept, addresses, flags, texts, times),
    st.builds(j.Erased, addresses, times),
    st.builds(j.TargetMoved, targets, targets, times),
    posts_seen,
    accounts_seen,
    troubles,
    st.builds(Untroubled, targets, times),
    holds,
    st.builds(h.Released, addresses, times),
    freezes,
    st.builds(h.Unfrozen, times),
    heartbeats,
    st.builds(h.Lulls, lulls, times),
)

_controls = st.tuples(whole, flags, texts, flags)
"""Digest version, protect, on_remove and republished, as both values have them."""
_provenances = st.builds(Provenance, run=texts, commit=texts, plan=texts, by=texts, at=st.none() | times)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state that can be written: a post has one holder, and no address is bound and forgotten."""
    taken: set[tuple[TargetName, RemoteId]] = set()
    bindings: dict[Address, Binding] = {}
    for address in draw(st.lists(addresses, max_size=3, unique=True)):
        parts = [draw(chains) for _ in range(3)]
        held = {(address.target, s.remote_id) for part in parts[:2] for s in part}
        if held & taken:
            continue
        taken |= held
        controls = draw(_controls)
        bindings[address] = Binding(
            address, parts[0], parts[1], *controls, provenance=draw(_provenances), taken_down=parts[2]
        )
    tombstones = {
        address: Tombstone(
            address,
            draw(digests),
            draw(texts),
            draw(times),
            draw(chains),
            *draw(_controls),
            superseded=draw(chains),
            by=draw(texts),
            said=draw(texts),
        )
        for address in draw(st.lists(addresses, max_size=2, unique=True))
        if address not in bindings
    }
    opened = {
        address: Open(address, draw(jobs), draw(times), draw(st.lists(in_flight, max_size=2).map(tuple)))
        for address in draw(st.lists(addresses, max_size=2, unique=True))
    }
    records = {
        name: TargetRecord(name, draw(texts), draw(texts), draw(texts), draw(times), draw(times), draw(texts))
        for name in draw(st.lists(targets, max_size=2, unique=True))
    }
    return State(
        Lineage(draw(texts)),
        draw(whole),
        draw(whole),
        draw(texts),
        draw(st.none() | times),
        targets=records,
        bindings=bindings,
        tombstones=tombstones,
        open=opened,
        posts_seen={seen.address: seen for seen in draw(st.lists(posts_seen, max_size=2))},
        accounts_seen={seen.target: seen for seen in draw(st.lists(accounts_seen, max_size=2))},
        troubles={each.target: each for each in draw(st.lists(troubles, max_size=2))},
        holds={hold.address: hold for hold in draw(st.lists(holds, max_size=2))},
        freeze=draw(st.none() | freezes),
        heartbeat=draw(st.none() | heartbeats),
        lulls=draw(lulls),
    )


POOL = [Address(PostKey(key), TargetName(target)) for key in "abc" for target in ("threads/x", "threads/y")]


@st.composite
def histories(draw: st.DrawFn, most: int = 25) -> list[j.Note]:
    """Notes in an order that can happen, as an executor and a person at ``state`` would write them."""
    ledger = Ledger(State(Lineage("l")))
    written: list[j.Note] = []
    for number in range(draw(st.integers(0, most))):
        at = START + timedelta(minutes=number)
        note = draw(st.sampled_from(possible(ledger, number, at)))
        ledger.fold(note, sequence=number + 1)
        written.append(note)
    return written


def post(index: int, number: int, at: datetime, *, digest: str = "") -> j.Published:
    """Return the receipt of a post that nobody holds yet."""
    return j.Published(index, ContentDigest(digest or f"d{number}"), RemoteId(f"r{number}"), f"t{number}", at)


def possible(ledger: Ledger, number: int, at: datetime) -> list[j.Note]:
    """Return the notes that may come next."""
    found: list[j.Note] = [
        j.RunStarted(f"run-{number}", at, "plan"),
        j.AccountSeen(POOL[0].target, f"handle-{number}", at),
        Trouble(POOL[0].target, list(TroubleKind)[number % 4], at, at, "it fails"),
        Untroubled(POOL[0].target, at),
    ]
    for address in POOL:
        binding, action = ledger.bindings.get(address), ledger.open.get(address)
        if action is not None:
            found += _under_way(address, action, binding, number, at)
        elif binding is None:
            found += [
                j.Begun(address, j.Job("create", protect=number % 2 == 0), at),
                j.Adopted(address, (post(0, number, at),), at, protect=number % 3 == 0),
                j.Forgotten(address, "skipped", at, ContentDigest("s")),
            ]
        else:
            found += _at_rest(address, binding, number, at)
        if address not in ledger.open:
            for other in POOL:
                occupied = (ledger.bindings, ledger.tombstones, ledger.open)
                if other.target == address.target and not any(other in table for table in occupied):
                    found.append(j.Moved(address, other, at))
    return found


def _under_way(
    address: Address, action: Open, binding: Binding | None, number: int, at: datetime
) -> list[j.Note]:
    live = binding.segments if binding is not None else ()
    digest = ContentDigest("d")
    found: list[j.Note] = [
        j.Staged(address, len(live), digest, "container", f"c{number}", at),
        j.Intent(address, len(live), digest, "publish", f"k{number}", "f", at),
        j.Settled(address, len(live), number % 2 == 0, at),
        j.Doubted(address, len(live), "why", at),
        j.Ended(address, "refused", at),
    ]
    if action.job.verb == "delete" and binding is not None:
        last = (*binding.segments, *binding.superseded)[-1]
        return [*found, j.Deleted(address, last.remote_id, at)]
    index = action.job.keep if action.job.verb == "replace" and number % 2 else len(live)
    found.append(j.Receipt(address, post(min(index, len(live)), number, at)))
    if binding is not None and binding.superseded:
        found.append(j.Deleted(address, binding.superseded[-1].remote_id, at))
    return found


def _at_rest(address: Address, binding: Binding, number: int, at: datetime) -> list[j.Note]:
    found: list[j.Note] = [
        j.Begun(address, j.Job("extend"), at),
        j.Begun(address, j.Job("replace", keep=number % (len(binding.segments) + 1)), at),
        j.Begun(address, j.Job("delete", forget_as="withdrawn"), at),
        j.Forgotten(address, "forgotten", at),
        j.Kept(address, True, "delete", at),
        j.Erased(address, at),
        j.Accepted(address, tuple(ContentDigest(f"n{number}") for _ in binding.segments), at),
        j.PostsSeen(address, {each: SeenPost(counts={"likes": number}) for each in binding.remote_ids}, at),
    ]
    if binding.segments:
        found.append(j.Confirmed(address, binding.segments[0].remote_id, f"https://p/{number}", at))
    return found
