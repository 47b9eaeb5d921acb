"""Steps 1 to 4 of the audit: names, manifest, its signature, and the certificates under pinned roots."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from cryptography import x509

from harness.errors import BadInput, NotProved
from harness.evidence.audit import chains, crossings, reading
from harness.evidence.audit.case import Agreement, Files, Manifest, expect, stem, under
from harness.evidence.audit.found import AgreementFound, TermFound

SCHEMA: Final = "corridor-bundle-1"

_HEX: Final = "[0-9a-f]{64}"
_CODE: Final = "[A-Z]{2}(?:-[a-z]+)?"
_NAMES: Final = re.compile(
    rf"manifest\.json|manifest\.jws|README\.md|messages/{_HEX}\.jws|receipts/{_HEX}\.jws"
    rf"|documents/(?:original|own)-{_HEX}\.[a-z0-9]{{1,8}}|certificates/{_HEX}\.pem|crls/{_HEX}\.crl"
    rf"|trust/{_CODE}\.jws|agreement/agreement\.json|agreement/{_CODE}\.jws"
    r"|earlier/[1-9][0-9]{0,11}\.(?:checkpoint|cosignature)\.jws"
    r"|earlier/(?:0|[1-9][0-9]{0,11})-in-[1-9][0-9]{0,11}\.proof"
    r"|log/(?:0|[1-9][0-9]{0,11})\.(?:json|proof)|log/checkpoint\.jws|log/cosignature-[A-Z]{2}(?:-[a-z]+)?\.jws"
    r"|log/timestamp-[A-Z]{2}\.tsr|stamped/(?:0|[1-9][0-9]{0,11})\.(?:checkpoint\.jws|cosignature\.jws|proof|[A-Z]{2}\.tsr)"
)
_ALWAYS: Final = ("manifest.json", "manifest.jws", "README.md", "agreement/agreement.json", "log/checkpoint.jws")


def names(files: Files) -> None:
    """Step 1, second half: nothing strange is in the bundle and nothing lacks."""
    for name in files:
        if not _NAMES.fullmatch(name):
            raise NotProved(f"{name}: a bundle has no such file")
    for name in _ALWAYS:
        if name not in files:
            raise NotProved(f"{name}: is missing from the bundle")


def manifest(files: Files) -> Manifest:
    """Step 2: the manifest lists exactly the files, each with its size and SHA-256."""
    name = "manifest.json"
    # Looked at first, though only step 3 believes it: a file must not be blamed for what its list lost.
    if reading.payload_of("manifest.jws", files["manifest.jws"]) != files[name]:
        raise NotProved(f"{name}: is not what manifest.jws signs")
    told = reading.thing(name, files[name])
    expect(name, reading.text(name, told, "schema"), SCHEMA, "written as")
    listed = told.get("files")
    if not isinstance(listed, dict):
        raise NotProved(f"{name}: lists no files")
    for each in files:
        if each not in listed and each not in {name, "manifest.jws"}:
            raise NotProved(f"{each}: is in the bundle but not in its manifest")
    for each, entry in listed.items():
        if each not in files:
            raise NotProved(f"{each}: is in the manifest but not in the bundle")
        if not isinstance(entry, dict) or reading.whole(name, entry, "size") != len(files[each]):
            raise NotProved(f"{each}: does not have the size that the manifest gives")
        if reading.digest(name, entry, "sha256") != hashlib.sha256(files[each]).hexdigest():
            raise NotProved(f"{each}: is not the file that the manifest lists (SHA-256)")
    absent = told.get("absent")
    if not isinstance(absent, list):
        raise NotProved(f"{name}: does not say what is absent")
    return Manifest(
        party=reading.text(name, told, "party"),
        run=reading.text(name, told, "run"),
        correlation=reading.text(name, told, "correlation"),
        made=reading.moment_in(name, told, "made"),
        absent=tuple(reading.digest(name, {"absent": each}, "absent") for each in absent),
    )


def manifest_token(files: Files, certificates: Mapping[str, x509.Certificate]) -> x509.Certificate:
    """Step 3: the certificate that the manifest's signature was checked with."""
    name = "manifest.jws"
    return reading.token(name, files[name], typ="corridor-manifest+jws", certificates=certificates).certificate


def certificates(files: Files) -> dict[str, x509.Certificate]:
    """The bundle's certificates by thumbprint; nobody believes them yet."""
    found = {}
    for name in under(files, "certificates"):
        certificate = chains.certificate_in(name, files[name])
        expect(name, chains.thumbprint(certificate), stem(name), "holds the certificate")
        found[stem(name)] = certificate
    return found


def anchors(files: Files, agreement: Agreement, roots: Mapping[str, str] | None) -> dict[str, str]:
    """Step 4: per country, the root it is pinned to: the one handed in, or the one that the agreement names.

    Raises:
        BadInput: roots were handed in, and that of a party's country is not among them.
        NotProved: the roots are not those of the bundle.
    """
    named = set(agreement.roots.values())
    anchors: dict[str, str] = {}
    for name in under(files, "trust"):
        country = stem(name)
        if roots is not None:
            if country not in roots:
                _missing(name, country, agreement)
            anchors[country] = roots[country].lower()
            continue
        for one in reading.things(name, reading.thing(name, reading.payload_of(name, files[name])), "authorities"):
            root = chains.thumbprint(chains.certificate_in(name, reading.text(name, one, "root").encode()))
            if root in named:
                anchors[country] = root
        if country not in anchors:
            raise NotProved(f"{name}: names no root that the agreement names")
    for party, root in agreement.roots.items():
        if root not in anchors.values():
            raise NotProved(
                f"agreement/agreement.json: pins {party} to the root {root[:16]}, which is not the one known",
                todo="" if roots is None else chains.OTHER_ROOTS,
            )
    return anchors


