"""``import``: binds a post that is on the network already; the way out of *looks-published*."""

from __future__ import annotations

from dataclasses import replace

from threadsync.errors import UsageError
from threadsync.model.facts import Account, ObservedPost
from threadsync.model.ids import TargetName
from threadsync.model.journal import Adopted, Note, Published, Rendered, TargetBound
from threadsync.model.state import Binding, State
from threadsync.operations.reading import read_with
from threadsync.operations.selection import address_of
from threadsync.operations.surgery import Done, append, located, newest_backup, session
from threadsync.operations.workspace import Workspace
from threadsync.planning.inputs import BACKLOG, Wanted
from threadsync.planning.readiness import is_account
from threadsync.statefile.store import Session


def import_post(workspace: Workspace, address: str, reference: str) -> Done:
    """Bind the account's own post *reference* (an id or permalink) to *address*.

    The post counts as what the file says for its first segment; where its text differs, that is said.
    Of a chain the first segment is named; own replies under it that say what the next segments say are
    bound with it.

    Raises:
        UsageError: no such publication or post, or one of them is bound already.
        ApiError, Unanswered: the account cannot be read.
    """
    with session(workspace, "import") as opened:
        lines = _imported(workspace, opened, address, reference)
    return Done(tuple(lines), newest_backup(workspace))


def _imported(workspace: Workspace, opened: Session, address: str, reference: str) -> list[str]:
    prior, now = opened.ledger.state(), workspace.clock.now()
    declared = workspace.declared(prior, now)
    found = address_of(address, (*declared.desired.publications, *declared.drafts))
    wanted = declared.desired.publications.get(found)
    if wanted is None:
        raise UsageError(f"{found} is a draft.", remedy="Take draft: true out of it first.")
    if found in prior.bindings:
        confirmed = _confirmed(workspace, opened, prior.bindings[found], reference)
        if confirmed is not None:
            return [confirmed]
        live = prior.bindings[found].segments[0]
        raise UsageError(
            f"{found} is bound to {live.permalink or live.remote_id} already.",
            remedy=f"To bind another post, let go of that one first: threadsync state rm {found}.",
        )
    account = _account(workspace, found.target, prior)
    post = located(workspace, found.target, reference)
    holder = prior.holder_of(found.target, post.remote_id)
    if holder is not None:
        raise UsageError(f"{post.remote_id} is bound to {holder}.", remedy="Name another post.")
    segments = (_published(0, wanted, post), *_rest_of_chain(workspace, wanted, post))
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
    if post.text.strip() != wanted.segments[0].text.strip():
        lines.append("Its text differs from the file's first segment; the file counts as what is live.")
    left = len(wanted.segments) - len(segments)
    if len(segments) > 1:
        lines.append(f"{len(segments) - 1} replies under it are bound as its further segments.")
    if left:
        lines.append(f"{left} segments are not on the network; the next apply publishes them.")
    return lines


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
    )


def _rest_of_chain(workspace: Workspace, wanted: Wanted, first: ObservedPost) -> list[Published]:
    """Find own replies that say what the further segments say, each under the one before it."""
    if len(wanted.segments) == 1:
        return []
    target = wanted.publication.address.target
    provider = workspace.providers[target]
    (listed,) = read_with(workspace, [(target, provider.read_back(first.at))])
    found: list[Published] = []
    parent = first.remote_id
    for view in wanted.segments[1:]:
        what = Rendered(view.index, view.digest, view.text, view.media_digests, view.alts)
        matching = [post for post in listed.posts if provider.matches(what, parent, post)]
        if len(matching) != 1:
            break
        found.append(_published(view.index, wanted, matching[0]))
        parent = matching[0].remote_id
    return found
