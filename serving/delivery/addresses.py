"""Which addresses of the network an outgoing request may go to: only those that the whole world can reach.

Networks are listed, not asked of `ipaddress.is_global`, whose answers differ between Python 3.11 and 3.13. Sources: the
IANA registries of special-purpose addresses (RFC 6890 and its updates), and one address of a cloud's own services.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_INSIDE_4: dict[str, str] = {
    "0.0.0.0/8": "this host",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a provider's customers",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own services",
    "169.254.0.0/16": "link-local (cloud metadata)",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "reserved for protocols",
    "192.52.193.0/24": "reserved for protocols",
    "192.88.99.0/24": "a relay of 6to4",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "reserved for protocols",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
# Of IPv6 only 2000::/3 is the public net. Everything else (loopback, link-local, unique local, mapped IPv4, NAT64,
# multicast) is inside or leads there.
_PUBLIC_6 = IPv6Network("2000::/3")
_INSIDE_6: dict[str, str] = {
    "2001::/23": "reserved for protocols (Teredo among them)",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4, which holds an IPv4 address",
    "2620:4f:8000::/48": "reserved for protocols",
    "3fff::/20": "documentation",
}
# What an operator can call the own network; the metadata service of a cloud never is.
_OWN = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
_METADATA = (ip_address("100.100.100.200"), ip_address("fd00:ec2::254"))
_OWN_NETWORKS = tuple(ip_network(text) for text in _OWN)
_NETWORKS_4 = {IPv4Network(text): kind for text, kind in _INSIDE_4.items()}
_NETWORKS_6 = {IPv6Network(text): kind for text, kind in _INSIDE_6.items()}


def inside_kind(text: str) -> str | None:
    """What kind of inner address `text` is; None for one that the whole world can reach.

    >>> inside_kind("169.254.169.254"), inside_kind("::ffff:127.0.0.1"), inside_kind("9.9.9.9")
    ('link-local (cloud metadata)', 'not in the public part of IPv6', None)

    Raises:
        ValueError: no address.
    """
    address = ip_address(text)
    return _kind_4(address) if isinstance(address, IPv4Address) else _kind_6(address)


def is_own_network(text: str) -> bool:
    """Whether `text` is an address that an operator may allow: private, of this machine, or a provider's inside.

    >>> is_own_network("10.0.0.5"), is_own_network("169.254.169.254"), is_own_network("9.9.9.9")
    (True, False, False)
    """
    address = ip_address(text)
    return address not in _METADATA and any(address in network for network in _OWN_NETWORKS)


def _kind_4(address: IPv4Address) -> str | None:
    return next((kind for network, kind in _NETWORKS_4.items() if address in network), None)


def _kind_6(address: IPv6Address) -> str | None:
    if address.scope_id is not None or address not in _PUBLIC_6:
        return "not in the public part of IPv6"
    return next((kind for network, kind in _NETWORKS_6.items() if address in network), None)
