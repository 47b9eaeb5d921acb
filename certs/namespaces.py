"""Which names lie within a constraint on names (RFC 5280, 4.2.1.10), where the library leaves something open.

It knows no addresses, takes an empty host name for a name like others, stumbles over kinds of name that it cannot
compare even where no such name stands on the path, and does not see what a wildcard may stand for. Only certs.walker
uses this, in its own process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import name_trees, policy_decl

from certs.errors import OutsideNames

Asn1 = Any  # the library that reads certificates is published without types

_ANYTHING: Final = "*."
_SMALL: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")  # RFC 4343, 3


def teach() -> None:
    """Let the library compare names as this module does, in this process."""
    kinds, compared = name_trees.GeneralNameType, name_trees._name_type_checkers  # noqa: SLF001
    compared[kinds.IP_ADDRESS] = address_within
    compared[kinds.DNS_NAME] = host_within
    name_trees._interpret_general_name = _interpreted  # type: ignore[assignment] # noqa: SLF001


def bounds(anchor: asn1_x509.Certificate) -> policy_decl.PKIXValidationParams | None:
    """What an anchor's own constraints on names make the path begin with (RFC 5937, 3.2)."""
    names = anchor.name_constraints_value
    if names is None:
        return None
    return policy_decl.PKIXValidationParams(
        initial_permitted_subtrees=name_trees.default_permitted_subtrees()
        | name_trees.process_general_subtrees(names["permitted_subtrees"]),
        initial_excluded_subtrees=name_trees.default_excluded_subtrees()
        | name_trees.process_general_subtrees(names["excluded_subtrees"]),
    )


def address_within(base: str, other: str) -> bool:
    """Whether an address, or a range, lies in the range `base`."""
    within, found = ip_network(base), ip_network(other) if "/" in other else ip_network(ip_address(other))
    return within.version == found.version and found.subnet_of(within)  # type: ignore[arg-type] # one version, both


def host_within(base: str, other: str) -> bool:
    """Whether zero or more labels to the left of `base` make `other`; with an empty base, they make any host name."""
    wanted = _labels(base)
    return not wanted or _labels(other)[-len(wanted) :] == wanted


def no_wildcard_over_excluded(path: Sequence[asn1_x509.Certificate]) -> None:
    """Return when no wildcard on the path, its anchor first, could stand for a host that an authority excluded.

    RFC 5280 knows no wildcards, and RFC 9525, 6.3, no constraints: `*.example.org` is not within the excluded
    `bar.example.org`, and speaks for it all the same (CVE-2025-61727).

    Raises:
        OutsideNames: one could.
    """
    excluded: list[list[str]] = []
    for each in path:
        # Not of an authority that only renews its own key (RFC 5280, 6.1.3 (b)).
        if each is path[-1] or each.subject != each.issuer:
            for host in _hosts(each.subject_alt_name_value or ()):
                behind = _labels(host.removeprefix(_ANYTHING))
                if host.startswith(_ANYTHING) and any(base[1:] == behind for base in excluded):
                    raise OutsideNames(f"{host} may stand for a host that an authority above excludes")
        constraints = each.name_constraints_value
        if constraints is not None:
            bases = (subtree["base"] for subtree in constraints["excluded_subtrees"])
            excluded += [_labels(host) for host in _hosts(bases)]


def _hosts(names: Asn1) -> Iterator[str]:
    return (name.chosen.native for name in names if name.name == "dns_name")


def _labels(host: str) -> list[str]:
    plain = host.removesuffix(".").translate(_SMALL)
    return plain.split(".") if plain else []


def _interpreted(name: Asn1) -> tuple[name_trees.GeneralNameType, Asn1]:
    """As the library has it, but what is neither a text nor a Name as its octets: it must be hashable."""
    chosen = name.chosen
    kind = name_trees.GeneralNameType.from_choice(name.name)
    if kind == name_trees.GeneralNameType.DIRECTORY_NAME:
        return kind, chosen
    told = chosen.native
    return kind, told if isinstance(told, str) else chosen.dump()
