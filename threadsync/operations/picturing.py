"""What a page of posts shows besides their words: small copies of pictures, and lines of files."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from threadsync.content.reading import read_bytes
from threadsync.content.walking import astray
from threadsync.media.thumbnail import thumbnail
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts, Publication
from threadsync.operations.plan import Prepared
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import Blocked, Create, Extend, Replace, SegmentView, Wait
from threadsync.views.sheet import Line, Part, Pictures, Post, Seeable, Sheet, Sources

PAGE_BYTES_MAX = 8_000_000
"""What all pictures of one page may take together; what comes later is named, and not shown."""
LINE_CHARACTERS_MAX = 10_000
"""Of a line of a file, so much is read."""

Shown: TypeAlias = tuple[str, MediaFacts]
"""A file to be shown: its path in the project, and what is known of it."""


def plan_page(workspace: Workspace, prepared: Prepared) -> str:
    """Return the proof sheet of a plan: one page of HTML that needs nothing else."""
    from threadsync.views.json import as_text, plan_json
    from threadsync.views.sheet_html import sheet_html
    from threadsync.views.sheet_making import sheet_of

    pictures = pictured(workspace, media_of_plan(prepared))
    sheet = sheet_of(prepared, pictures, source_lines(workspace, prepared.findings))
    return sheet_html(bounded(sheet), as_text(plan_json(prepared)))


def bounded(sheet: Sheet, *, bytes_max: int = PAGE_BYTES_MAX) -> Sheet:
    """Return *sheet* with as many pictures as it may hold: one that many posts show is in it as often."""
    left = bytes_max

    def room(seen: Seeable) -> Seeable:
        nonlocal left
        if len(seen.src) > left:
            return _left_out(bytes_max)
        left -= len(seen.src)
        return seen

    def part_of(part: Part) -> Part:
        shots = tuple(replace(shot, seeable=room(shot.seeable)) for shot in part.shots)
        card = part.card
        if card is not None and card.picture is not None:
            card = replace(card, picture=room(card.picture))
        return replace(part, shots=shots, card=card)

    def post_of(post: Post) -> Post:
        entries = (replace(entry, parts=tuple(map(part_of, entry.parts))) for entry in post.entries)
        return replace(post, entries=tuple(entries))

    return replace(sheet, posts=tuple(map(post_of, sheet.posts)))


def _left_out(bytes_max: int) -> Seeable:
    return Seeable(why=f"left out: the pictures of one page take {bytes_max / 1e6:.0f} MB at most")


def pictured(workspace: Workspace, shown: Iterable[Shown], *, bytes_max: int = PAGE_BYTES_MAX) -> Pictures:
    """Return small copies of the files *shown* as data URIs, each file once, in their order."""
    found: dict[MediaDigest, Seeable] = {}
    left = bytes_max
    for path, facts in shown:
        if facts.digest in found:
            left -= len(found[facts.digest].src)  # a page has it once for each post
            continue
        if left <= 0:
            found[facts.digest] = _left_out(bytes_max)
            continue
        made = thumbnail(workspace.project.root / path, facts)
        if isinstance(made, str):
            found[facts.digest] = Seeable(why=made)
            continue
        src = f"data:{made.media_type};base64,{base64.b64encode(made.content).decode()}"
        left -= len(src)
        found[facts.digest] = Seeable(src)
    return found


def media_of_plan(prepared: Prepared) -> Iterator[Shown]:
    """Yield the pictures and videos that the actions of a plan show, in their order."""
    for action in prepared.plan.actions:
        if isinstance(action, Create | Extend | Replace | Wait | Blocked):
            wanted = prepared.desired.publications.get(action.address)
            yield from _media(action.segments, wanted.publication if wanted is not None else None)


def media_of_all(prepared: Prepared) -> Iterator[Shown]:
    """Yield the pictures and videos of every post and draft."""
    for wanted in (*prepared.desired.publications.values(), *prepared.drafts.values()):
        yield from _media(wanted.segments, wanted.publication)


def _media(views: Iterable[SegmentView], publication: Publication | None) -> Iterator[Shown]:
    declared = publication.segments if publication is not None else ()
    for view in views:
        for item in view.media:
            yield (item.path if item.rendition is None else item.rendition.path), item.sent
        card = declared[view.index].card if view.index < len(declared) else None
        if card is not None and card.thumb is not None:
            yield card.thumb.path, card.thumb.facts


def source_lines(workspace: Workspace, findings: Iterable[Diagnostic]) -> Sources:
    """Return the lines of posts that *findings* are about; of a file that cannot be read there is none.

    Lines of the project file are not shown: a secret may stand there by mistake. Nor are those behind a link
    that is refused for where it leads.
    """
    project = workspace.project
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.location.file, set()).add(finding.location.line)
    found: dict[tuple[str, int], Line] = {}
    for file, numbers in wanted.items():
        path = project.root / file
        if not path.is_relative_to(project.posts) or astray(str(project.root), os.path.realpath(path)):
            continue
        data = read_bytes(str(path), file)
        if isinstance(data, Diagnostic):
            continue
        every = data.decode(errors="replace").replace("\r\n", "\n").split("\n")
        for number in numbers:
            if number <= len(every):
                found[file, number] = Line(every[number - 1][:LINE_CHARACTERS_MAX])
    return found
