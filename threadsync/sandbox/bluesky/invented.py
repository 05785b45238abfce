"""The guesses of the Bluesky sandbox, in one table.

The documentation is silent on everything named here, or it cannot be seen on a server that one can run
oneself. A test of ours that passes only because of an entry of this table proves nothing about the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

INVENTED: Mapping[str, str] = MappingProxyType(
    {
        "plc-path": "The directory of DIDs answers under /plc/ of the same host; really plc.directory.",
        "one-host": "Entryway, server, readers' view, video service and chat are one host.",
        "fixed-dids": "The DID of an account follows from its handle; its key in the document opens nothing.",
        "rev-of-commits": "The CID of a commit is one of what it did, not of a real tree; firehose: none.",
        "rolling-windows": "Limits are counted over the last hour or day, not over windows that begin anew.",
        "service-tokens": "A service token is signed with a symmetric key; only this sandbox knows it again.",
        "video-service": "Videos are not transcoded: after `video_seconds` the bytes sent are the blob.",
        "video-answer": "uploadVideo answers in jobStatus or bare (switch `video_answer`): both were seen.",
        "video-limits": "25 videos and 10 GB a day (switches `videos_per_day`, `video_bytes_per_day`).",
        "video-refusals": "A token that does not fit: 401 AuthenticationRequired; an unknown job: 400.",
        "chat-log": "Nobody ever writes: getLog is empty and gives back the cursor, or that of now.",
        "embed-views": "A post in the readers' view has its embed in the record only.",
        "gates-in-views": "Gates are stored and checked as records; the readers' view does not enforce them.",
        "edits-shown": "A changed post shows its new text, as the open readers' view does.",
        "known-collections": "post, gates, like, repost, follow and profile are known; others are unknown.",
        "language-tags": "A language tag has the form of RFC 5646; no registry is asked, no old tag known.",
        "two-passwords": "The main password is `sandbox-main-HANDLE`, the app password `sandbox-HANDLE`.",
        "server-error": "A fault `server-error` is what `server_error_status` says: 500, 502, 503 or 504.",
        "late-reads": "`reading_lag_seconds`: no server was seen to read later what it had written.",
        "ignored-swaps": "`swap_checked: false`: no server was seen to take no notice of `swapRecord`.",
        "torn-batches": "`batch_writes_max`: no server was seen to keep a part of an applyWrites.",
        "rewritten-records": "`records_rewritten`: no server was seen to change what it stores.",
        "temporary-blobs": "A blob without a record lives `temporary_blob_seconds`; the spec says hours.",
        "throttled": "A fault `throttled` ends after `throttled_after_seconds`, and says so in two headers.",
    }
)
