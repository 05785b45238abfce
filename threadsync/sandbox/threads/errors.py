"""The network's refusals, as values (developers.facebook.com/docs/threads/troubleshooting).

Each function is one documented refusal; its wording lives here only. ``error_user_title`` and
``error_user_msg`` come in the account's language, which the switch ``localised_errors`` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from types import MappingProxyType

from msgspec import Struct

from threadsync.sandbox.threads.values import Json, Response

OAUTH = "OAuthException"
THREADS = "THApiException"

_FRENCH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Media Not Found": ("Contenu introuvable", "Le contenu demandé est introuvable."),
        "Invalid Carousel Children": (
            "Éléments du carrousel non valides",
            "Ces éléments ne sont pas valides.",
        ),
        "Invalid Link Attachment": ("Lien joint non valide", "Le lien joint n’est pas valide."),
        "Media download has failed.": ("Échec du téléchargement", "Le contenu n’a pas pu être téléchargé."),
        "Threads API Rate Limit Exceeded": ("Limite atteinte", "Trop d’appels ont été effectués."),
        "App Does Not Have Sufficient Access Tier": (
            "Niveau d’accès insuffisant",
            "L’application n’a pas l’autorisation requise.",
        ),
    }
)


class ApiError(Struct, frozen=True):
    """One refusal, before it is put into its envelope."""

    status: int
    code: int
    message: str
    kind: str = OAUTH
    subcode: int | None = None
    is_transient: bool | None = None
    title: str = ""
    user_message: str = ""

    def response(self, trace: str, *, localised: bool = False) -> Response:
        """Put the refusal into the documented envelope; *trace* seeds its ``fbtrace_id``."""
        error: Json = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        title, text = self.title, self.user_message
        if localised:
            title, text = _FRENCH.get(title, (title, text))
        if title:
            error["error_user_title"] = title
            error["error_user_msg"] = text
        error["fbtrace_id"] = "A" + blake2b(trace.encode(), digest_size=11).hexdigest()
        return Response(self.status, {"error": error}, acted=False)


def media_not_found(media_id: str) -> ApiError:
    """24/4279009: published too early, parent gone or not replicated yet, stale id in the path."""
    return ApiError(
        status=400,
        code=24,
        subcode=4279009,
        message="The requested resource does not exist",
        is_transient=False,
        title="Media Not Found",
        user_message=f"The media with id {media_id} cannot be found.",
    )


def bad_children(ids: tuple[str, ...]) -> ApiError:
    """100/4279004: a child is no carousel item, not FINISHED, expired or unknown."""
    listed = ", ".join(ids)
    return ApiError(
        status=400,
        code=100,
        subcode=4279004,
        message="Invalid parameter",
        is_transient=False,
        title="Invalid Carousel Children",
        user_message=f"The children with IDs {listed} are invalid, non-existent or expired.",
    )


def text_too_long(limit: int) -> ApiError:
    """Answer HTTP 500 with code 100: a final refusal although the status says otherwise."""
    message = f"Param text must be at most {limit} characters long."
    return ApiError(status=500, code=100, kind=THREADS, message=message)


def invalid_parameter(why: str) -> ApiError:
    """100: any other validation."""
    return ApiError(
        status=400, code=100, message="Invalid parameter", is_transient=False, title=why, user_message=why
    )


def symbolic(name: str) -> ApiError:
    """A documented ``THREADS_API__*`` name; its JSON form is invented (``symbolic-errors``)."""
    return ApiError(status=400, code=100, kind=THREADS, message=name, is_transient=False)


def unsupported(method: str, object_id: str) -> ApiError:
    """100/33 with HTTP 400: gone, foreign, or not an object of this kind."""
    return ApiError(
        status=400,
        code=100,
        subcode=33,
        kind=THREADS,
        message=(
            f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be "
            "loaded due to missing permissions, or does not support this operation"
        ),
    )


def nonexisting_field(name: str) -> ApiError:
    """100 with HTTP 500: one unknown field fails the whole call."""
    return ApiError(status=500, code=100, kind=THREADS, message=f"Tried accessing nonexisting field ({name})")


def media_download_failed() -> ApiError:
    """1/2207052: an image URL could not be fetched when the container was created."""
    return ApiError(
        status=400,
        code=1,
        subcode=2207052,
        message="An unknown error occurred",
        is_transient=False,
        title="Media download has failed.",
        user_message="The media could not be fetched from this URI",
    )


def invalid_link_attachment() -> ApiError:
    """-1/4279047: the preview card could not be built, at create or at publish."""
    return ApiError(
        status=400,
        code=-1,
        subcode=4279047,
        message="Fatal",
        is_transient=False,
        title="Invalid Link Attachment",
        user_message="The post you're trying to publish has an invalid link attachment.",
    )


def token_unknown() -> ApiError:
    """190: a token that is none of ours."""
    return ApiError(status=401, code=190, message="Invalid OAuth access token")


def token_expired(at: float) -> ApiError:
    """190/463: a token whose life is over; only a new authorization helps."""
    when = datetime.fromtimestamp(at, UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")
    return ApiError(
        status=401,
        code=190,
        subcode=463,
        message=f"Error validating access token: Session has expired on {when}",
    )


def token_refused(subcode: int, at: float) -> ApiError:
    """190: a token that was good before; the meaning of its subcode is that of all Graph APIs.

    developers.facebook.com/docs/graph-api/guides/error-handling
    """
    if subcode == 463:
        return token_expired(at)
    messages = {
        0: "Failed to decode",
        458: "Error validating access token: The user has not authorized application",
        459: "Error validating access token: The user is enrolled in a blocking, logged-in checkpoint",
        460: "Error validating access token: The session has been invalidated because the user changed "
        "their password or the provider has changed the session for security reasons",
        464: "Error validating access token: Sessions for the user are not allowed because the user is not "
        "a confirmed user",
        467: "Error validating access token: The session is invalid because the user logged out",
    }
    message = messages.get(subcode, "Error validating access token")
    return ApiError(status=401, code=190, subcode=subcode or None, message=message)


def permission_missing() -> ApiError:
    """10: the token lacks the scope of this call."""
    return ApiError(
        status=400, code=10, kind=THREADS, message="Application does not have permission for this action"
    )


def throttled(status: int, code: int = 613) -> ApiError:
    """613/4279002: too many calls; or one of the Graph-wide codes, without a subcode."""
    if code != 613:
        message = "Application request limit reached"
        return ApiError(status=status, code=code, message=message, is_transient=True)
    return ApiError(
        status=status,
        code=613,
        subcode=4279002,
        message="Calls to this api have exceeded the rate limit.",
        is_transient=False,
        title="Threads API Rate Limit Exceeded",
        user_message="Calls to this api have exceeded the rate limit.",
    )


def quota_reached(what: str) -> ApiError:
    """9/2207042: a rolling quota is used up; the code is invented (``quota-reached``)."""
    return ApiError(
        status=400,
        code=9,
        subcode=2207042,
        message="Application request limit reached",
        is_transient=False,
        title="Limit reached",
        user_message=f"You reached the maximum number of {what} allowed in 24 hours.",
    )


def restricted(subcode: int = 2207051) -> ApiError:
    """2207051: the spam block; 4279013: a profile that may not post; 0: a policy block, code 368."""
    if not subcode:
        message = "The action attempted has been deemed abusive or is otherwise disallowed"
        return ApiError(status=400, code=368, message=message, is_transient=False)
    return ApiError(
        status=400,
        code=1,
        subcode=subcode,
        message="An unknown error occurred",
        is_transient=False,
        title="Action is blocked",
        user_message="We restrict certain activity to protect our community",
    )


def already_reposted() -> ApiError:
    """4279050: this profile has reposted that post before."""
    return ApiError(status=400, code=100, subcode=4279050, message="Invalid parameter", is_transient=False)


def unexpected(code: int = 2) -> ApiError:
    """2, or 1, with HTTP 500: the network stumbled, and does not say whether it acted."""
    if code == 1:
        return ApiError(status=500, code=1, message="An unknown error occurred", is_transient=True)
    return ApiError(
        status=500,
        code=2,
        message="An unexpected error has occurred. Please retry your request later.",
        is_transient=True,
    )


def access_tier(*, with_subcode: bool) -> ApiError:
    """10/4279067: without Advanced Access; seen without the subcode as well."""
    if not with_subcode:
        return permission_missing()
    return ApiError(
        status=400,
        code=10,
        subcode=4279067,
        message="Application does not have permission for this action",
        is_transient=False,
        title="App Does Not Have Sufficient Access Tier",
        user_message="Application does not have permission for this action",
    )


URL_BLOCKED = (
    "URL Blocked: This redirect failed because the redirect URI is not whitelisted in the app’s Client OAuth "
    "Settings. Make sure Client and Web OAuth Login are on and add all your app domains as Valid OAuth "
    "Redirect URIs."
)
NOT_INVITED = "Invalid Request: The user has not accepted the invite to test the app"


def in_window(message: str, code: int) -> Response:
    """Answer what the authorization window shows instead of sending the person back.

    github.com/fbsamples/threads_api issues 13 and 24 show it; the HTTP status is invented.
    """
    return Response(400, {"error_message": message, "error_code": code}, acted=False)


def rejected(message: str) -> Response:
    """Refuse a code, in the envelope that only this call has.

    developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions
    """
    body: Json = {"error_type": OAUTH, "code": 400, "error_message": message}
    return Response(400, body, acted=False)
