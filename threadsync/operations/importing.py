"""``import``: binds a post that is on the network already; the way out of *looks-published*."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import UsageError
from threadsync.execution.carrying import Carrier
from threadsync.model.facts import Account, ObservedPost
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import Adopted, Note, Published, TargetBound
from threadsync.model.ledger import Ledger
from threadsync.model.post import OnChange
from threadsync.model.state import Binding, State
from threadsync.operations.reading import read_with
from threadsync.operations.selection import address_of
from threadsync.operations.surgery import AT_ONCE, Done, Patience, append, located, newest_backup, session
from threadsync.operations.workspace import Workspace
from threadsync.planning.inputs import BACKLOG, Wanted
from threadsync.planning.planner import shared
from threadsync.planning.readiness import is_account
from threadsync.providers.base import Provider
from threadsync.statefile.store import Session


def import_post(workspace: Workspace, address: str, reference: str, patience: Patience = AT_ONCE) -> Done:
    """Bind the account's own post *reference* (an id or permalink) to *address*.

    The post counts as what the file says for its first segment; where its text differs, that is said.
    Of a chain the first segment is named; own replies under it that say what the next segments say are
    bound with it. Where the first segments are bound already, the first one that is not is named; it must
    say what the file says, and what it takes the place of is taken down by the next apply, so that needs
    the file's consent.

    Raises:
        UsageError: no such publication or post, one of them is bound already, or the post is a further
            segment of the publication and not its first, or what another file still waits to publish.
        ApiError, Unanswered: the account cannot be read.
    """
    with session(workspace, "import", patience) as opened:
        lines = _imported(workspace, opened, address, reference)
    return Done(tuple(lines), newest_backup(workspace))


def _imported(workspace: Workspace, opened: Session, address: str, reference: str) -> list[str]:
    prior, now = opened.ledger.state(), workspace.clock.now()
    declared = workspace.declared(prior, now)
    found = address_of(address, (*declared.desired.publications, *declared.drafts))
    wanted = declared.desired.publications.get(found)
    if wanted is None:
        raise UsageError(f"{found} is a draft.", remedy="Take draft: true out of it first.")
    binding = prior.bindings.get(found)
    if binding is not None:
        confirmed = _confirmed(workspace, opened, binding, reference)
        if confirmed is not None:
            return [confirmed]
    account = _account(workspace, found.target, prior)
    post = located(workspace, found.target, reference)
    holder = prior.holder_of(found.target, post.remote_id)
    if holder is not None:
        raise UsageError(f"{post.remote_id} is bound to {holder}.", remedy="Name another post.")
    matcher = _Matcher(opened.ledger, workspace.providers[found.target])
    if binding is None:
        _refuse_further(matcher, wanted, 0, post)
        _refuse_anothers(matcher, wanted, declared.desired.publications, prior, post)
    kept = _kept(matcher, wanted, binding, post) if binding is not None else ()
    index = len(kept)
    rest = _rest_of_chain(workspace, matcher, wanted, post, index + 1)
    segments = (*kept, _published(index, wanted, post), *rest)
    control = wanted.publication.control
    notes: list[Note] = [Adopted(found, segments, now, control.protect, control.on_remove.value)]
    if found.target not in prior.targets:
        since = workspace.project.targets[found.target].since or now - BACKLOG
        notes.insert(
            0,
            TargetBound(
                found.target, account.origin, account.account_id, account.handle, since, now, account.channel
            ),
        )
    append(opened, notes)
    lines = [f"{found} is bound to {post.permalink or post.remote_id}."]
    if post.text.strip() != wanted.segments[index].text.strip():
        lines.append("Its text differs from the file's first segment; the file counts as what is live.")
    left = len(wanted.segments) - len(segments)
    if len(segments) > index + 1:
        lines.append(f"{len(segments) - index - 1} replies under it are bound as its further segments.")
    if binding is not None and len(binding.segments) > index:
        lines.append("What it takes the place of is taken down by the next apply.")
    if left:
        lines.append(f"{left} segments are not on the network; the next apply publishes them.")
    return lines


class _Matcher(Struct, frozen=True):
    """Tells whether a post may be a segment as the file has it now."""

    ledger: Ledger
    provider: Provider

    def __call__(self, wanted: Wanted, index: int, parent: RemoteId | None, post: ObservedPost) -> bool:
        what = Carrier(lambda: self.ledger, self.provider).known_segment(wanted.publication, index)
        return what is not None and self.provider.matches(what, parent, post)


def _kept(matcher: _Matcher, wanted: Wanted, binding: Binding, post: ObservedPost) -> tuple[Published, ...]:
    """Return the bound segments that *post* goes on from.

    Raises:
        UsageError: it does not, or would take the place of live ones without the file's consent.
    """
    keep = shared(binding.digests, wanted.digests)
    live, control = binding.segments, wanted.publication.control
    consented = control.on_change is OnChange.REPLACE or (
        control.replace is not None and keep < len(live) and control.replace.of == live[keep].remote_id
    )
    if keep < len(wanted.segments) and (keep == len(live) or consented):
        parent = live[keep - 1].remote_id if keep else post.parent
        if matcher(wanted, keep, parent, post):
            return live[:keep]
        _refuse_further(matcher, wanted, keep, post)
    first = live[0]
    raise UsageError(
        f"{binding.address} is bound to {first.permalink or first.remote_id} already.",
        remedy="To bind another post, let go of that one first (it stays up): "
        f"threadsync state rm {binding.address}.",
    )


def _refuse_further(matcher: _Matcher, wanted: Wanted, index: int, post: ObservedPost) -> None:
    """Refuse a post that says what a segment after *index* says: bound as that, it would be published again.

    Raises:
        UsageError: it does.
    """
    address = wanted.publication.address
    says = [matcher(wanted, each, post.parent, post) for each in range(index, len(wanted.segments))]
    if any(says[1:]) and not says[0]:
        said, bound_as, rest = (
            index + says.index(True) + 1,
            f"segment {index + 1}",
            "the rest" if index else "all",
        )
        raise UsageError(
            f"{post.permalink or post.remote_id} says what segment {said} of {address} says, "
            f"not {bound_as}; bound as {bound_as}, it would be published again.",
            remedy=f"Import the post that is {bound_as}. If that is gone, take what is live out of "
            f"the file, or publish {rest} of it anew with --allow-duplicate={address}.",
        )


def _refuse_anothers(
    matcher: _Matcher,
    wanted: Wanted,
    publications: Mapping[Address, Wanted],
    prior: State,
    post: ObservedPost,
) -> None:
    """Refuse a post that another file waits to publish: bound to *wanted*, it would be published again.

    Raises:
        UsageError: it does, and *wanted* says something else.
    """
    address = wanted.publication.address
    if matcher(wanted, 0, post.parent, post):
        return
    for other, its in publications.items():
        held = prior.bindings.get(other)
        missing = range(len(held.segments) if held is not None else 0, len(its.segments))
        if other.target != address.target or other in prior.tombstones:
            continue
        if any(matcher(its, index, post.parent, post) for index in missing):
            where = post.permalink or post.remote_id
            raise UsageError(
                f"{where} says what {other} says, not what {address} says; bound to {address}, it would be "
                f"published again for {other}.",
                remedy=f"threadsync import {other} {where}. If it is {address} after all, change or remove "
                f"the file of {other} first.",
            )


def _confirmed(workspace: Workspace, opened: Session, binding: Binding, reference: str) -> str | None:
    """Take a person's word that a post which is bound already is ours; None where it is another one."""
    post = located(workspace, binding.address.target, reference)
    if post.remote_id not in {segment.remote_id for segment in binding.segments}:
        return None
    ours = tuple(replace(segment, bound_by="import") for segment in binding.segments)
    control = (binding.protect, binding.on_remove, binding.digest_version)
    append(opened, [Adopted(binding.address, ours, workspace.clock.now(), *control)])
    return f"{binding.address} was bound to it already; that it is ours is on record now."


