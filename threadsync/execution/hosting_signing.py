"""Addresses of a bucket's files that are signed for one request: S3 (R2, MinIO) and Azure; needs ``[hosts]``.

Only the signing is obstore's. The requests are our transport's, which streams a file in one request of
constant memory: a store takes it whole or not at all, so that nothing half sent is ever left there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from threadsync.errors import ProjectError
from threadsync.execution.bucket import Bucket
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost
from threadsync.model.urls import is_loopback

if TYPE_CHECKING:
    from obstore.store import AzureStore, ClientConfig, S3Credential, S3Store

Method: TypeAlias = Literal["GET", "PUT", "DELETE"]
SecretOf: TypeAlias = Callable[[Role], SecretText]


class Signer(Protocol):
    """Signs addresses; signing one asks nobody."""

    def __call__(self, method: Method, name: str, *, seconds: float) -> SecretText:
        """Return the address of the file *name* that *method* may be sent to for *seconds* from now.

        Raises:
            ProjectError: a credential is missing or cannot be one, or the package that signs is.
        """
        ...


def signer_of(bucket: Bucket, secret: SecretOf) -> Signer:
    """Return what signs for *bucket*; its credentials are read when something is signed."""
    store = cache(lambda: _store(bucket, secret))

    def sign(method: Method, name: str, *, seconds: float) -> SecretText:
        opened = store()
        import obstore

        if bucket.kind == "s3":
            _s3_credential(
                bucket, secret
            )  # here first: what it raises there comes out as an error of obstore

        return SecretText(obstore.sign(opened, method, name, timedelta(seconds=seconds)))

    return sign


def _store(bucket: Bucket, secret: SecretOf) -> S3Store | AzureStore:
    try:
        import obstore.store
    except ModuleNotFoundError as error:
        raise ProjectError(
            f"{bucket.called} is of kind {bucket.kind}, and the package that signs for it is not installed",
            remedy="Run: pip install 'threadsync[hosts]'",
        ) from error
    settings = bucket.settings
    plain: ClientConfig = {"allow_http": is_loopback(settings.get("endpoint", ""))}
    try:
        if bucket.kind == "azure":
            # Everything is said here: what is left out would be taken from the environment.
            return obstore.store.AzureStore(
                container_name=settings["container"],
                account_name=settings["account"],
                account_key=secret(Role("account_key")).reveal(),
                endpoint=settings.get("endpoint") or azure_endpoint(settings["account"]),
                skip_signature=False,
                client_options=plain,
            )
        return obstore.store.S3Store(
            settings["bucket"],
            region=settings["region"],
            # Under this name, since the environment may hold it too, and would win over ``endpoint``.
            aws_endpoint_url_s3=settings.get("endpoint") or s3_endpoint(settings["region"]),
            virtual_hosted_style_request=False,
            skip_signature=False,
            request_payer=False,
            credential_provider=lambda: _s3_credential(bucket, secret),
            client_options=plain,
        )
    except (obstore.exceptions.BaseError, ValueError):
        # Not chained: its words may hold what it was given.
        raise ProjectError(
            f"{bucket.called} cannot be used with the keys and names that it has",
            remedy=f"Check {bucket.at} in threadsync.yaml, and that its keys are whole.",
        ) from None


def _s3_credential(bucket: Bucket, secret: SecretOf) -> S3Credential:
    token = Role("session_token")
    return {
        "access_key_id": secret(Role("access_key")).reveal(),
        "secret_access_key": secret(Role("secret_key")).reveal(),
        "token": secret(token).reveal() if token in bucket.credentials else None,
        "expires_at": None,
    }


def s3_endpoint(region: str) -> str:
    """Return where S3 is asked (https://docs.aws.amazon.com/general/latest/gr/s3.html)."""
    return f"https://s3.{region}.amazonaws.com"


def azure_endpoint(account: str) -> str:
    """Return where an Azure storage account is asked
    (https://learn.microsoft.com/en-us/azure/storage/common/storage-account-overview#storage-account-endpoints).
    """
    return f"https://{account}.blob.core.windows.net"


def public_base(host: MediaHost) -> str:
    """Return what the names of *host*'s files are put behind: its ``url``, or the store's own address."""
    settings = host.settings
    if host.url:
        return host.url.rstrip("/")
    if host.kind == "azure":
        endpoint = settings.get("endpoint") or azure_endpoint(settings["account"])
        return f"{endpoint.rstrip('/')}/{settings['container']}"
    if "endpoint" in settings or "." in settings["bucket"]:
        # A certificate covers no dots in the name of a bucket.
        endpoint = settings.get("endpoint") or s3_endpoint(settings["region"])
        return f"{endpoint.rstrip('/')}/{settings['bucket']}"
    return f"https://{settings['bucket']}.s3.{settings['region']}.amazonaws.com"
