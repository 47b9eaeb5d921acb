"""The second reader's own view of recognition over cross-certificates: does one root reach a signer of the other side?

The chain is short and of one shape: a root whose fingerprint is pinned, one cross-certificate, or two over a bridge,
the other root. Each must map the policy that was asked for, in its issuer's own terms, to the next one's; signer and
issuing authority must have been issued under the last. What says more than that, any-policy say, is not accepted.
Sources: RFC 5280, 4.2.1.4, 4.2.1.5, 4.2.1.10 and 4.2.1.11; docs/wire.md, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, NameOID

from harness.errors import NotProved
from harness.evidence.audit import reading

_MODELS: Final = frozenset({"cross-certification", "bridge"})
_ALLOWED: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)


@dataclass(frozen=True, slots=True)
class Crossing:
    """How signers of one country are recognised by the other side: from its root down to theirs, and under what.

    Attributes:
        name: the file that the cross-certificates stand in.
        country: whose signers.
        chain: the cross-certificates, the one that vouches for the signers' root first.
        issuers: who signed each.
        policy: what a signer's certificate and its issuing authority's must say, in their own country's terms.
    """

    name: str
    country: str
    chain: tuple[x509.Certificate, ...]
    issuers: tuple[x509.Certificate, ...]
    policy: str

    def reaches(self, name: str, certificate: x509.Certificate, issuing: x509.Certificate) -> None:
        """Return when signer and issuing authority were issued under the policy that was mapped."""
        for each, what in ((certificate, "certificate"), (issuing, "issuing authority")):
            if self.policy not in _policies(each):
                raise NotProved(f"{name}: the {what} was not issued under the policy {self.policy}, which is asked for")


def wanted(name: str, agreement: reading.Thing) -> Mapping[str, str]:
    """Per party, the policy that the agreement's recognition names for it; none over trust lists."""
    recognition = agreement.get("recognition")
    if recognition is None:
        return {}  # trust lists are the default
    if not isinstance(recognition, dict):
        raise NotProved(f"{name}: does not say how the parties recognise each other")
    model = reading.text(name, recognition, "model")
    if model == "trust-lists":
        return {}
    if model not in _MODELS:
        raise NotProved(f"{name}: recognition by {model!r}, which is not known here")
    policies = recognition.get("policies")
    if not isinstance(policies, dict) or not all(isinstance(each, str) for each in policies.values()):
        raise NotProved(f"{name}: recognition by {model} without a policy of each party")
    return {party: str(policy) for party, policy in policies.items()}


def ways(
    name: str,
    listed: Sequence[x509.Certificate],
    roots: tuple[x509.Certificate, x509.Certificate],
    country: str,
    policies: tuple[str, str],
) -> tuple[Crossing, ...]:
    """The ways from one root to the other over the certificates on a trust list; several where one was renewed.

    Args:
        name: the list's file.
        listed: its cross-certificates.
        roots: whose list it is, and whose signers are recognised.
        country: of those signers.
        policies: what is asked for, in the terms of each of the two.

    Raises:
        NotProved: there is none, or none leads under the policies asked for, within the country: then what is wrong
            with the first.
    """
    own, theirs = roots
    found: list[Crossing] = []
    wrong: list[NotProved] = []
    for last in listed:
        if not _same(last, theirs):
            continue
        chains: list[tuple[tuple[x509.Certificate, ...], tuple[x509.Certificate, ...]]] = []
        if last.issuer == own.subject:
            chains = [((last,), (own,))]
        chains += [((last, first), (first, own)) for first in listed if first.subject == last.issuer]
        for chain, issuers in chains:
            try:
                _checked(name, chain, issuers, country, policies)
            except NotProved as error:
                wrong.append(error)
            else:
                found.append(Crossing(name, country, chain, issuers, policies[1]))
    if not found:
        nowhere = NotProved(f"{name}: no cross-certificate leads to {theirs.subject.rfc4514_string()}")
        raise wrong[0] if wrong else nowhere
    return tuple(found)


def _checked(
    name: str,
    chain: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
    country: str,
    policies: tuple[str, str],
) -> None:
    policy = policies[0]
    # From the root down: that is how mappings are read.
    for place, (each, issuer) in reversed(list(enumerate(zip(chain, issuers, strict=True)))):
        _issued(name, each, issuer)
        found = {one.oid: one.value for one in each.extensions}
        if strange := [one.oid for one in each.extensions if one.critical and one.oid not in _ALLOWED]:
            raise NotProved(f"{name}: a cross-certificate with the critical extension {strange[0].dotted_string}")
        basic, usage = found.get(ExtensionOID.BASIC_CONSTRAINTS), found.get(ExtensionOID.KEY_USAGE)
        if not isinstance(basic, x509.BasicConstraints) or not basic.ca:
            raise NotProved(f"{name}: a cross-certificate that makes nobody an authority")
        # Below it stand the next cross-certificates, then the issuing authority.
        if basic.path_length is not None and basic.path_length < place + 1:
            raise NotProved(f"{name}: a cross-certificate that allows a shorter path than this")
        if not isinstance(usage, x509.KeyUsage) or not usage.key_cert_sign or not usage.crl_sign:
            raise NotProved(f"{name}: a cross-certificate for a key that may not sign certificates and lists")
        _within(name, found.get(ExtensionOID.NAME_CONSTRAINTS), country)
        bounds = found.get(ExtensionOID.POLICY_CONSTRAINTS)
        left = bounds.inhibit_policy_mapping if isinstance(bounds, x509.PolicyConstraints) else None
        if left is not None and left < place:
            raise NotProved(f"{name}: a cross-certificate after which no policy may be mapped any further")
        if policy not in _policies(each):
            raise NotProved(f"{name}: a cross-certificate that is not under the policy {policy}")
        policy = _mapped(name, found.get(ExtensionOID.POLICY_MAPPINGS), policy, policies[1] if place == 0 else None)


def _mapped(name: str, value: x509.ExtensionType | None, policy: str, to: str | None) -> str:
    pairs: list[tuple[str, str]] = []
    if isinstance(value, x509.UnrecognizedExtension):
        read = asn1.PolicyMappings.load(value.value, strict=True)
        pairs = [(each["issuer_domain_policy"].dotted, each["subject_domain_policy"].dotted) for each in read]
    meant = [theirs for ours, theirs in pairs if ours == policy and to in (None, theirs)]
    if not meant:
        raise NotProved(
            f"{name}: a cross-certificate does not map the policy {policy}{'' if to is None else f' to {to}'}"
        )
    return meant[0]


def _within(name: str, value: x509.ExtensionType | None, country: str) -> None:
    permitted = value.permitted_subtrees if isinstance(value, x509.NameConstraints) else None
    names = [each.value for each in permitted or () if isinstance(each, x509.DirectoryName)]
    if x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, country)]) not in names:
        raise NotProved(f"{name}: a cross-certificate that is not for names of {country}")


def _issued(name: str, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotProved(f"{name}: a cross-certificate that its issuer did not sign") from error


def _same(one: x509.Certificate, other: x509.Certificate) -> bool:
    return one.subject == other.subject and one.public_key() == other.public_key()


def _policies(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(each.policy_identifier.dotted_string for each in found)
