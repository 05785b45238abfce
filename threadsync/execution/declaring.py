"""What a program says of a post, as the publication that a post file with the same keys would be.

The schema, the rules of content and the network's own checks are those of files, and find the same; the
places of findings have no lines here, so a finding's line is the number of its segment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from threadsync.content import explain, references
from threadsync.content.escape import CONTROL, named
from threadsync.content.foreign import foreign_networks
from threadsync.content.project import Project
from threadsync.content.publications import publications_of
from threadsync.content.rules import finding
from threadsync.content.segments import Declared
from threadsync.content.yaml12 import Document, Path, Place
from threadsync.errors import ContentError, UsageError
from threadsync.execution.attachments import Attachments
from threadsync.execution.publish_said import Options, PostSegment, Said
from threadsync.model.diagnostic import Diagnostic, Location, by_place
from threadsync.model.ids import Address, Json, PostKey, TargetName, network_of
from threadsync.model.post import Publication
from threadsync.planning.claims import unclaimed
from threadsync.providers.base import Permalinks, Provider

PLACE: Final = "publish"
"""What stands for the file in the places of findings."""
UNNAMED: Final = PostKey("post")
"""The key of a post without one, until its content is known."""


def declared(
    what: Said, project: Project, provider: Provider, attached: Attachments, links: Permalinks
) -> tuple[Publication, tuple[Diagnostic, ...]]:
    """Return *what* as the publication on the one target of *project*, and the warnings there are.

    Raises:
        ContentError: something is wrong; all of it is told.
        UsageError: some options are nothing that a post file could hold.
    """
    (target,) = project.targets
    values = _values(what, target, attached)
    findings = list(_unreadable(values)) or explain.check(
        values, "post", _places(values), PLACE, foreign=foreign_networks(project.targets)
    )
    if findings:
        raise _refused(findings, len(what.segments))
    post = Declared(PLACE, _places(values), values)
    made, findings = publications_of(post, PostKey(what.key or UNNAMED), project, attached)
    fitted = [attached.fitted(each, provider.capabilities.pictures) for each in made]
    for each, unfitted in fitted:
        refused = provider.check(each, links)
        findings += [*unfitted, *refused, *unclaimed(each, provider.capabilities, refused)]
    if any(each.is_error for each in findings) or not fitted:
        raise _refused(findings, len(what.segments))
    ((publication, _),) = fitted
    if what.key is None:
        key = PostKey(f"post-{publication.digest[:32]}")
        publication = replace(publication, address=Address(key, target))
    return publication, tuple(findings)


def check_references(publication: Publication, known: frozenset[PostKey]) -> None:
    """Find out whether *publication* names only posts whose keys are *known*.

    Raises:
        ContentError: it names another.
    """
    address = publication.address
    there = references.Known(
        {address: publication}, {}, known | {address.key}, known, frozenset({address.target})
    )
    findings, _ = references.check([publication], there)
    if findings:
        remedy = "Name a post by a key that was published with this journal, by its permalink, or by id:…"
        raise _refused([replace(each, remedy=remedy) for each in findings], len(publication.segments))


def _values(what: Said, target: TargetName, attached: Attachments) -> dict[str, Json]:
    network = str(network_of(target))
    whole: dict[str, Json] = {
        "key": what.key,
        "targets": [str(target)],
        "segments": [_segment(each, network, attached) for each in what.segments],
        "reply_to": what.reply_to,
        "repost": what.repost,
        "who_can_reply": what.who_can_reply,
        "tags": _listed(what.tags),
        "langs": _listed(what.langs),
        "number": what.number,
        "fit": what.fit or None,
        network: _plain(what.options) or None,
    }
    return {name: value for name, value in whole.items() if value is not None}


def _segment(segment: PostSegment, network: str, attached: Attachments) -> dict[str, Json]:
    values: dict[str, Json] = {
        "text": segment.text.replace("\r\n", "\n").replace("\r", "\n"),
        "media": attached.add(segment.media) or None,
        "link": segment.link,
        "poll": {"options": _listed(segment.poll)} if segment.poll else None,
        "quote": segment.quote,
        network: _plain(segment.options) or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _listed(texts: Sequence[str]) -> Json:
    """Return *texts* as a list; None where there are none. One text is no list, which the schema says."""
    return texts if isinstance(texts, str) else list(texts) or None


def _plain(options: Options) -> dict[str, Json]:
    """Return *options* in the types that a file is read as."""
    try:
        plain: dict[str, Json] = json.loads(json.dumps(dict(options), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the options hold what no post file can say: {error}",
            remedy="Give texts, numbers, True and False, lists and mappings of them.",
        ) from error
    return plain


def _places(values: Mapping[str, Json]) -> Document:
    """Return *values* with the number of its segment as the line of each."""
    segments = values["segments"]
    count = len(segments) if isinstance(segments, list) else 0
    places: dict[Path, Place] = {("segments", index): (index + 1, 1) for index in range(count)}
    return Document(values, places, places)


def _unreadable(value: Json, line: int = 1) -> list[Diagnostic]:
    """Find characters that no post file may hold."""
    match value:
        case str():
            match = CONTROL.search(value)
            if match is None:
                return []
            problem = f"this holds the control character {named(match.group())}."
            return [finding("file/control-character", Location(PLACE, line), problem)]
        case Mapping():
            parts = value.get("segments")
            whole = {name: inner for name, inner in value.items() if name != "segments"}
            found = [each for inner in whole.values() for each in _unreadable(inner, line)]
            for number, part in enumerate(parts if isinstance(parts, list) else (), start=1):
                found += _unreadable(part, number)
            return found
        case list():
            return [each for inner in value for each in _unreadable(inner, line)]
        case _:
            return []


def _refused(findings: Sequence[Diagnostic], segments: int) -> ContentError:
    found = sorted(dict.fromkeys(findings), key=by_place)
    return ContentError(
        "nothing was published: the post cannot go out as it is.\n"
        + "\n".join(f"  {_in_chain(each, segments)}{each.problem} {each.remedy}" for each in found),
        found,
        remedy="Correct it and call publish again.",
    )


def _in_chain(finding: Diagnostic, segments: int) -> str:
    """Return the name of a finding's segment, where there are several and it does not say that itself."""
    return (
        ""
        if segments == 1 or finding.problem.startswith("segment ")
        else f"segment {finding.location.line}: "
    )
