"""A bucket as a media host: S3 and what speaks like it, and Azure's blobs.

A file's name is made of its content, so it is uploaded once ever, two runs at once store the same
bytes under the same name, and nothing is ever overwritten by something else. It is also made of a
secret (the role ``names``): who knows the picture, or has read its digest in a plan, still cannot tell
where it will be before it is published. See docs/media-hosts.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Final
from urllib.parse import quote

from threadsync.errors import ProjectError
from threadsync.execution.bodies import Content
from threadsync.execution.bucket import ABSENT, EXISTS, HIDDEN, Send, code_of, refused, skewed
from threadsync.execution.hosting_file import MediaFile, Sending, md5_of, media_file
from threadsync.execution.hosting_probe import Finding, Prober, Seen
from threadsync.execution.hosting_signing import Method, SecretOf, Signer, public_base
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl, Role
from threadsync.model.target import MediaHost

NAMES: Final = Role("names")
"""The role of the secret that names are made with."""
NAMES_CHARACTERS_MIN = 16
"""How long that secret is at least, so that it cannot be guessed from a published name."""
NAME_CHARACTERS = 40
"""How many hexadecimal digits a name has: 160 bits."""
LOOK_SECONDS = 30.0
"""How long a store may take to say whether it has a file."""
UPLOAD_SECONDS = 60.0
"""How long one attempt to upload may take, besides what the size takes."""
UPLOAD_BYTES_PER_SECOND = 250_000
"""How fast an upload is at least, 2 Mbit/s: a video of 1 GB gets over an hour."""
UPLOADS_MAX = 3
"""How often an upload that breaks off is begun."""
UPLOAD_PAUSE_SECONDS = 2.0
"""How long to wait before the second attempt; twice as long before the third."""
CACHE = "public, max-age=31536000, immutable"
"""What is under a name never changes, so caches may keep it for a year
(https://www.rfc-editor.org/rfc/rfc8246)."""

_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101"
    "00b138f6140000000049454e44ae426082"
)
"""A PNG of one white pixel, to try a host with."""


