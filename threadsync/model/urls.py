"""What a network address says by itself: its port, and whether it is on this machine."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit


def is_loopback(url: str) -> bool:
    """Whether *url* names this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether a numeric *address* is one of the public internet, not of this machine or its own network."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def port_of(parts: SplitResult) -> int:
    """Return the port of an http or https address, the usual one where it names none.

    Raises:
        ValueError: what stands for the port is no port.
    """
    return parts.port or (443 if parts.scheme == "https" else 80)


def origin_of(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port that *url* belongs to.

    Raises:
        ValueError: *url* cannot be taken apart.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", port_of(parts)
