"""Looking at a public address as a network's fetcher would, before the network is sent there.

What a fetcher must find: https, no redirect, no credential asked for, the file itself under its own
media type, and a name that ends as such files do. Threads fetches from Meta's data centres
(https://developers.facebook.com/docs/threads/posts, "publicly accessible"), so an address of this machine or
of a network of its own is no use; only a sandbox fetches from here.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from threadsync import __version__
from threadsync.content.escape import shown
from threadsync.execution.clock import Clock
from threadsync.execution.hosting_file import MediaFile
from threadsync.flows.effects import NoResponse
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl
from threadsync.model.urls import is_loopback

if TYPE_CHECKING:
    from threadsync.execution.transport import Fetched

LOOK_SECONDS = 30.0
"""How long one look at the beginning of a hosted file may take."""
SEEN_SECONDS = 900.0
"""For how long an address that was seen to be well is not looked at again."""
LOOKS_MAX = 4
"""How often a fresh upload is looked at that is not there yet: some stores take seconds to show it."""
LOOK_PAUSE_SECONDS = 1.0
"""How long to wait before the second look; twice as long before each further one."""
FETCH_SECONDS = 60.0
"""How long reading back one hosted file may take, besides what its size takes."""
FETCH_BYTES_PER_SECOND = 1_000_000
"""How fast a web server is at least: a video of 1 GB gets a quarter of an hour."""
FETCH_BYTES_MORE = 1024 * 1024
"""How many bytes more than the file's are read before they count as another file's."""

URL_CHARACTERS_MAX = 300
"""How much of an address is shown."""

AGENT = f"facebookexternalhit/1.1 (threadsync/{__version__})"
"""Firewalls let programs in or keep them out by name; Meta's crawler is called so
(https://developers.facebook.com/docs/sharing/webmasters/web-crawlers)."""

_SAME_TYPES = {"image/jpg": "image/jpeg", "video/x-m4v": "video/mp4"}
"""Names in use that mean a registered type."""
_PAGE = (b"<!doctype html", b"<html", b"<head")
_OWN_DOMAIN = "Serve your files under a domain of your own."
_DOUBTFUL = (
    ("r2.dev", "", "the development address of an R2 bucket", "Connect a domain of your own to the bucket."),
    ("github.com", "/releases/download/", "a release download, which redirects", _OWN_DOMAIN),
    ("catbox.moe", "", "a place for passing files on", _OWN_DOMAIN),
    ("picsum.photos", "", "a place for sample pictures", _OWN_DOMAIN),
    ("storage.googleapis.com", "", "an address that the buckets of many share", _OWN_DOMAIN),
    ("vercel.app", "", "an address of previews", _OWN_DOMAIN),
    ("ngrok.io", "", "a tunnel", _OWN_DOMAIN),
    ("ngrok.app", "", "a tunnel", _OWN_DOMAIN),
    ("ngrok-free.app", "", "a tunnel", _OWN_DOMAIN),
    ("trycloudflare.com", "", "a tunnel", _OWN_DOMAIN),
    ("loca.lt", "", "a tunnel", _OWN_DOMAIN),
)
"""Domains (with a part of the path) from which containers were reported to end in ERROR without a reason.

Meta documents none of them, so they are warned about and not refused.
"""


class Fetch(Protocol):
    """Reads a public address; ``Transport.fetch`` is one."""

    def __call__(
        self,
        url: str,
        *,
        bytes_max: int,
        timeout_seconds: float,
        agent: str,
        whole: bool,
        public_only: bool,
    ) -> Fetched | NoResponse:
        """Return what *url* serves, or why nothing came."""
        ...


def named(url: str) -> str:
    """Return *url* as messages name it: what follows a question mark may be a secret."""
    return shown(url.partition("?")[0].partition("#")[0], URL_CHARACTERS_MAX)


def doubtful(url: str) -> MediaProblem | None:
    """Return what speaks against *url*, where fetches from its domain are known to have failed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    for domain, path, what, remedy in _DOUBTFUL:
        if (host == domain or host.endswith(f".{domain}")) and path in parts.path:
            return MediaProblem(f"{host} is {what}: networks have failed to fetch from there", remedy)
    return None


class Seen:
    """Addresses that were seen to serve what they should a short while ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[MediaDigest, tuple[PublicUrl, float]] = {}

    def add(self, media: MediaDigest, url: PublicUrl) -> None:
        """Remember that *url* serves *media* now."""
        self._known[media] = url, self._clock.monotonic()

    def url_of(self, media: MediaDigest) -> PublicUrl | None:
        """Return where *media* was seen; None where that was too long ago, or never."""
        url, at_seconds = self._known.get(media, (None, 0.0))
        return url if self._clock.monotonic() - at_seconds <= SEEN_SECONDS else None


class Finding(Struct, frozen=True):
    """What is wrong with an address; *passing* says whether it may be well a little later."""

    problem: MediaProblem
    passing: bool = False


class Prober(Struct, frozen=True):
    """Looks at addresses; *at_home* says that the network is on this machine, and may fetch from it."""

    fetch: Fetch
    clock: Clock
    at_home: bool

    def settled(self, url: str, file: MediaFile) -> MediaProblem | None:
        """Look at *url* until it serves *file*, or surely never will; a few bytes are read of it."""
        pause = LOOK_PAUSE_SECONDS
        for number in range(1, LOOKS_MAX + 1):
            found = self.look(url, file)
            if found is None or not found.passing or number == LOOKS_MAX:
                return None if found is None else found.problem
            self.clock.sleep(pause)
            pause *= 2
        raise AssertionError("a bound of at least one look ends the loop")

    def look(self, url: str, file: MediaFile, *, whole: bool = False) -> Finding | None:
        """Return why a fetcher would not get *file* from *url*; with *whole*, every byte is compared."""
        unfit = self._unfit(url, file)
        if unfit is not None:
            return Finding(unfit)
        seconds = FETCH_SECONDS + file.size / FETCH_BYTES_PER_SECOND if whole else LOOK_SECONDS
        served = self.fetch(
            url,
            bytes_max=file.size + FETCH_BYTES_MORE if whole else 0,
            timeout_seconds=seconds,
            agent=AGENT,
            whole=whole,
            public_only=not (self.at_home and is_loopback(url)),
        )
        if isinstance(served, NoResponse):
            remedy = "Check the address; it must be reachable from everywhere."
            return Finding(
                MediaProblem(f"{named(url)} cannot be fetched: {served.reason}", remedy), passing=True
            )
        return _refusal(url, served) or _wrong(url, served, file, whole=whole)

    def _unfit(self, url: str, file: MediaFile) -> MediaProblem | None:
        """Return what is wrong with *url* before anything is asked of it."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (self.at_home and is_loopback(url)):
            return MediaProblem(
                f"{named(url)} is not https: networks do not fetch from it", "Serve it over https."
            )
        if not PurePosixPath(parts.path).suffix:
            problem = f"{named(url)} does not end like a media file: networks often refuse such addresses"
            return MediaProblem(problem, f"Give the file a name that ends in {file.suffix or '.jpg'}.")
        return None


def _refusal(url: str, served: Fetched) -> Finding | None:
    match served.status:
        case 200:
            return None
        case 301 | 302 | 303 | 307 | 308:
            # Only where to, not the whole of it: what is redirected to is often signed.
            onward = urlsplit(urljoin(url, served.headers.get("location", ""))).hostname or "nowhere"
            problem = f"{named(url)} redirects ({served.status}) to {shown(onward)}: fetchers stop there"
            return Finding(MediaProblem(problem, "Name the address that serves the file itself."))
        case 401 | 403 as status:
            problem = f"{named(url)} answers {status}: it is not public"
            remedy = "Let everybody read the files, and no firewall keep facebookexternalhit out."
            return Finding(MediaProblem(problem, remedy))
        case status:
            passing = status in {404, 408, 425, 429} or status >= 500
            remedy = "Make the file public there, or say in threadsync.yaml where it is (media_hosts:)."
            return Finding(MediaProblem(f"{named(url)} answers {status}", remedy), passing)


def _wrong(url: str, served: Fetched, file: MediaFile, *, whole: bool) -> Finding | None:
    remedy = "Upload the file as it is on disk, or correct media_hosts:, then look again."
    kind = served.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"} or served.head.lstrip().lower().startswith(_PAGE):
        problem = f"{named(url)} serves a web page, such as one to log in at, instead of the file"
        return Finding(MediaProblem(problem, "Make the file itself public there, without a log-in."))
    if _SAME_TYPES.get(kind, kind) != file.content_type:
        problem = (
            f"{named(url)} serves it as {shown(kind) or 'nothing in particular'}, not as {file.content_type}"
        )
        return Finding(MediaProblem(problem, f"Let the server send Content-Type: {file.content_type}."))
    announced = served.headers.get("content-length", "")
    length = int(announced) if not whole and announced.isdecimal() else served.size if whole else file.size
    if length != file.size or (whole and served.sha256 != file.digest):
        sizes = f"{length} instead of {file.size} bytes"
        problem = f"{named(url)} serves other bytes than the file on disk ({sizes})"
        return Finding(MediaProblem(problem, remedy))
    try:
        with file.path.open("rb") as opened:
            begins = opened.read(len(served.head)) == served.head != b""
    except OSError as error:
        return Finding(MediaProblem(f"{file.path} cannot be read: {error.strerror}", remedy))
    problem = f"{named(url)} serves other bytes than the file on disk, from the first on"
    return None if begins else Finding(MediaProblem(problem, remedy))
