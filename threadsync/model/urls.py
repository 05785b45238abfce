"""What a network address says by itself: its port, and whether it is on this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

NAT64 = IPv6Network("64:ff9b::/96")


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
    if isinstance(found, IPv6Address):
        found = _carried(found) or found
    return found.is_global and not found.is_multicast


def _carried(found: IPv6Address) -> IPv4Address | None:
    """Return the address of the older kind that *found* leads to (RFC 4291, RFC 3056, RFC 6052), if any."""
    if found in NAT64:
        return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.ipv4_mapped or found.sixtofour


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
