"""``publish``: what apply does for one post, for a program that wants no files.

One post is planned against what its journal holds, the account is read as apply reads it, and the
provider's own flows publish and settle it under the scheduler, which lets no visible request out without
its intent (law 1). Nothing here knows a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec.structs import replace

from threadsync.errors import StateDamaged, StateError, StateForeign, StateLocked
from threadsync.execution.declaring import declared
from threadsync.execution.publish_run import Means, Post, Run, Unkept, longest
from threadsync.execution.publish_said import Keeping, PublishedPost, Said
from threadsync.execution.seams import NoJournal
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address, TargetName, network_of
from threadsync.model.post import Publication
from threadsync.model.target import Target
from threadsync.providers.base import Provider
from threadsync.statefile.lock import Holder
from threadsync.statefile.store import Session

_NO_JOURNAL: Final = (
    "Nothing was published. Give journal= a file that publish made and this user may read, or one that is not"
    " there yet."
)


def publish(what: Said, keeping: Keeping, means: Means) -> PublishedPost:
    """Publish *what*, or go on where an earlier call with the same journal and key stopped.

    Raises:
        ThreadsyncError: as ``Client.publish`` says.
    """
    (target,) = means.project.targets.values()
    record = Unkept()
    provider = means.provider(target, record.lineage)
    with TemporaryDirectory(prefix="threadsync-") as folder:
        attached = means.attachments(Path(folder))
        made, warnings = declared(what, means.project, provider, attached, longest(provider))
        with means.connect(attached) as connected:
            run = Run(means, connected)
            if keeping.journal is not None:
                return _kept(run, made, _of_account(run, target, provider), keeping, warnings)
            post = Post(run, made, target, provider, record, None, kept=False, allow_duplicate=True)
            return _told(post, post.publish(), warnings)


def _kept(
    run: Run, made: Publication, target: Target, keeping: Keeping, warnings: tuple[Diagnostic, ...]
) -> PublishedPost:
    """Publish *made* with its journal open."""
    means, done = run.means, None
    made = replace(made, address=Address(made.address.key, target.name))
    try:
        with ExitStack() as stack:
            session = stack.enter_context(_opened(means, keeping))
            post = Post(
                run,
                made,
                target,
                means.provider(target, session.ledger.state().lineage),
                session,
                None if session.first_run else session.ledger.written_at,
                kept=True,
                allow_duplicate=keeping.allow_duplicate,
            )
            done = _told(post, post.publish(), warnings)
    except StateError as error:
        if done is not None:
            error.add_note(f"It is live, and on record: {', '.join(done.ids)}.")
        raise
    return done


@contextmanager
def _opened(means: Means, keeping: Keeping) -> Iterator[Session]:
    """Open the journal, and say for a program what can be done where another one holds it."""
    store = means.store(Path(keeping.journal or "").absolute())
    holder = Holder("a program", "publish()", means.clock.now())
    with ExitStack() as stack:
        try:
            session = stack.enter_context(store.open(holder, keeping.lock_timeout_seconds))
        except StateLocked as error:
            raise StateLocked(
                error.problem,
                where=error.where,
                remedy="Call again later, or with longer lock_timeout_seconds. If you know that its holder"
                " has ended, remove that file: the next call settles what was left under way.",
            ) from error
        except StateDamaged as error:
            raise StateDamaged(
                error.problem,
                where=error.where,
                remedy=f"Nothing was published. Put the newest good copy of {store.where}.history in its"
                " place; an older one is safe too: what was published since is held back (looks-published)."
                " Where there is none, move the file away: own posts are read back then.",
            ) from error
        except StateForeign as error:
            raise StateForeign(error.problem, where=error.where, remedy=_NO_JOURNAL) from error
        except StateError as error:
            if type(error) is not StateError:
                raise
            raise StateError(error.problem, where=error.where, remedy=_NO_JOURNAL) from error
        yield session


def _of_account(run: Run, target: Target, provider: Provider) -> Target:
    """Return *target* as the account that the credential opens: a journal keeps accounts apart (law 7)."""
    account = run.result(NoJournal(), "account", target.name, provider.identify())
    name = TargetName(f"{network_of(target.name)}/{account.account_id}")
    return replace(target, name=name, account=account.account_id)


def _told(post: Post, note: str, warnings: tuple[Diagnostic, ...]) -> PublishedPost:
    return PublishedPost(post.made.address.key, post.live, tuple(post.run.means.answers), warnings, note)