def _missing(name: str, country: str, agreement: Agreement) -> NoReturn:
    """No root of a country was handed in: the reader's slip where a party is from there, else the bundle's fault."""
    if country not in {party.partition("-")[0] for party in agreement.roots}:
        raise NotProved(f"{name}: no root of {country} was handed in, and no party to the agreement is from there")
    raise BadInput(
        f"no root of {country} was handed in, so {name} cannot be checked",
        expected="a root for each country of the agreement",
        todo=f"give {country}'s root too: --roots FILE for each, or a folder that holds all of them",
    )


def trust(
    files: Files, certificates: Mapping[str, x509.Certificate], anchors: Mapping[str, str], agreement: Agreement
) -> chains.Trust:
    """Step 4: what each pinned root vouches for, what was withdrawn, and how the parties recognise each other."""
    authorities = {}
    for name in under(files, "trust"):
        country = stem(name)
        read, _ = chains.authority(name, reading.payload_of(name, files[name]), country, anchors[country])
        for each in (read.root, *read.issuing):
            if chains.thumbprint(each) not in certificates:
                raise NotProved(f"{name}: names the certificate {chains.thumbprint(each)[:16]}, not in the bundle")
        authorities[country] = read
    lists = []
    for name in under(files, "crls"):
        expect(name, hashlib.sha256(files[name]).hexdigest(), stem(name), "holds the list with SHA-256")
        lists.append(chains.revocations(name, files[name], authorities))
    return chains.Trust(authorities, tuple(lists), _crossed(authorities, agreement))


def _crossed(
    authorities: Mapping[str, chains.Authority], agreement: Agreement
) -> dict[str, tuple[crossings.Crossing, ...]]:
    """Step 4, where the agreement asks for it: from each party's root over its cross-certificates to the other's."""
    if not agreement.policies:
        return {}
    found = {}
    one, other = agreement.found.parties
    for relying, signing in ((one, other), (other, one)):
        country, name = signing[:2], f"trust/{relying[:2]}.jws"
        if relying[:2] not in authorities or country not in authorities:
            raise NotProved(f"{name}: or that of {country} is missing; they recognise each other over both")
        if not {relying, signing} <= agreement.policies.keys():
            raise NotProved("agreement/agreement.json: recognition without a policy of each party")
        roots = authorities[relying[:2]].root, authorities[country].root
        policies = agreement.policies[relying], agreement.policies[signing]
        with chains.x509_of(name):
            listed = authorities[relying[:2]].crossings
            found[country] = crossings.ways(name, listed, roots, country, policies)
    return found


def each_certificate(certificates: Mapping[str, x509.Certificate], trust: chains.Trust) -> None:
    """Step 4: no certificate that does not chain to a pinned root."""
    listed = {chains.thumbprint(c) for each in trust.authorities.values() for c in (each.root, *each.issuing)}
    for thumbprint, certificate in certificates.items():
        if thumbprint in listed:
            continue
        name = f"certificates/{thumbprint}.pem"
        with chains.x509_of(name):
            trust.vouching(name, certificate)


def no_idle_certificate(files: Files, certificates: Mapping[str, x509.Certificate], trust: chains.Trust) -> None:
    """A certificate that nothing here is signed with has no business here."""
    used = {chains.thumbprint(c) for each in trust.authorities.values() for c in (each.root, *each.issuing)}
    used |= {reading.signer_of(name, data) for name, data in files.items() if name.endswith(".jws")}
    for thumbprint in certificates:
        if thumbprint not in used:
            raise NotProved(f"certificates/{thumbprint}.pem: nothing in the bundle is signed with it")


def agreement(files: Files) -> Agreement:
    """The agreement as far as the audit needs it; its signatures are checked in step 5."""
    name = "agreement/agreement.json"
    told = reading.thing(name, files[name])
    parties = told.get("parties")
    if not isinstance(parties, dict) or len(parties) != 2:
        raise NotProved(f"{name}: an agreement has two parties")
    roots = {}
    for party, member in parties.items():
        if not isinstance(member, dict):
            raise NotProved(f"{name}: says nothing of {party}")
        roots[party] = reading.digest(name, member, "root")
    found = AgreementFound(
        id=reading.text(name, told, "id"),
        version=reading.whole(name, told, "version"),
        parties=tuple(sorted(roots)),
        since=reading.moment_in(name, told, "since"),
        until=reading.moment_in(name, told, "until"),
        terms=tuple(
            TermFound(
                doctype=reading.text(name, each, "doctype"),
                sender=reading.text(name, each, "from"),
                receiver=reading.text(name, each, "to"),
                answer_within_seconds=reading.whole(name, each, "answer_within_seconds"),
            )
            for each in reading.things(name, told, "documents")
        ),
        sha256=hashlib.sha256(files[name]).hexdigest(),
    )
    return Agreement(found, roots, crossings.wanted(name, told))
