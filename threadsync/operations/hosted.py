"""What a network would fetch of a publication's media: whether it has a public address."""

from __future__ import annotations

from threadsync.content.project import Project
from threadsync.model.diagnostic import Diagnostic, Severity
from threadsync.model.post import Publication
from threadsync.model.target import MediaHost
from threadsync.model.urls import is_loopback
from threadsync.operations.rules import RULES
from threadsync.providers.base import Provider


def unhosted(publication: Publication, provider: Provider, project: Project) -> list[Diagnostic]:
    """Find media that their network could not fetch, because their target's host would not have them."""
    target = publication.address.target
    if not provider.capabilities.fetches_media:
        return []
    host = project.targets[target].media_host
    if host is not None:
        declared = project.media_hosts[host]
        unserved = _unserved(publication, provider, declared)
        return [*unserved, *_doubted(publication, declared, project)]
    return [
        Diagnostic(
            item.location,
            "media/no-host",
            f"{item.path} has no public address: {target} has no media_host.",
            f"Write media_host: under {target} in threadsync.yaml, and declare it under media_hosts:.",
        )
        for segment in publication.segments
        for item in segment.media[:1]
    ]


def _doubted(publication: Publication, host: MediaHost, project: Project) -> list[Diagnostic]:
    """Find media whose address is in a domain that fetches are known to fail from."""
    first = next((item for segment in publication.segments for item in segment.media), None)
    base_url = project.targets[publication.address.target].base_url
    if first is None or not host.has_address or (base_url is not None and is_loopback(base_url)):
        return []
    from threadsync.execution.hosting_probe import doubtful
    from threadsync.execution.hosting_signing import public_base

    why = doubtful(public_base(host))
    if why is None:
        return []
    problem = f"{first.path} would be fetched from {host.name}: {why.problem}."
    rule = "media/host-doubtful"
    return [Diagnostic(first.location, rule, problem, why.remedy, Severity.WARNING)]


def _unserved(publication: Publication, provider: Provider, host: MediaHost) -> list[Diagnostic]:
    """Find pictures whose rendition would have no public address."""
    limits = provider.capabilities.pictures
    if limits is None or host.takes_files or not publication.control.fit:
        return []
    return [
        Diagnostic(
            item.location,
            "media/fit-not-served",
            f"{item.path} would be fitted, and {host.name} serves only the files that {host.url} has.",
            RULES["media/fit-not-served"][1],
        )
        for segment in publication.segments
        for item in segment.media
        if limits.needs_fitting(item.facts)
    ]
