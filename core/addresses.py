"""Which network addresses a request made for somebody else may go to."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Clouds tell a machine's own credentials at these; nothing else that one may want lives there, so they are
# refused even where private addresses are allowed.
_METADATA = tuple(ipaddress.ip_network(net) for net in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32"))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def allowed(address: Address, *, allow_private: bool = False) -> bool:
    """A request may go to this address. An IPv4 address wrapped in IPv6 is judged as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return allowed(inner, allow_private=allow_private)
    if any(address in net for net in _METADATA if net.version == address.version):
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    if allow_private:
        return address.is_global or address.is_private or address.is_loopback
    return address.is_global
