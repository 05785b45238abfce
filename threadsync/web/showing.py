"""What the preview shows: the last look at a project, and what each further look changed of the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content.escape import printable
from threadsync.errors import ContentError, ProjectError, ThreadsyncError
from threadsync.media.thumbnail import Thumbnail, thumbnail
from threadsync.model.diagnostic import Severity
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.post import MediaFacts
from threadsync.operations.picturing import media_of_all, source_lines
from threadsync.operations.preview import Preview
from threadsync.operations.workspace import Workspace
from threadsync.views import sheet_html
from threadsync.views.sheet import Post, Seeable, Sheet, Trouble
from threadsync.views.sheet import Preview as PageOfPreview
from threadsync.views.sheet_making import finding_of, sheet_of
from threadsync.views.sheet_parts import lines
from threadsync.views.words import many

THUMBNAILS_KEPT = 512
"""So many small copies are kept; each takes 48 KB at most."""
LAST_READ = "As it was when its file could be read last; mend this to see it as it is now."
STALE = "What is shown is of the last look at which all could be read."
NAMED_MAX = 3
"""So many posts that changed are named; of more, how many."""
EMPTY = Sheet("Preview", "", "", "", (), (), (), (), (), 0)

File: TypeAlias = tuple[Path, str, MediaFacts]
"""A file that the page shows: the project's folder, the path in it, and what is known of it."""


class Change(Struct, frozen=True):
    """What one look changed of the page: *blocks* by their ids, the *order* of posts, and which *changed*.

    *whole* says that more changed than can be put in, so that the page is to be loaded anew.
    """

    version: str
    blocks: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    said: str = ""
    whole: bool = False

    def json(self) -> Json:
        """Return what the page's script reads."""
        return {
            "blocks": dict(self.blocks),
            "order": list(self.order),
            "changed": list(self.changed),
            "said": self.said,
        }


class _Seen(Struct, frozen=True):
    """What a page shows."""

    sheet: Sheet
    trouble: Trouble | None


class _UnseenError(Exception):
    """A picture cannot be shown, and why."""


class Showing(Struct):
    """The page as of the last look; looks come from one worker, readers from others."""

    session: str
    """Tells a page that another run of the preview made it."""
    tell: Callable[[Change], None] = lambda _: None
    """Is told what each look changed."""
    _number: int = 0
    _sheet: Sheet = EMPTY
    _trouble: Trouble | None = None
    _blocks: Mapping[str, str] = field(default_factory=dict)
    _files: Mapping[MediaDigest, File] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: threading.Lock = field(default_factory=threading.Lock)
    """A large picture takes some 300 MB to be made small, so one is made at a time."""

    @property
    def version(self) -> str:
        """Which look the page is of."""
        return f"{self.session}-{self._number}"

    def page(self, nonce: str) -> tuple[str, str]:
        """Return the page, and its version; only scripts with *nonce* run in it."""
        with self._lock:
            sheet, trouble, version = self._sheet, self._trouble, self.version
        return sheet_html.preview_html(sheet, PageOfPreview(version, nonce, trouble)), version

    def thumbnail(self, digest: str) -> Thumbnail | str | None:
        """Return a small copy of a picture or video that the page shows, or why there is none.

        None where the page shows no such file.
        """
        with self._lock:
            found = self._files.get(MediaDigest(digest))
        if found is None:
            return None
        try:
            with self._making:
                return _thumbnail(found[0] / found[1], found[2])
        except _UnseenError as error:
            return str(error)

    def look(self, workspace: Workspace, preview: Preview) -> None:
        """Show what a look at the project found."""
        prepared = preview.prepared
        root = workspace.project.root
        files = {facts.digest: (root, path, facts) for path, facts in media_of_all(prepared)}
        pictures = {digest: Seeable(f"/media/{digest}") for digest in files}
        sources = source_lines(workspace, prepared.findings)
        sheet = sheet_of(prepared, pictures, sources, whole=True, title="Preview")
        shown = kept(self._sheet, sheet)
        if shown is not sheet:
            files = {**self._files, **files}
        self._show(shown, None, files, workspace.clock.now())

    def problem(self, error: ThreadsyncError, now: datetime) -> None:
        """Show why the project cannot be looked at; what was seen of it before stays."""
        where = f"{error.where}: " if error.where else ""
        findings = error.findings if isinstance(error, ProjectError | ContentError) else ()
        trouble = Trouble(
            lines(f"{where}{error.problem}"),
            lines(error.remedy),
            tuple(finding_of(finding, {}) for finding in findings),
        )
        self._show(self._sheet, trouble, self._files, now)

    def _show(
        self,
        sheet: Sheet,
        trouble: Trouble | None,
        files: Mapping[MediaDigest, File],
        now: datetime,
    ) -> None:
        before = _Seen(self._sheet, self._trouble)
        blocks = {"problem": sheet_html.problem_html(trouble), **sheet_html.blocks_html(sheet)}
        known = {post.id: post for post in before.sheet.posts}
        new = [post for post in sheet.posts if post != known.get(post.id)]
        changed = {name: html for name, html in blocks.items() if html != self._blocks.get(name)}
        if before.sheet.listed != sheet.listed:  # a long one takes its time to be made
            changed["list"] = sheet_html.list_html(sheet)
        gone = len(known.keys() - {post.id for post in sheet.posts})
        is_same_order = [post.id for post in before.sheet.posts] == [post.id for post in sheet.posts]
        whole = before.sheet.targets != sheet.targets or before.sheet is EMPTY
        with self._lock:
            self._sheet, self._trouble, self._files, self._blocks = sheet, trouble, files, blocks
            if not (changed or new or whole) and is_same_order:
                return
            self._number += 1
            version = self.version
        if whole:
            self.tell(Change(version, whole=True))
            return
        shown = dict(zip((post.id for post in new), sheet_html.posts_html(new), strict=True))
        saved = [post for post in new if post.id not in known or _ageless(post) != _ageless(known[post.id])]
        news = _news(sheet, saved, gone, before, trouble)
        said = f"{now.astimezone(ZoneInfo(sheet.zone)):%H:%M:%S}: {news}" if news else ""
        order = tuple(post.id for post in sheet.posts)
        seen = ("problem",) if trouble is not None else tuple(post.id for post in saved)
        self.tell(Change(version, {**changed, **shown}, order, seen, said))


