"""Small projects on disk, and what loading them finds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from threadsync.config import load_project
from threadsync.content.loader import Content, load
from threadsync.content.rule import GOOD, SAMPLE_PROJECT, Sample
from threadsync.errors import ProjectError
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address, MediaDigest, PostKey, TargetName
from threadsync.model.post import MediaFacts, Publication

THREADS, BLUESKY = TargetName("threads/main"), TargetName("bluesky/brand")
LFS = b"version https://git-lfs.github.com/spec/"


def probe(path: Path) -> MediaFacts | str:
    """Know a file as a small JPEG by its bytes, as a video that nothing can read, or as a Git LFS pointer."""
    data = path.read_bytes()
    if data.startswith(LFS):
        return "this is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"
    if data.startswith(b"a video"):
        return MediaFacts(MediaDigest(""), len(data), "video", "MP4", 0, 0)
    return MediaFacts(MediaDigest(hashlib.sha256(data).hexdigest()), len(data), "image", "JPEG", 100, 100)


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write *files* below *root*, with the sample project file if they have none."""
    for name, content in {"threadsync.yaml": SAMPLE_PROJECT, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def load_files(root: Path, files: Mapping[str, str | bytes]) -> Content:
    """Load a project made of *files*."""
    return load(load_project(write(root, files), exact=True), probe)


def load_post(root: Path, text: str, **files: str) -> Content:
    """Load a project with one post, ``posts/post.md``."""
    return load_files(root, {"posts/post.md": text, **files})


def published(content: Content, key: str = "post", target: TargetName = THREADS) -> Publication:
    """Return a publication of content that has no findings."""
    assert content.findings == ()
    return content.publications[Address(PostKey(key), target)]


def findings_of(root: Path, sample: Sample) -> tuple[Diagnostic, ...]:
    """Return what a rule's sample is found to be."""
    files = {"posts/post.md": sample} if isinstance(sample, str) else dict(sample)
    try:
        return load_files(root, files).findings
    except ProjectError as error:
        return error.findings


__all__ = [
    "BLUESKY",
    "GOOD",
    "SAMPLE_PROJECT",
    "THREADS",
    "findings_of",
    "load_files",
    "load_post",
    "probe",
    "published",
    "write",
]
