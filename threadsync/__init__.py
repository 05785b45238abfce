"""Terraform for social posts: posts are files in git, planned and applied exactly once.

As a library, ``Client`` and ``AsyncClient`` run the endpoints of a network; see docs/library.md.
"""

__version__ = "0.1.0"

__all__ = (
    "ApiLog",
    "AsyncClient",
    "Attachment",
    "Client",
    "Credentials",
    "Database",
    "PostSegment",
    "PublishedPost",
    "RateLimiter",
    "SecretText",
)

TYPE_CHECKING = False  # as type checkers read it; the module that has it is loaded by nobody here
if TYPE_CHECKING:
    from threadsync.execution.apilog import ApiLog
    from threadsync.execution.async_client import AsyncClient
    from threadsync.execution.client import Client
    from threadsync.execution.database import Database
    from threadsync.execution.held import Credentials
    from threadsync.execution.limiter import RateLimiter
    from threadsync.execution.publish_said import Attachment, PostSegment, PublishedPost
    from threadsync.model.secret import SecretText

_HOME = {
    "ApiLog": "threadsync.execution.apilog",
    "AsyncClient": "threadsync.execution.async_client",
    "Attachment": "threadsync.execution.publish_said",
    "Client": "threadsync.execution.client",
    "Credentials": "threadsync.execution.held",
    "Database": "threadsync.execution.database",
    "PostSegment": "threadsync.execution.publish_said",
    "PublishedPost": "threadsync.execution.publish_said",
    "RateLimiter": "threadsync.execution.limiter",
    "SecretText": "threadsync.model.secret",
}


def __getattr__(name: str) -> object:
    """Import what a library user names, when it is first named: the command line starts without it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