def _ageless(post: Post) -> Post:
    """Return *post* without how long ago, or off, its times are: nobody has changed those."""

    def still(told: str) -> str:
        return told.rpartition(", ")[0] or told

    entries = (
        replace(
            entry,
            when=still(entry.when),
            live=tuple(replace(each, published=still(each.published)) for each in entry.live),
        )
        for entry in post.entries
    )
    return replace(post, entries=tuple(entries))


def _news(sheet: Sheet, new: Sequence[Post], gone: int, before: _Seen, trouble: Trouble | None) -> str:
    """Say what a look changed, and how many errors there are, to who looks at another place of the page."""
    if trouble is not None:
        return STALE
    said = "All can be read again." if before.trouble is not None else ""
    if new:
        names = ", ".join(printable(post.key) for post in new) if len(new) <= NAMED_MAX else ""
        said = f"{names or many(len(new), 'post')} changed."
    elif gone:
        said = f"{many(gone, 'post')} gone."
    errors = _errors(sheet)
    return f"{said} {errors}".strip() if said or errors != _errors(before.sheet) else ""


def _errors(sheet: Sheet) -> str:
    every = (*sheet.findings, *(each for post in sheet.posts for each in post.findings))
    errors = sum(each.severity == Severity.ERROR.value for each in every)
    return f"{many(errors, 'error')} in all." if errors else ""


def kept(before: Sheet, now: Sheet) -> Sheet:
    """Return *now* with the posts of *before* whose files cannot be read just now, each at its place.

    Who makes a slip in the head of a post goes on seeing it, with what is to be mended.
    """
    if before.targets != now.targets:
        return now
    known = {post.id for post in now.posts}
    posts, findings = list(now.posts), list(now.findings)
    for number, post in enumerate(before.posts):
        of_it = tuple(each for each in findings if each.place.startswith(f"{post.file}:"))
        if post.id in known or not of_it:
            continue
        findings = [each for each in findings if each not in of_it]
        behind = {each.id for each in before.posts[:number]}
        at = max((place for place, each in enumerate(posts, 1) if each.id in behind), default=0)
        posts.insert(at, replace(post, findings=of_it, note=LAST_READ))
    return replace(now, posts=tuple(posts), findings=tuple(findings)) if len(posts) > len(now.posts) else now


@lru_cache(maxsize=THUMBNAILS_KEPT)
def _thumbnail(path: Path, facts: MediaFacts) -> Thumbnail:
    made = thumbnail(path, facts)
    if isinstance(made, str):
        raise _UnseenError(made)  # not kept: a file that is half written is whole a moment later
    return made