class StoreHost:
    """Files in a bucket, uploaded when they are first needed; *prober* sees what a network would."""

    def __init__(
        self,
        host: MediaHost,
        *,
        sign: Signer,
        secret: SecretOf,
        send: Send,
        prober: Prober,
        stopped: Event,
    ) -> None:
        self._host = host
        self._sign = sign
        self._secret = secret
        self._send = send
        self._prober = prober
        self._stopped = stopped
        self._seen = Seen(prober.clock)

    def known(self, media: MediaDigest, path: Path) -> PublicUrl | None:
        """Return the address of *path*, if it was seen to be served a short while ago."""
        return self._seen.url_of(media)

    def place(self, media: MediaDigest, path: Path) -> PublicUrl | MediaProblem:
        """Store *path* unless it is there already, and make sure that everybody can fetch it.

        Raises:
            ProjectError: a credential is missing or cannot be one, or the package that signs is missing.
        """
        file = media_file(media, path)
        if isinstance(file, MediaProblem):
            return file
        md5 = md5_of(file)
        if isinstance(md5, MediaProblem):
            return md5
        name = self._name_of(file)
        problem = self._stored(file, md5, name) or self._prober.settled(self._url_of(name), file)
        if problem is not None:
            return problem
        self._seen.add(media, self._url_of(name))
        return self._url_of(name)

    def check(self, media: MediaDigest, path: Path) -> MediaProblem | None:
        """Return why *path* could not be stored, or is not served where it is stored; nothing is uploaded.

        Raises:
            ProjectError: a credential is missing or cannot be one, or the package that signs is missing.
        """
        file = media_file(media, path)
        if isinstance(file, MediaProblem):
            return file
        md5 = md5_of(file)
        if isinstance(md5, MediaProblem):
            return md5
        name = self._name_of(file)
        size = self._size_of(name)
        if isinstance(size, Finding):
            return size.problem
        if size != file.size:
            return None
        found = self._prober.look(self._url_of(name), file)
        if found is None:
            self._seen.add(media, self._url_of(name))
        return None if found is None else found.problem

    def try_out(self) -> MediaProblem | str:
        """Store a picture of one pixel, fetch it and delete it; return what there is to say of it.

        Raises:
            ProjectError: a credential is missing or cannot be one, or the package that signs is missing.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder, "try.png")
            path.write_bytes(_PICTURE)
            digest = MediaDigest(hashlib.sha256(_PICTURE).hexdigest())
            placed = self.place(digest, path)
            name = self._name_of(MediaFile(digest, path, len(_PICTURE), ".png", "image/png"))
            left = self._refused(self._ask("DELETE", name), "delete")
            if isinstance(placed, MediaProblem):
                return placed
        served = "takes a picture and serves it to everybody"
        return served if left is None else f"{served}; the one it was tried with stays, it may not be deleted"

    def close(self) -> None:
        """Do nothing: what is under way ends by itself once the run is stopped."""

    def _stored(self, file: MediaFile, md5: str, name: str) -> MediaProblem | None:
        """Make sure that the store has *file*; an upload that breaks off is begun again."""
        pause = UPLOAD_PAUSE_SECONDS
        for number in range(1, UPLOADS_MAX + 1):
            found = self._upload(file, md5, name)
            if found is None or not found.passing or number == UPLOADS_MAX or self._stopped.is_set():
                return None if found is None else found.problem
            self._prober.clock.sleep(pause)
            pause *= 2
        raise AssertionError("a bound of at least one upload ends the loop")

    def _upload(self, file: MediaFile, md5: str, name: str) -> Finding | None:
        # Asked first, so that keys that are wrong are found out before a long upload, not in the middle.
        size = self._size_of(name)
        if isinstance(size, Finding):
            return size
        if size == file.size:
            return None
        headers = {
            "Content-Type": file.content_type,
            "Content-MD5": md5,
            "Cache-Control": CACHE,
            "If-None-Match": "*",
        }
        if self._host.kind == "azure":
            # https://learn.microsoft.com/en-us/rest/api/storageservices/put-blob
            headers |= {"x-ms-blob-type": "BlockBlob", "x-ms-blob-cache-control": CACHE}
        seconds = UPLOAD_SECONDS + file.size / UPLOAD_BYTES_PER_SECOND
        answer = self._ask("PUT", name, headers, Sending(file, self._stopped), seconds)
        if isinstance(answer, Response) and (answer.status == 412 or code_of(answer) in EXISTS):
            return None  # another run was faster
        return self._refused(answer, "write")

    def _size_of(self, name: str) -> int | Finding | None:
        """Return how large the file *name* is; None where there is none, or where that may not be asked."""
        answer = self._ask("GET", name, {"Range": "bytes=0-0"})
        if isinstance(answer, Response) and answer.status in {200, 206}:
            whole = answer.headers.get("content-range", "").rpartition("/")[2]
            length = whole or answer.headers.get("content-length", "")
            return int(length) if length.isdecimal() else None
        if isinstance(answer, Response) and code_of(answer) in ABSENT:
            return None
        found = self._refused(answer, "read")
        # Who may not list an S3 bucket is told that a file which is not there may not be read
        # (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
        hidden = (
            isinstance(answer, Response)
            and code_of(answer) == HIDDEN
            and not skewed(answer, self._prober.clock.now())
        )
        return None if hidden else found

    def _ask(
        self,
        method: Method,
        name: str,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        seconds: float = LOOK_SECONDS,
    ) -> Response | NoResponse:
        url = self._sign(method, name, seconds=seconds + LOOK_SECONDS)
        return self._send(method, url, headers=headers or {}, content=content, timeout_seconds=seconds)

    def _refused(self, answer: Response | NoResponse, verb: str) -> Finding | None:
        """Return why the store did not do what it was asked; None where it did."""
        found = refused(answer, self._host, verb, self._prober.clock.now())
        return None if found is None else Finding(MediaProblem(found.problem, found.remedy), found.passing)

    def _url_of(self, name: str) -> PublicUrl:
        return PublicUrl(f"{public_base(self._host)}/{quote(name)}")

    def _name_of(self, file: MediaFile) -> str:
        key = self._secret(NAMES).reveal()
        if len(key) < NAMES_CHARACTERS_MIN:
            raise ProjectError(
                f"the credential names of media_hosts.{self._host.name} is so short that it could be guessed",
                remedy="Make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )
        made = hmac.new(key.encode(), f"threadsync media {file.digest}".encode(), hashlib.sha256)
        folder = self._host.settings.get("prefix", "").strip("/")
        return f"{folder}{'/' if folder else ''}{made.hexdigest()[:NAME_CHARACTERS]}{file.suffix}"
