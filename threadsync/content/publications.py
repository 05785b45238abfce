"""One publication per target from a declared post.

Does no input or output of its own: media are looked up through a ``Finder``.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content import inline, merge, segments
from threadsync.content.controls import control_of
from threadsync.content.escape import shown
from threadsync.content.explain import suggestion
from threadsync.content.foreign import foreign_networks
from threadsync.content.markdown import Part, Picture
from threadsync.content.media import Finder
from threadsync.content.merge import TEXT_KEYS, Layer
from threadsync.content.project import Project
from threadsync.content.references import reference_of
from threadsync.content.rules import finding
from threadsync.content.segments import Declared, Piece
from threadsync.content.times import TimeProblem
from threadsync.content.yaml12 import Path
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.digest import digest_of, digest_of_segments
from threadsync.model.ids import Address, Json, NetworkName, PostKey, TargetName, network_of
from threadsync.model.post import Caption, Control, Media, Publication, Reference, Segment, numbering
from threadsync.model.text import Spans

_POST_CONTENT = ("reply_to", "repost", "who_can_reply", "tags", "langs", "number")
"""Content of the whole post: the digest of the first segment covers it (law 11)."""
_OPTIONS_WITH_CONTENT = frozenset({"long_text", "gif"})
_FIRST_SEGMENT = ("link", "poll", "quote")
"""Keys that mean the first segment where they stand at the top of a post."""


def publications_of(
    declared: Declared, key: PostKey, project: Project, media: Finder
) -> tuple[list[Publication], list[Diagnostic]]:
    """Return the post on each of its targets, and everything wrong with it."""
    maker = _Maker(declared, key, project, media)
    made = [maker.publication(target) for target in maker.targets()]
    return [each for each in made if each is not None], list(maker.findings)


class _Maker(Struct):
    """What one post needs while its publications are made; each text is read once for all targets."""

    declared: Declared
    key: PostKey
    project: Project
    media: Finder
    findings: dict[Diagnostic, None] = field(default_factory=dict)
    _spans: dict[str, Spans] = field(default_factory=dict)
    _pieces: dict[Path, tuple[Piece, ...]] = field(default_factory=dict)
    _made: dict[tuple[NetworkName, tuple[Path | None, ...]], Publication | None] = field(default_factory=dict)
    """By network and by the layers that make it up: nothing else of a target tells two posts apart."""

    def find(self, rule: str, location: Location, problem: str, remedy: str | None = None) -> None:
        self.findings[finding(rule, location, problem, remedy)] = None

    @property
    def whole(self) -> Location:
        """The file itself."""
        return Location(self.declared.file)

    def targets(self) -> list[TargetName]:
        """Return the post's targets, those that the project has."""
        named = self.declared.values.get("targets", self.project.defaults.get("targets"))
        if not isinstance(named, list):
            self.find("post/no-targets", self.whole, "the post names no targets.")
            return []
        names = [TargetName(sys.intern(str(name))) for name in named]
        self._check_overrides(names)
        known = self.project.targets
        for index, target in enumerate(names):
            if target not in known:
                remedy = suggestion(target, known) or f"The project has {', '.join(known)}."
                at = self.declared.place(("targets", index))
                self.find("post/unknown-target", at, f"the project has no target {shown(target)}.", remedy)
        return [target for target in names if target in known]

    def _check_overrides(self, targets: Sequence[TargetName]) -> None:
        overrides = self.declared.values.get("overrides")
        known = {*map(str, targets), *(str(network_of(target)) for target in targets)}
        for name in overrides if isinstance(overrides, dict) else ():
            if name not in known:
                at = self.declared.key_place(("overrides", name))
                problem = f"overrides names {shown(name)}, and the post does not go there."
                self.find("post/override-target", at, problem, suggestion(name, known) or None)

    def publication(self, target: TargetName) -> Publication | None:
        """Return the post as declared for *target*; None where that cannot be told."""
        layers = merge.layers_for(target, self.declared, self.project.defaults)
        kind = (network_of(target), tuple(layer.path for layer in layers))
        if kind not in self._made:
            self._made[kind] = self._publication(target, layers)
        made = self._made[kind]
        if made is None or made.address.target == target:
            return made
        return replace(made, address=Address(self.key, target))

    def _publication(self, target: TargetName, layers: list[Layer]) -> Publication | None:
        values = merge.values_of(layers)
        pieces = self._words(layers)
        control = self._control(values, layers)
        if pieces is None or control is None:
            return None
        made = self._segments(pieces, values, layers, str(network_of(target)))
        options = values.get(str(network_of(target)))
        return Publication(
            Address(self.key, target),
            made,
            control,
            self.whole,
            digest_of_segments([segment.digest for segment in made]),
            reply_to=self._reference("reply_to", values, layers),
            repost=self._reference("repost", values, layers),
            who_can_reply=_text(values.get("who_can_reply")),
            tags=_texts(values.get("tags")),
            langs=_texts(values.get("langs")),
            number=_text(values.get("number")),
            options=options if isinstance(options, dict) else {},
            key_locations=merge.places_of_keys(
                layers, values, self.declared, self.project.defaults_locations
            ),
        )

    def _control(self, values: Mapping[str, Json], layers: list[Layer]) -> Control | None:
        try:
            control = control_of(values, self.project.policies, self.project.zone)
        except TimeProblem as error:
            publish = values.get("publish")
            inside = error.key if isinstance(publish, dict) and error.key in publish else None
            said = publish[inside] if isinstance(publish, dict) and inside is not None else publish
            at = merge.place_of("publish", layers, self.declared, *([inside] if inside is not None else []))
            subject = f'"{shown(said)}"' if isinstance(said, str) else "publish"
            self.find(error.rule, at or self.whole, f"{subject} {error.problem}.", error.remedy)
            return None
        if control.publish is None and self.project.publish_required and not control.draft:
            self.find("post/publish-required", self.whole, "the post has no publish:.")
        return control

    def _words(self, layers: list[Layer]) -> tuple[Piece, ...] | None:
        """Return the segments of the closest layer that has some; None where they contradict each other."""
        declared, body = self.declared, self.declared.parts
        for layer in reversed(layers):
            if layer.path is None:
                continue
            named = [key for key in TEXT_KEYS if key in layer.values]
            if layer.path == ():
                named = [key for key in named if layer.values[key] is not None]
            if not named:
                continue
            at = declared.key_place((*layer.path, named[-1]))
            if len(named) > 1:
                self.find("post/text-twice", at, "both text: and segments: stand here.")
                return None
            if layer.path == () and body is not None and _has_words(body):
                self.find("post/text-twice", at, f"the post has {named[0]}: and a body.")
                return None
            return self._read((*layer.path, named[0]), layer.values[named[0]])
        return self._read((), None)

    def _read(self, path: Path, value: Json) -> tuple[Piece, ...]:
        """Return the segments that *value*, at *path*, makes; those of the body, for an empty path."""
        known = self._pieces.get(path)
        if known is not None:
            return known
        declared, foreign = self.declared, foreign_networks(self.project.targets)
        if not path and declared.parts is not None:
            pieces, faults = segments.from_parts(declared.parts, declared.file, foreign)
        elif isinstance(value, list):
            pieces, faults = segments.from_entries(value, declared, path, foreign)
        else:
            text = value if isinstance(value, str) else ""
            pieces, faults = segments.from_text(text, declared.place(path), foreign)
        self.findings.update(dict.fromkeys(faults))
        self._pieces[path] = pieces
        return pieces

    def _segments(
        self, pieces: tuple[Piece, ...], values: Mapping[str, Json], layers: list[Layer], network: str
    ) -> tuple[Segment, ...]:
        at = {
            index: merge.place_of("media", layers, self.declared, index) or self.whole
            for index in range(len(_list(values.get("media"))))
        }
        top = segments.media_of(values.get("media"), at)
        content = {key: values[key] for key in _POST_CONTENT if key in values}
        if network in values:
            content["network"] = values[network]
            if _names_a_link(values[network]):
                self._no_link(f"{network}:", merge.place_of(network, layers, self.declared))
        found: list[Segment] = []
        number = _text(values.get("number"))
        for index, piece in enumerate(pieces):
            first = index == 0
            whole = {key: values[key] for key in _FIRST_SEGMENT if key in values} if first else {}
            keys = merge.merged(whole, piece.keys)
            pictures = (*top, *piece.media) if first else piece.media
            says_more = first and ("repost" in values or _has_content(values.get(network)))
            if not (piece.part.text or pictures or says_more or _says_something(keys, network)):
                self._empty(piece.part, alone=len(pieces) == 1)
            of_post = dict(content) if first else {}
            # Numbers change with their place and with how many segments there are: that is content too.
            of_post["numbered"] = numbering(number, index, len(pieces))
            found.append(self._segment(piece.part, pictures, keys, network, of_post))
        return tuple(found)

    def _empty(self, part: Part, *, alone: bool) -> None:
        if alone:
            self.find("post/empty", part.location, "the post is empty.")
        else:
            self.find("text/empty-segment", part.location, "this segment is empty.")

    def _segment(
        self,
        part: Part,
        pictures: tuple[Picture, ...],
        keys: Mapping[str, Json],
        network: str,
        content: Mapping[str, Json],
    ) -> Segment:
        media = tuple(item for item in map(self._media_file, pictures) if item is not None)
        poll, options = keys.get("poll"), keys.get(network)
        if _names_a_link(poll):
            self._no_link("poll:", part.location)
        if _names_a_link(options):
            self._no_link(f"{network}:", part.location)
        declared: dict[str, Json] = {
            **content,
            "text": part.text,
            "media": [
                {
                    "sha256": item.digest,
                    "alt": item.alt,
                    "captions": {each.lang: each.facts.digest for each in item.captions},
                }
                for item in media
            ],
            "link": keys.get("link"),
            "poll": poll,
            "quote": keys.get("quote"),
            "options": options,
        }
        return Segment(
            part.text,
            self._spans_of(part),
            media,
            _text(keys.get("link")),
            poll if isinstance(poll, dict) else None,
            self._parsed("quote", _text(keys.get("quote")), part.location),
            options if isinstance(options, dict) else {},
            digest_of(declared),
            part.location,
        )

    def _spans_of(self, part: Part) -> Spans:
        known = self._spans.get(part.text)
        if known is None:
            known, problems = inline.spans_of(part.text, self.key)
            self._spans[part.text] = known
            for each in problems:
                self.find(each.rule, part.place(each.offset), each.problem, each.remedy)
        return known

    def _media_file(self, picture: Picture) -> Media | None:
        if _names_a_link(picture.alt):
            self._no_link("an alternative text", picture.location)
        folder = posixpath.dirname(self.declared.file)
        found = self.media.find(picture.src, folder, picture.location)
        if isinstance(found, Diagnostic):
            self.findings[found] = None
            return None
        path, facts = found
        captions: list[Caption] = []
        for lang, src in sorted(picture.captions.items()):
            said = self.media.find(src, folder, picture.location)
            if isinstance(said, Diagnostic):
                self.findings[said] = None
            else:
                captions.append(Caption(lang, *said))
        return Media(path, facts, picture.alt, picture.location, captions=tuple(captions))

    def _no_link(self, where: str, at: Location | None) -> None:
        """Find an expression for a link where nothing reads it, so that it would go out as it stands."""
        problem = f"{{{{ links[…] }}}} has no meaning in {where}, and would go out as typed."
        remedy = "Only the text of a segment can hold the address of a post: write it there."
        self.find("text/template", at or self.whole, problem, remedy)

    def _reference(self, key: str, values: Mapping[str, Json], layers: list[Layer]) -> Reference | None:
        if key not in values:
            return None
        at = merge.place_of(key, layers, self.declared) or self.whole
        return self._parsed(key, _text(values[key]), at)

    def _parsed(self, key: str, text: str | None, location: Location) -> Reference | None:
        if text is None:
            return None
        try:
            return reference_of(text)
        except ValueError:
            self.find("reference/form", location, f'{key}: "{shown(text)}" names no post.')
            return None


def _has_words(parts: tuple[Part, ...]) -> bool:
    return any(part.text or part.pictures or part.options is not None for part in parts)


def _says_something(keys: Mapping[str, Json], network: str) -> bool:
    return any(key in keys for key in _FIRST_SEGMENT) or _has_content(keys.get(network))


def _has_content(options: Json) -> bool:
    """Whether a network's options hold words or pictures: the others decorate what is there."""
    return isinstance(options, dict) and not _OPTIONS_WITH_CONTENT.isdisjoint(options)


def _names_a_link(value: Json) -> bool:
    """Whether some text in *value* holds the expression for the address of a post."""
    if isinstance(value, str):
        return inline.names_a_link(value)
    if isinstance(value, dict):
        return any(map(_names_a_link, value.values()))
    return isinstance(value, list) and any(map(_names_a_link, value))


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, _list(value)))
