"""The second reader's own reading of constraints on names: whose names may an authority vouch for?

Names of the directory are compared, part by part, and whether a country stands there is no question of its own. A
constraint on another kind of name (hosts, addresses) is passed over where nobody below bears such a name, and refuses
where somebody does: it is critical, and this reader has no use for such names.
Sources: RFC 5280, 4.2.1.10, 6.1.3 (b) and (c), 6.1.4 (g) and 7.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.errors import NotProved

Parts: TypeAlias = "tuple[frozenset[tuple[str, str]], ...]"


def within(name: str, path: Sequence[x509.Certificate]) -> None:
    """Return when all on a path, its root first, are named within the constraints of each authority above them.

    Raises:
        NotProved: the sentence begins with `name`.
    """
    permitted: list[tuple[Parts, ...]] = []
    excluded: list[Parts] = []
    others: set[type[x509.GeneralName]] = set()
    for each in path:
        # An authority that only renews its own key is not held against its own constraints; a signer is.
        if each is path[-1] or each.subject != each.issuer:
            for kind, parts in _names(each):
                allowed = all(any(_below(parts, base) for base in bases) for bases in permitted)
                if kind in others or (kind is x509.DirectoryName and not allowed):
                    raise _outside(name, each)
                if kind is x509.DirectoryName and any(_below(parts, base) for base in excluded):
                    raise _outside(name, each)
        bounds = next((one.value for one in each.extensions if isinstance(one.value, x509.NameConstraints)), None)
        if bounds is not None:
            bases = _bases(bounds.permitted_subtrees or ())
            permitted += [bases] if bases else []
            excluded += _bases(bounds.excluded_subtrees or ())
            every = (*(bounds.permitted_subtrees or ()), *(bounds.excluded_subtrees or ()))
            others |= {type(one) for one in every if not isinstance(one, x509.DirectoryName)}


def _outside(name: str, certificate: x509.Certificate) -> NotProved:
    return NotProved(f"{name}: an authority above {certificate.subject.rfc4514_string()} may not vouch for such a name")


def _names(certificate: x509.Certificate) -> Iterator[tuple[type[x509.GeneralName], Parts]]:
    yield x509.DirectoryName, _parts(certificate.subject)
    # An address for mail counts as one where it stands in the subject, too (RFC 5280, 4.2.1.10).
    if certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        yield x509.RFC822Name, ()
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            for one in extension.value:
                yield type(one), _parts(one.value) if isinstance(one, x509.DirectoryName) else ()


def _bases(subtrees: Iterable[x509.GeneralName]) -> tuple[Parts, ...]:
    return tuple(_parts(one.value) for one in subtrees if isinstance(one, x509.DirectoryName))


def _below(name: Parts, base: Parts) -> bool:
    return name[: len(base)] == base


def _parts(name: x509.Name) -> Parts:
    """A name as it is compared: without regard to letter case, and to how many blanks stand where one does."""
    return tuple(frozenset((one.oid.dotted_string, _text(one.value)) for one in part) for part in name.rdns)


def _text(value: str | bytes) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value.hex()