def _account(workspace: Workspace, name: TargetName, prior: State) -> Account:
    """Read whose account *name* is, and refuse another than the project declares or the state holds."""
    target = workspace.project.targets[name]
    (account,) = read_with(workspace, [(name, workspace.providers[name].identify())])
    if target.account is not None and not is_account(target.account, account.account_id, account.handle):
        raise UsageError(
            f"the credential of {name} opens @{account.handle}, and the project says {target.account}.",
            remedy="Give the target the right credential.",
        )
    record = prior.targets.get(name)
    if record is not None and (record.origin, record.account_id) != (account.origin, account.account_id):
        raise UsageError(
            f"the credential of {name} opens @{account.handle}, and the state holds @{record.handle}.",
            remedy="Give the target the right credential, or make it a target of its own.",
        )
    return account


def _published(index: int, wanted: Wanted, post: ObservedPost) -> Published:
    view = wanted.segments[index]
    return Published(
        index,
        view.digest,
        post.remote_id,
        post.text,
        post.at,
        post.permalink,
        view.media_digests,
        {},
        "import",
        post.expires_at,
    )


def _rest_of_chain(
    workspace: Workspace, matcher: _Matcher, wanted: Wanted, first: ObservedPost, index: int
) -> list[Published]:
    """Find own replies that say what the segments from *index* on say, each under the one before it."""
    if len(wanted.segments) == index:
        return []
    target = wanted.publication.address.target
    (listed,) = read_with(workspace, [(target, matcher.provider.read_back(first.at))])
    found: list[Published] = []
    parent = first.remote_id
    for view in wanted.segments[index:]:
        matching = [post for post in listed.posts if matcher(wanted, view.index, parent, post)]
        if len(matching) != 1:
            break
        found.append(_published(view.index, wanted, matching[0]))
        parent = matching[0].remote_id
    return found
