"""Which network addresses a request made for somebody else may go to."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Clouds tell a machine's own credentials at these (the last three: Alibaba's, Oracle's, Azure's); nothing else that one
# may want lives there, so they are refused even where private addresses are allowed.
_METADATA = tuple(
    ipaddress.ip_network(net)
    for net in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32")
)
# The forms that hold an IPv4 address in their last four bytes: NAT64, IPv4-compatible, IPv4-translated (RFC 6052, 4291, 2765).
_WRAPPED = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96"))
# Of special use by the registries of IANA, though `is_global` says otherwise here (Python 3.11).
_LOCAL = tuple(ipaddress.ip_network(net) for net in ("192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10"))


def is_loopback(host: str) -> bool:
    """A host as an address writes it is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed(address: Address, *, allow_private: bool = False) -> bool:
    """A request may go to this address. An IPv4 address wrapped in IPv6 is judged as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in net for net in _WRAPPED):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return allowed(inner, allow_private=allow_private)
    if any(address in net for net in _METADATA):
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    if allow_private:
        return address.is_global or address.is_private or address.is_loopback
    return address.is_global and not any(address in net for net in _LOCAL)
