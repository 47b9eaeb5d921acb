"""The audit of a bundle, eight numbered steps. Each can fail, and has a test that makes it fail.

    (1) the container      a ZIP in its one spelling, only names that a bundle has
    (2) the manifest       lists exactly the files, each with its SHA-256 and size
    (3) its signature      by the party whose bundle this is
    (4) certificates       each chains to a root that its country's trust list names and that is pinned
    (5) lists, agreement   each trust list signed by its country, the agreement by every party in it
    (6) messages           each message and receipt signed by its sender while it could, under the agreement
    (7) the log            each record in the tree that the party signed and the partner cosigned; timestamps on that
    (8) cross links        messages, receipts, documents and records fit each other, none without its counterpart

What is pinned: the roots handed in, or else those that the agreement names. In that case the bundle proves
that its parts fit together and to that agreement, not that the agreement is the one you know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from cryptography import x509

from harness.errors import NotProved
from harness.evidence.audit import chains, container, logged, messages, opening, stamped
from harness.evidence.audit.case import Case, Files, expect, stem, under
from harness.evidence.audit.found import (
    Audited,
    CheckpointFound,
    CosignatureFound,
    DocumentFound,
    MarkFound,
    MessageFound,
    ReceiptFound,
    counted,
)
from harness.evidence.audit.links import Contents, check_links


def audit(data: bytes, *, roots: Mapping[str, str] | None = None) -> Audited:
    """Check an evidence bundle, offline, and return what it proves.

    Args:
        data: the bytes of the ZIP.
        roots: per country, the SHA-256 (hexadecimal) of the root certificate you know; None takes those that the
            bundle's own agreement names.

    Raises:
        BadInput: these bytes are no ZIP.
        BadInput: roots were handed in, and one that is needed is not among them; or this is no ZIP at all.
        NotProved: something does not verify; one sentence, beginning with the file.
    """
    files = container.files_of(data)  # (1) The container ...
    case = opened(files, roots)  # ... and steps 2 to 4.
    # (7) begins here: the cosignature proves how old everything under the checkpoint is at least.
    checkpoint, cosignatures = logged.checkpoint(case)
    witnessed = min((each.at for each in cosignatures), default=None)
    # An earlier one may prove more, and so may a stamp; where a certificate was withdrawn since, that decides.
    entries = logged.entries(case, checkpoint)
    stamps, marks = stamped.stamps(case), stamped.marks(case, checkpoint)
    every = (*marks, MarkFound(checkpoint.size, checkpoint.at, stamps))
    known = logged.ages(case, entries), stamped.ages(case, entries, every)

    def age(raw: str) -> datetime | None:
        return min((each for each in (witnessed, *(one.get(raw) for one in known)) if each is not None), default=None)

    # (6) Messages and receipts.
    sent, answers = messages.messages(case, age), messages.receipts(case, age)
    good, heard = [each for each in sent if not each.doubt], [each for each in answers if not each.doubt]
    doubted: tuple[MessageFound | ReceiptFound, ...] = tuple(each for each in sent if each.doubt)
    doubted += tuple(each for each in answers if each.doubt)
    # Where nothing else is left, nothing is proved; what stands beside it, though, no thief can take away.
    if doubted and not good:
        raise NotProved(doubted[0].doubt)
    # (5) Lists and agreement, as of the first thing they had to hold for.
    _signed_lists(case)
    _signed_agreement(case, min([each.at for each in good] + [each.at for each in heard], default=case.manifest.made))
    # (7) The records, (8) and how everything fits together.
    told, documents = case.manifest, _documents(files)
    contents = Contents(told.party, told.correlation, sent, answers, documents, entries, told.absent)
    check_links(contents)
    return Audited(
        party=told.party,
        run=told.run,
        correlation=told.correlation,
        made=told.made,
        roots={each.country: chains.thumbprint(each.root) for each in case.trust.authorities.values()},
        anchored="agreement" if roots is None else "given",
        agreement=case.agreement.found,
        messages=tuple(good),
        receipts=tuple(heard),
        documents=documents,
        entries=entries,
        checkpoint=checkpoint,
        cosignatures=cosignatures,
        absent=told.absent,
        checks=_told(
            case, contents, checkpoint, cosignatures, stamped.told(stamps, marks, sorted(case.trust.authorities))
        ),
        stamps=stamps,
        marks=marks,
        doubted=doubted,
    )


def opened(files: Files, roots: Mapping[str, str] | None) -> Case:
    """Steps 1 to 4 of a bundle whose ZIP was read: what every later question needs."""
    opening.names(files)  # (1)
    manifest = opening.manifest(files)  # (2)
    certificates = opening.certificates(files)
    signed = opening.manifest_token(files, certificates)  # (3), by whomever: who that is, is step 4's question.
    # (4) Pinned roots, then everything below them.
    agreement = opening.agreement(files)
    trust = opening.trust(files, certificates, opening.anchors(files, agreement, roots), agreement)
    opening.each_certificate(certificates, trust)
    opening.no_idle_certificate(files, certificates, trust)
    expect("manifest.jws", trust.signer("manifest.jws", signed, manifest.made).party, manifest.party, "signed by")
    return Case(files, manifest, agreement, certificates, trust)


# (5) Trust lists and agreement.
def _signed_lists(case: Case) -> None:
    for country, authority in case.trust.authorities.items():
        name = f"trust/{country}.jws"
        token = case.token(name, chains.TRUST_LIST)
        read, issued = chains.authority(name, token.payload, country, chains.thumbprint(authority.root))
        signer = case.trust.publisher(name, token.certificate, issued)
        expect(name, signer.country, read.country, "signed under")
        expect(name, signer.party, f"{country} trust list", "signed by")


def _signed_agreement(case: Case, first: datetime) -> None:
    parties = case.agreement.found.parties
    for party in parties:
        name = f"agreement/{party}.jws"
        if name not in case.files:
            raise NotProved(f"{name}: is missing; {party} has not signed the agreement")
        token = case.token(name, "corridor-agreement+jws")
        if token.payload != case.files["agreement/agreement.json"]:
            raise NotProved(f"{name}: signs another text than agreement/agreement.json")
        signer = _agreed(case, name, token.certificate, first)
        expect(name, signer.party, party, "signed by")
        root = chains.thumbprint(case.trust.authorities[signer.country].root)
        expect(name, root, case.agreement.roots[party], "signed under the root")
    for name in under(case.files, "agreement"):
        if name.endswith(".jws") and stem(name) not in parties:
            raise NotProved(f"{name}: {stem(name)} is no party to the agreement")
    if case.manifest.party not in parties:
        raise NotProved(f"manifest.json: {case.manifest.party} is no party to the agreement")


def _agreed(case: Case, name: str, certificate: x509.Certificate, first: datetime) -> chains.Signer:
    """Who signed the agreement, before the first thing that rests on it, or later, to confirm these very bytes.

    A party that changes its key signs again with the new one: nobody else can, and nobody can have done it for it.
    """
    try:
        return case.trust.signer(name, certificate, first)
    except NotProved as early:
        try:
            return case.trust.signer(name, certificate, case.manifest.made)
        except NotProved:
            raise early from None


# (8) Documents as files; how all fits together is in links.
def _documents(files: Files) -> tuple[DocumentFound, ...]:
    found = []
    for name in under(files, "documents"):
        kind: Literal["original", "own"] = "own" if name.startswith("documents/own-") else "original"
        sha256 = hashlib.sha256(files[name]).hexdigest()
        expect(name, sha256, stem(name).partition("-")[2], "has SHA-256")
        found.append(DocumentFound(kind, sha256, name, len(files[name])))
    return tuple(found)


def _told(
    case: Case,
    contents: Contents,
    checkpoint: CheckpointFound,
    cosignatures: Iterable[CosignatureFound],
    stamps: Iterable[str],
) -> tuple[str, ...]:
    witnesses = ", ".join(each.by for each in cosignatures) or "nobody"
    countries = ", ".join(sorted(case.trust.authorities))
    records = f"{len(contents.entries)} of {checkpoint.size} records"
    tokens = f"{counted(len(contents.messages), 'message')} and {counted(len(contents.receipts), 'receipt')}"
    doubts = [each.doubt for each in contents.messages if each.doubt]
    doubts += [each.doubt for each in contents.receipts if each.doubt]
    in_doubt = f"; in doubt, and counted for nothing: {'; '.join(doubts)}" if doubts else ""
    return (
        f"(1) a ZIP in its one spelling, {counted(len(case.files), 'file')}",
        f"(2) the manifest lists exactly these, {sum(map(len, case.files.values()))} octets",
        f"(3) signed by {contents.party}",
        f"(4) {counted(len(case.certificates), 'certificate')} under the roots of {countries}",
        "(5) trust lists signed by their countries, the agreement by both parties",
        f"(6) {tokens} signed by their senders{in_doubt}",
        f"(7) {records} proved in the log of {contents.party}, cosigned by {witnesses}, {', '.join(stamps)}",
        f"(8) {counted(len(contents.documents), 'document')}, messages, receipts and records fit each other",
    )
