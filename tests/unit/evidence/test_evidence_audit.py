"""Each check of the audit made to fail, by evidence that is properly packed and signed but for that one thing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import ssl
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs import drafts, jws
from certs.authority import Authority
from certs.identity import Algorithm, Identity
from harness.clock import stamp
from harness.errors import BadInput, NotProved
from harness.evidence import bundle, checkpoint, records
from harness.evidence.audit import Audited, audit, container
from harness.evidence.bundle import BundleParts, Document

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor, Sent

Minutes = Callable[[float], datetime]


@pytest.fixture
def at(minutes: Minutes) -> Minutes:
    """The clock of the rehearsal."""
    return minutes


@pytest.fixture
def parts(corridor: Corridor, at: Minutes) -> BundleParts:
    """QN's parts after an honest trade."""
    corridor.trade()
    return corridor.seen(corridor.qn, at(58), cosigned=at(59))


def refused(parts: BundleParts, signer: Identity, sentence: str, *, roots: Mapping[str, str] | None = None) -> None:
    """The bundle of these parts does not verify, for this reason."""
    with pytest.raises(NotProved, match=sentence):
        audit(bundle.make(parts, signer), roots=roots)


def changed(corridor: Corridor, bundled: bytes, name: str, data: bytes, *, instead: str = "") -> bytes:
    """The bundle with one file replaced, packed and signed anew by the party."""
    files = {each: octets for each, octets in corridor.files(bundled).items() if each != instead}
    return corridor.remade({**files, name: data}, corridor.qn.identity)


# ------------------------------------------------------------------------------------- (1) the container


@pytest.mark.parametrize("data", [b"", b"PK", b"hello", b"%PDF-1.7" * 100, b"\x1f\x8b" + bytes(200)])
def test_no_zip_at_all(data: bytes) -> None:
    """What is no ZIP is bad input, not failed evidence."""
    with pytest.raises(BadInput, match="no ZIP"):
        audit(data)


def zipped(*members: tuple[str, bytes], **about: int) -> bytes:
    """A ZIP by the standard library, with attributes of its members set."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            for attribute, value in about.items():
                setattr(info, attribute, value)
            archive.writestr(info, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zipped(("../../etc/passwd", b"x")), "could lead out"),
        (zipped(("/etc/passwd", b"x")), "could lead out"),
        (zipped(("messages/..\\..\\x", b"x")), "could lead out"),
        (zipped(("C:x", b"x")), "could lead out"),
        (zipped(("messages//x", b"x")), "no name of a file"),
        (zipped(("messages/", b"")), "no name of a file"),
        (zipped(("a\nb", b"x")), "no name of a file"),
        (zipped(("x" * 200, b"x")), "a name of 200 octets"),
        (zipped(("README.md", b"target"), external_attr=0o120777 << 16), "README.md: is a link"),
        (zipped(("README.md", bytes(100_000)), compress_type=zipfile.ZIP_DEFLATED), "README.md: is compressed"),
        (zipped(("b.md", b""), ("a.md", b"")), r"a\.md: stands behind b\.md"),
        (zipped(("README.md", b""), external_attr=0o100755 << 16), "README.md: its entry in the ZIP's directory"),
        (zipped(("README.md", b""), create_version=30), "README.md: its entry in the ZIP's directory"),
        (zipped(("README.md", b""), extract_version=30), "README.md: its header in the ZIP"),
    ],
)
def test_strange_zip(data: bytes, sentence: str) -> None:
    """A ZIP that could do harm, or is only written otherwise, is refused by name and for its reason."""
    with pytest.raises(NotProved, match=sentence):
        audit(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_twice() -> None:
    """Two files under one name are refused."""
    with pytest.raises(NotProved, match=r"README\.md: stands twice"):
        audit(zipped(("README.md", b"one"), ("README.md", b"two")))


def test_encrypted_member(honest: bytes) -> None:
    """An encrypted file is refused before it is looked at."""
    marked = bytearray(honest)
    marked[6] |= 1
    with pytest.raises(NotProved, match="is encrypted"):
        audit(bytes(marked))


def test_too_many_files(monkeypatch: pytest.MonkeyPatch, honest: bytes) -> None:
    """There is a limit to the number of files."""
    monkeypatch.setattr(container, "MOST", 10)
    with pytest.raises(NotProved, match="more than 10 files"):
        audit(honest)


def test_too_large(monkeypatch: pytest.MonkeyPatch, honest: bytes) -> None:
    """There is a limit to the size."""
    monkeypatch.setattr(container, "LARGEST", 1000)
    with pytest.raises(NotProved, match="more than 1000"):
        audit(honest)


def test_file_of_no_kind(corridor: Corridor, parts: BundleParts) -> None:
    """Even when listed and signed, a file that a bundle does not have is refused."""
    made = bundle.make(parts, corridor.qn.identity)
    with pytest.raises(NotProved, match=r"notes\.txt: a bundle has no such file"):
        audit(changed(corridor, made, "notes.txt", b""))


@pytest.mark.parametrize("name", ["README.md", "agreement/agreement.json", "log/checkpoint.jws"])
def test_file_that_must_be_there(corridor: Corridor, parts: BundleParts, name: str) -> None:
    """A bundle without one of its fixed files is refused, whoever signed its manifest."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    del files[name]
    with pytest.raises(NotProved, match=f"{name}: is missing"):
        audit(corridor.remade(files, corridor.qn.identity))


# ------------------------------------------------------------------------------------- (2), (3) the manifest


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'"schema": "corridor-bundle-1"', b'"schema": "corridor-bundle-2"', "written as corridor-bundle-2"),
        (b'"run": "7f3a"', b'"run": ""', "run is missing"),
        (b'"run": "7f3a"', b'"run": "7f3a", "run": "7f3b"', "names a field twice"),
        (b'"run": "7f3a"', b'"run": "7f3a", "\\u0072un": "7f3b"', "names a field twice"),
        (b'"run": "7f3a"', b'"run": "\\ud800"', "no JSON in UTF-8"),
        (b'"run": "7f3a"', b'"run": NaN', "NaN is no JSON"),
        (b'"run": "7f3a"', b'"run": 9007199254740992', "beyond 2"),
        (b'"run": "7f3a"', b'"run": 1e999', "no double holds"),
        (b'"run": "7f3a"', b'"run": ' + b"[" * 40 + b"]" * 40, "deeper than 32"),
        (b'"made": "2026', b'"made": "26', "is no moment"),
        (b'"absent": []', b'"absent": null', "does not say what is absent"),
        (b'"absent": []', b'"absent": ["x"]', "absent is no SHA-256"),
        (b'"files": {', b'"files": [], "old": {', "lists no files"),
        (b'"size": ', b'"size": 1', "does not have the size"),
        (b'"size": ', b'"size": -', "no whole number"),
        (b'"README.md": {', b'"README.txt": {', r"README\.md: is in the bundle but not in its manifest"),
        (b"{", b"[{", "manifest.json: no JSON"),
        (b'"made": "2026-03-02', b'"made": "2026-02-30', "is no moment"),
        (b'"run": "7f3a"', b'"run": 1.5', "run is missing or no text"),
    ],
)
def test_manifest_that_says_something_else(
    corridor: Corridor, parts: BundleParts, old: bytes, new: bytes, sentence: str
) -> None:
    """A manifest that can be read in two ways, or does not list exactly the files, is refused even when signed."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    manifest = files["manifest.json"].replace(old, new, 1)
    assert manifest != files["manifest.json"]
    token = jws.sign(manifest, corridor.qn.identity, typ=jws.MANIFEST)
    with pytest.raises(NotProved, match=sentence):
        audit(bundle.zipped({**files, "manifest.json": manifest, "manifest.jws": token}))


def test_manifest_that_is_no_object(corridor: Corridor, parts: BundleParts) -> None:
    """A manifest is a JSON object."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    signed = jws.sign(b"[]", corridor.qn.identity, typ=jws.MANIFEST)
    with pytest.raises(NotProved, match=r"manifest\.json: holds no JSON object"):
        audit(bundle.zipped({**files, "manifest.json": b"[]", "manifest.jws": signed}))


def test_manifest_of_another_bundle(corridor: Corridor, parts: BundleParts) -> None:
    """A manifest's signature over another manifest does not count."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    other = corridor.files(bundle.make(replace(parts, run="7f3b"), corridor.qn.identity))
    with pytest.raises(NotProved, match=r"manifest\.json: is not what manifest\.jws signs"):
        audit(bundle.zipped({**files, "manifest.jws": other["manifest.jws"]}))


def test_manifest_signed_by_the_partner(corridor: Corridor, parts: BundleParts) -> None:
    """A party cannot make a bundle in the name of another."""
    refused(parts, corridor.qm.identity, r"manifest\.jws: signed by QM, not QN")


def test_manifest_under_another_kind(corridor: Corridor, parts: BundleParts) -> None:
    """A signature of another kind over the same bytes is no signature of a manifest."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    token = jws.sign(files["manifest.json"], corridor.qn.identity, typ=jws.AGREEMENT)
    with pytest.raises(NotProved, match="of kind 'corridor-agreement"):
        audit(bundle.zipped({**files, "manifest.jws": token}))


# ------------------------------------------------------------------------------------- tokens, by hand


def forged(token: bytes, signer: Identity, **header: object) -> bytes:
    """The token with another header, signed again by hand."""
    first, payload, _ = token.split(b".")
    told = json.loads(base64.urlsafe_b64decode(first + b"=="))
    told.update(header)
    written = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=") + b"." + payload
    return written + b"." + base64.urlsafe_b64encode(signer.sign(written)).rstrip(b"=")


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ({"jwk": {"kty": "EC"}}, "carries 'jwk'"),
        ({"jku": "https://example.test/keys"}, "carries 'jku'"),
        ({"x5u": "https://example.test/cert"}, "carries 'x5u'"),
        ({"crit": ["b64"]}, "carries 'crit'"),
        ({"alg": "none"}, "algorithm 'none' is not the one"),
        ({"alg": "HS256"}, "algorithm 'HS256' is not the one"),
        ({"alg": "ES256"}, "algorithm 'ES256' is not the one"),
        ({"alg": None}, "alg is missing"),
        ({"typ": "corridor-message+jws"}, "of kind 'corridor-message"),
        ({"x5t#S256": "AAAA"}, "which is not in the bundle"),
        ({"x5t#S256": "AA=A"}, "x5t#S256 is no"),
    ],
)
def test_header_that_may_not_be(
    corridor: Corridor, parts: BundleParts, header: Mapping[str, object], sentence: str
) -> None:
    """A header that brings its own key or its own rules is refused, though the signature fits."""
    made = bundle.make(parts, corridor.qn.identity)
    token = forged(parts.checkpoint, corridor.qn.identity, **header)
    with pytest.raises(NotProved, match=rf"log/checkpoint\.jws: .*{sentence}"):
        audit(changed(corridor, made, "log/checkpoint.jws", token))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: t + b".", "4 segments"),
        (lambda t: t + b"=", "signature is no"),
        (lambda t: t + b"\n", "signature is no"),
        (lambda t: t[:-2], "a signature of 63 octets"),
        (lambda t: t + b"AAAA", "a signature of 67 octets"),
        (lambda t: t[:-86] + b"A" * 86, "does not fit"),
        (lambda t: b" " + t, "header is no"),
    ],
)
def test_token_in_another_spelling(
    corridor: Corridor, parts: BundleParts, spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    """A token has one spelling; blanks, padding and longer signatures are refused."""
    made = bundle.make(parts, corridor.qn.identity)
    with pytest.raises(NotProved, match=sentence):
        audit(changed(corridor, made, "log/checkpoint.jws", spoil(parts.checkpoint)))


# ------------------------------------------------------------------------------------- (4) certificates


def test_roots_of_somebody_else(corridor: Corridor, parts: BundleParts) -> None:
    """A bundle does not verify under roots that are not the ones you know, nor under those of the other country."""
    unknown = {"QM": "0" * 64, "QN": "0" * 64}
    refused(parts, corridor.qn.identity, "which is not the one known", roots=unknown)
    swapped = {"QM": corridor.roots["QN"], "QN": corridor.roots["QM"]}
    refused(parts, corridor.qn.identity, r"trust/QM\.jws: does not name the root", roots=swapped)


def test_root_of_one_country_not_known(corridor: Corridor, parts: BundleParts) -> None:
    """A party's country whose root was not handed in is the reader's slip, and says nothing about the bundle."""
    made = bundle.make(parts, corridor.qn.identity)
    with pytest.raises(BadInput, match=r"no root of QN was handed in") as caught:
        audit(made, roots={"QM": corridor.roots["QM"]})
    assert "QN's root too: --roots" in caught.value.todo


def test_whole_country_made_up(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """Authorities made up by an insider do not hold against the root that the agreement pins."""
    false = Authority.found("QM", at(0), corridor.chance.octets, timedelta(days=30))
    trust = {**parts.trust, "QM": false.trust_list(1, at(0), at(9999))}
    refused(replace(parts, trust=trust), corridor.qn.identity, r"trust/QM\.jws: names no root that the agreement names")


def stranger(
    corridor: Corridor, at: Minutes, *, eku: x509.ObjectIdentifier | None = None, ca: bool = False
) -> Identity:
    """QN again, with another certificate of QN's own issuing authority."""
    authority = corridor.authorities["QN"]
    key = drafts.p256_key(corridor.chance.octets, "stranger")
    extensions = drafts.for_authority(below=0) if ca else drafts.for_signing()
    if eku is not None:
        extensions = (*extensions[:2], (x509.ExtendedKeyUsage([eku]), False))
    draft = drafts.Draft(
        drafts.name("QN", "QN"),
        key.public_key(),
        drafts.serial(corridor.chance.octets, "s"),
        at(0),
        at(999),
        extensions,
    )
    signed = draft.signed(drafts.Issuer(authority.issuing.subject, authority._issuing_key))
    return Identity("QN", "QN", key, signed)


def test_certificate_for_something_else(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A certificate meant for TLS signs no evidence."""
    server = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")
    refused(parts, stranger(corridor, at, eku=server), "not meant for signing documents")


def test_authoritys_certificate_signs(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """An authority's certificate signs no evidence."""
    refused(parts, stranger(corridor, at, ca=True), "signed with an authority's certificate")


def test_same_name_other_issuer(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """The right names under a wrong key are found: no authority on the list issued that."""
    false = Authority.found("QN", at(0), corridor.chance.octets, timedelta(days=30))
    refused(parts, false.issue_signing("QN", Algorithm.ES256, at(0)), "no authority on the trust list of QN")


def test_signed_before_the_certificate(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A certificate that was not yet valid signs nothing."""
    late = corridor.authorities["QN"].issue_signing("QN", Algorithm.ES256, at(61))
    refused(parts, late, r"manifest\.jws: the certificate was not valid on 2026-03-02 10:00:00")


def test_signed_after_the_certificate(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A certificate that is no longer valid signs nothing."""
    short = corridor.authorities["QN"].issue_signing("QN", Algorithm.ES256, at(0), lifetime=timedelta(minutes=5))
    refused(parts, short, r"manifest\.jws: the certificate was not valid")


def test_revoked_before(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A message signed after the withdrawal of its certificate is not evidence."""
    authority = corridor.authorities["QM"]
    authority.revoke(corridor.qm.identity.certificate, x509.ReasonFlags.superseded, at(0))
    crls = (*corridor.authorities["QN"].crls(at(0)), *authority.crls(at(59)))
    refused(replace(parts, crls=crls), corridor.qn.identity, "withdrawn before that moment")


def test_revoked_later_but_seen_before(corridor: Corridor, at: Minutes) -> None:
    """What a witness saw before the withdrawal stays good evidence."""
    corridor.trade()
    early = corridor.seen(corridor.qm, at(10), cosigned=at(11))
    authority = corridor.authorities["QM"]
    authority.revoke(corridor.qm.identity.certificate, x509.ReasonFlags.superseded, at(20))
    crls = (*corridor.authorities["QN"].crls(at(0)), *authority.crls(at(59)))
    renewed = authority.issue_signing("QM", Algorithm.ES256, at(30))
    tokens = {**early.agreement_tokens, "QM": jws.sign(early.agreement, renewed, typ=jws.AGREEMENT)}
    parts = replace(early, crls=crls, agreement_tokens=tokens, made=at(60))
    # The agreement, signed anew with a certificate that did not exist at the first message, is confirmed by that.
    assert audit(bundle.make(parts, renewed)).party == "QM"
    older = authority.issue_signing("QM", Algorithm.ES256, at(0))
    tokens = {**tokens, "QM": jws.sign(early.agreement, older, typ=jws.AGREEMENT)}
    assert audit(bundle.make(replace(parts, agreement_tokens=tokens), renewed)).party == "QM"
    # A certificate from after the bundle confirms nothing in it.
    later = authority.issue_signing("QM", Algorithm.ES256, at(61))
    tokens = {**tokens, "QM": jws.sign(early.agreement, later, typ=jws.AGREEMENT)}
    with pytest.raises(NotProved, match=r"agreement/QM\.jws: the certificate was not valid"):
        audit(bundle.make(replace(parts, agreement_tokens=tokens), renewed))


def test_revoked_later_and_seen_later(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """What nobody saw before the withdrawal may have been signed by whoever found the key."""
    authority = corridor.authorities["QM"]
    authority.revoke(corridor.qm.identity.certificate, x509.ReasonFlags.superseded, at(20))
    crls = (*corridor.authorities["QN"].crls(at(0)), *authority.crls(at(59)))
    refused(replace(parts, crls=crls, cosignatures={}), corridor.qn.identity, "messages/.* no witness proves")


def test_key_lost_before_it_was_withdrawn(corridor: Corridor, at: Minutes) -> None:
    """The moment when the key was lost counts, not the moment when the authority was told."""
    corridor.trade()
    parts = corridor.seen(corridor.qn, at(10), cosigned=at(11))
    authority = corridor.authorities["QM"]
    reason = x509.ReasonFlags.key_compromise
    authority.revoke(corridor.qm.identity.certificate, reason, at(40), invalid_since=at(0))
    crls = (*corridor.authorities["QN"].crls(at(0)), *authority.crls(at(59)))
    refused(replace(parts, crls=crls, cosignatures={}), corridor.qn.identity, "withdrawn before that moment")


def test_no_revocation_list(corridor: Corridor, parts: BundleParts) -> None:
    """Without a revocation list nothing can be said, and nothing is assumed."""
    refused(replace(parts, crls=parts.crls[:-1]), corridor.qn.identity, "no revocation list of")


def test_stale_revocation_list(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A revocation list that was past its next update speaks of nothing later."""
    stale = tuple(
        der for each in corridor.authorities.values() for der in each.crls(at(0), lifetime=timedelta(minutes=5))
    )
    refused(replace(parts, crls=stale), corridor.qn.identity, "no revocation list of")


def test_revocation_list_of_a_stranger(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A revocation list that no recognised authority signed is not carried along."""
    false = Authority.found("QM", at(0), corridor.chance.octets, timedelta(days=30))
    refused(
        replace(parts, crls=(*parts.crls, *false.crls(at(0)))), corridor.qn.identity, "no recognised authority signed"
    )


def test_revocation_list_that_is_none(corridor: Corridor, parts: BundleParts) -> None:
    """Octets that are no revocation list get a sentence, not a traceback."""
    made = bundle.make(parts, corridor.qn.identity)
    name = "crls/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.crl"
    with pytest.raises(NotProved, match="cannot be read"):
        audit(changed(corridor, made, name, b""))


def test_certificate_that_signed_nothing(corridor: Corridor, parts: BundleParts) -> None:
    """A good certificate that nothing is signed with has no business in a bundle."""
    idle = corridor.authorities["QN"].issue_signing("QN", Algorithm.ES256, parts.made).certificate
    name = f"certificates/{idle.fingerprint(hashes.SHA256()).hex()}.pem"
    made = changed(corridor, bundle.make(parts, corridor.qn.identity), name, idle.public_bytes(Encoding.PEM))
    with pytest.raises(NotProved, match="nothing in the bundle is signed with it"):
        audit(made)


def test_certificate_of_a_third_country(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A certificate of a country whose trust list is not here stands under nothing."""
    other = Authority.found("QX", at(0), corridor.chance.octets, timedelta(days=30)).publisher.certificate
    name = f"certificates/{other.fingerprint(hashes.SHA256()).hex()}.pem"
    made = changed(corridor, bundle.make(parts, corridor.qn.identity), name, other.public_bytes(Encoding.PEM))
    with pytest.raises(NotProved, match=f"{name}: signed under QX, whose trust list is not in the bundle"):
        audit(made)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "cannot be read"), (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")],
)
def test_certificate_that_is_none(corridor: Corridor, parts: BundleParts, content: bytes, sentence: str) -> None:
    """Octets that are no certificate get a sentence, not a traceback."""
    name = f"certificates/{'0' * 64}.pem"
    with pytest.raises(NotProved, match=f"{name}: .*{sentence}"):
        audit(changed(corridor, bundle.make(parts, corridor.qn.identity), name, content))


def test_two_certificates_in_one_file(corridor: Corridor, parts: BundleParts) -> None:
    """A certificate's file holds one certificate."""
    made = bundle.make(parts, corridor.qn.identity)
    name = next(each for each in corridor.files(made) if each.startswith("certificates/"))
    with pytest.raises(NotProved, match="more than one certificate"):
        audit(changed(corridor, made, name, corridor.files(made)[name] * 2))


def test_authority_missing_as_a_file(corridor: Corridor, parts: BundleParts) -> None:
    """Who follows the README needs every authority as a file."""
    made = bundle.make(parts, corridor.qn.identity)
    files = corridor.files(made)
    del files[f"certificates/{corridor.roots['QM']}.pem"]
    with pytest.raises(NotProved, match=r"trust/QM\.jws: names the certificate .* not in the bundle"):
        audit(corridor.remade(files, corridor.qn.identity))


# ------------------------------------------------------------------------------------- (5) lists, agreement


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"since": 30.0}, "authorities of QM were not recognised"),
        ({"until": 0.5}, "authorities of QM were not recognised"),
        ({"next_update": 0.5}, "trust list of QM was past its next update"),
    ],
)
def test_list_that_did_not_hold_then(
    corridor: Corridor, parts: BundleParts, at: Minutes, about: Mapping[str, float], sentence: str
) -> None:
    """Recognition is dated: before its beginning, after its end and past the list's life it does not hold."""
    told = {"next_update": at(9999), **{name: at(minute) for name, minute in about.items()}}
    token = corridor.authorities["QM"].trust_list(1, at(0), **told)  # type: ignore[arg-type] # moments, by their names
    refused(replace(parts, trust={**parts.trust, "QM": token}), corridor.qn.identity, sentence)


def test_list_signed_by_the_party(corridor: Corridor, parts: BundleParts) -> None:
    """A party does not publish its country's trust list."""
    payload = jws.read(parts.trust["QN"]).payload
    token = jws.sign(payload, corridor.qn.identity, typ=jws.TRUST_LIST)
    refused(replace(parts, trust={**parts.trust, "QN": token}), corridor.qn.identity, "signed by QN, not QN trust list")


def test_list_signed_by_another_country(corridor: Corridor, parts: BundleParts) -> None:
    """A country's trust list is signed under its own root."""
    payload = jws.read(parts.trust["QN"]).payload
    token = jws.sign(payload, corridor.authorities["QM"].publisher, typ=jws.TRUST_LIST)
    refused(replace(parts, trust={**parts.trust, "QN": token}), corridor.qn.identity, "signed under QM, not QN")


def test_list_of_another_country(corridor: Corridor, parts: BundleParts) -> None:
    """A list that speaks of another country is not this country's."""
    trust = {**parts.trust, "QN": parts.trust["QM"]}
    sentence = r"trust/QN\.jws: is a trust list of QM"
    refused(replace(parts, trust=trust), corridor.qn.identity, sentence, roots=corridor.roots)


def test_list_missing(corridor: Corridor, parts: BundleParts) -> None:
    """Without a country's trust list its signatures stand on nothing."""
    refused(replace(parts, trust={"QN": parts.trust["QN"]}), corridor.qn.identity, "pins QM to the root")


def test_one_sided_agreement(corridor: Corridor, parts: BundleParts) -> None:
    """An agreement that one side did not sign is none."""
    tokens = {"QN": parts.agreement_tokens["QN"]}
    refused(replace(parts, agreement_tokens=tokens), corridor.qn.identity, r"agreement/QM\.jws: is missing")


def test_agreement_signed_twice_by_one(corridor: Corridor, parts: BundleParts) -> None:
    """One side cannot sign for both."""
    tokens = dict.fromkeys(("QM", "QN"), parts.agreement_tokens["QN"])
    refused(replace(parts, agreement_tokens=tokens), corridor.qn.identity, r"agreement/QM\.jws: signed by QN, not QM")


def test_agreement_with_other_terms(corridor: Corridor, parts: BundleParts) -> None:
    """The text in the bundle is the one that was signed."""
    other = corridor.agreement_text(version=2)
    refused(replace(parts, agreement=other), corridor.qn.identity, "signs another text")


def test_signature_of_a_third_party(corridor: Corridor, parts: BundleParts) -> None:
    """Who is not named in the agreement does not sign it."""
    tokens = {**parts.agreement_tokens, "QX": parts.agreement_tokens["QN"]}
    refused(replace(parts, agreement_tokens=tokens), corridor.qn.identity, "QX is no party to the agreement")


def test_agreement_of_others(corridor: Corridor, parts: BundleParts) -> None:
    """A bundle rests on an agreement to which its party is a party."""
    members = {party: {"root": corridor.roots[country]} for party, country in (("QM", "QM"), ("QN-x", "QN"))}
    text = corridor.agreement_text(parties=members)
    other = corridor.authorities["QN"].issue_signing("QN-x", Algorithm.ES256, parts.made - timedelta(hours=1))
    tokens = {each.party: jws.sign(text, each, typ=jws.AGREEMENT) for each in (corridor.qm.identity, other)}
    alone = replace(
        corridor.seen(corridor.qn, parts.made, cosigned=None), agreement=text, agreement_tokens=tokens, messages=()
    )
    refused(replace(alone, receipts=(), entries=()), corridor.qn.identity, "QN is no party to the agreement")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parties": {}}, "has two parties"),
        ({"parties": {"QM": {}, "QN": {}}}, "root is missing"),
        ({"parties": {"QM": None, "QN": None}}, "says nothing of QM"),
        ({"id": None}, "id is missing"),
        ({"since": "yesterday"}, "is no moment"),
        ({"documents": [{}]}, "doctype is missing"),
        ({"documents": None}, "documents is missing"),
    ],
)
def test_agreement_that_is_none(
    corridor: Corridor, parts: BundleParts, changes: Mapping[str, object], sentence: str
) -> None:
    """An agreement that lacks what evidence rests on is refused, though both signed it."""
    text = corridor.agreement_text(**changes)
    sides = corridor.sides.values()
    tokens = {side.party: jws.sign(text, side.identity, typ=jws.AGREEMENT) for side in sides}
    refused(replace(parts, agreement=text, agreement_tokens=tokens), corridor.qn.identity, sentence)


# ------------------------------------------------------------------------------------- (6) messages, receipts


def odd(corridor: Corridor, at: Minutes, sent: Sent) -> BundleParts:
    """QN's parts after it received this message, and nothing else."""
    corridor.receive(sent, at(2))
    return corridor.seen(corridor.qn, at(58), cosigned=at(59))


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"specversion": "0.3"}, "of CloudEvents 0.3"),
        ({"receiver": "QX", "topic": "qx.in.from.qm"}, "who are not the parties"),
        ({"topic": "qn.in.from.qx"}, "for topic qn.in.from.qx, not qn.in.from.qm"),
        ({"correlationid": "trade-2"}, "belongs to transaction trade-2"),
        ({"type": "corridor.receipt.v1"}, "a receipt under the seal of a message"),
        ({"time": "2026-03-01T09:00:00.000Z"}, "not recognised"),
        ({"time": "2026-05-01T09:00:00.000Z"}, "past its next update"),
        ({"time": "today"}, "is no moment"),
        ({"id": ""}, "id is missing"),
        ({"data_base64": "AB=="}, "not in the one spelling"),
        ({"data_base64": "AAAA\n"}, "data_base64 is no base64|one spelling"),
    ],
)
def test_message_that_says_something_else(
    corridor: Corridor, at: Minutes, about: Mapping[str, object], sentence: str
) -> None:
    """A message must be of this agreement, this transaction and this topic, in its one spelling."""
    carried: dict[str, object] = {"doctype": "864", "function": "9", "data_base64": "AAAA"}
    sent = corridor.seal(corridor.envelope("QM", at(1), **{**carried, **about}))
    parts = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    made = bundle.make(replace(parts, messages=(corridor.document().token,)), corridor.qn.identity)
    files = {name: data for name, data in corridor.files(made).items() if not name.startswith("messages/")}
    with pytest.raises(NotProved, match=rf"messages/.*{sentence}"):
        audit(corridor.remade({**files, f"messages/{sent.identity}.jws": sent.token}, corridor.qn.identity))


def test_message_outside_the_agreements_time(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A message from before the agreement came into force is not under it."""
    text = corridor.agreement_text(since=stamp(at(30)))
    tokens = {side.party: jws.sign(text, side.identity, typ=jws.AGREEMENT) for side in corridor.sides.values()}
    sentence = "agreement QM-QN was not in force on 2026-03-02 09:01:00"
    refused(replace(parts, agreement=text, agreement_tokens=tokens), corridor.qn.identity, sentence)


def test_message_signed_by_the_other_country(corridor: Corridor, at: Minutes) -> None:
    """A message in the name of QM under QN's key is not QM's."""
    envelope = corridor.document().envelope
    parts = odd(corridor, at, corridor.seal(envelope, identity=corridor.qn.identity))
    refused(parts, corridor.qn.identity, "messages/.*: signed by QN, not QM")


def test_message_under_a_receipts_seal(corridor: Corridor, at: Minutes) -> None:
    """A receipt cannot be shown as a message."""
    parts = odd(corridor, at, corridor.seal(corridor.document().envelope, jws.RECEIPT))
    refused(parts, corridor.qn.identity, "messages/.*: is of kind 'corridor-receipt")


def test_message_under_another_name(corridor: Corridor, parts: BundleParts) -> None:
    """A message's file carries its identity."""
    made = bundle.make(parts, corridor.qn.identity)
    name = next(each for each in corridor.files(made) if each.startswith("messages/"))
    other = f"messages/{'0' * 64}.jws"
    with pytest.raises(NotProved, match="holds the message with identity"):
        audit(changed(corridor, made, other, corridor.files(made)[name], instead=name))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], "states the levels"),
        ([{"level": "L1", "status": "probably"}], "states 'probably' on level 'L1'"),
        ([{"level": "L5", "status": "received"}], "states 'received' on level 'L5'"),
        ([{"level": "L2", "status": "delivered"}], "neither from L1 upwards"),
        ([{"level": "L3", "status": "admitted"}, {"level": "L4", "status": "accepted"}], "neither from L1 upwards"),
        (
            [
                {"level": "L1", "status": "received"},
                {"level": "L3", "status": "refused"},
                {"level": "L2", "status": "delivered"},
            ],
            "neither from L1 upwards",
        ),
        ([{"level": "L1", "status": "received"}, {"level": "L1", "status": "refused"}], "neither from L1 upwards"),
    ],
)
def test_receipt_that_states_nonsense(
    corridor: Corridor, at: Minutes, said: list[Mapping[str, object]], sentence: str
) -> None:
    """An unknown status or a level out of order is a failure, never "pending"."""
    sent = corridor.document()
    corridor.send(sent, at(1))
    corridor.receive(sent, at(2))
    corridor.answer(corridor.receipt(sent.identity, at(3), said), at(3))
    refused(corridor.seen(corridor.qn, at(58), cosigned=at(59)), corridor.qn.identity, f"receipts/.*{sentence}")


def test_level_that_was_not_tried(corridor: Corridor, at: Minutes) -> None:
    """What the agreement does not cover is not opened: its receipt states L1 and L3, and verifies."""
    sent = corridor.document()
    corridor.send(sent, at(1))
    corridor.receive(sent, at(2))
    said = ({"level": "L1", "status": "received"}, {"level": "L3", "status": "refused", "reason": "301"})
    corridor.answer(corridor.receipt(sent.identity, at(3), said), at(3))
    receipt = audit(corridor.bundle(corridor.qn)).receipts[0]
    assert [statement.level for statement in receipt.statements] == ["L1", "L3"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (None, "states nothing"),
        ({}, "of is missing"),
        ({"of": "ab" * 32}, "statements is missing or no list"),
        ({"of": "ab" * 32, "statements": [1]}, "statements must hold objects only"),
    ],
)
def test_receipt_that_states_nothing(
    corridor: Corridor, parts: BundleParts, at: Minutes, data: object, sentence: str
) -> None:
    """A receipt says of what, and what."""
    receipt = corridor.receipt("0" * 64, at(3), data=data)
    refused(replace(parts, receipts=(receipt.token,)), corridor.qn.identity, f"receipts/.*{sentence}")


# ------------------------------------------------------------------------------------- (7) the log


def test_record_of_another_log(corridor: Corridor, parts: BundleParts) -> None:
    """A record with somebody else's proof is not in this log."""
    entries = (replace(parts.entries[0], record=parts.entries[1].record), *parts.entries[1:])
    refused(replace(parts, entries=entries), corridor.qn.identity, r"log/0\.json: is not record 0 of the log")


@pytest.mark.parametrize(
    ("proof", "sentence"),
    [
        ((), "too short"),
        ((bytes(32),) * 9, "too long"),
        ((bytes(31), bytes(32)), "a hash that is none"),
    ],
)
def test_proof_of_the_wrong_shape(
    corridor: Corridor, parts: BundleParts, proof: tuple[bytes, ...], sentence: str
) -> None:
    """A proof has exactly the hashes that this size and index need."""
    entries = (replace(parts.entries[0], proof=proof), *parts.entries[1:])
    refused(replace(parts, entries=entries), corridor.qn.identity, rf"log/0\.proof: .*{sentence}")


def test_record_beyond_the_log(corridor: Corridor, parts: BundleParts) -> None:
    """No record stands behind the end of the log."""
    entries = (*parts.entries, replace(parts.entries[0], index=99))
    refused(replace(parts, entries=entries), corridor.qn.identity, r"log/99\.json: record 99 of a log with 3")


@pytest.mark.parametrize("end", ["json", "proof"])
def test_record_without_its_other_half(corridor: Corridor, parts: BundleParts, end: str) -> None:
    """A record and its proof stand together."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    del files[f"log/1.{end}"]
    with pytest.raises(NotProved, match=rf"log/1\.{end}: is missing"):
        audit(corridor.remade(files, corridor.qn.identity))


def test_proof_without_its_last_line_end(corridor: Corridor, parts: BundleParts) -> None:
    """A proof's file has one spelling."""
    made = bundle.make(parts, corridor.qn.identity)
    proof = corridor.files(made)["log/1.proof"].removesuffix(b"\n")
    with pytest.raises(NotProved, match="does not end with its line"):
        audit(changed(corridor, made, "log/1.proof", proof))


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [
        ("corridor/7f3a/QM", "speaks of the log corridor/7f3a/QM"),
        ("corridor/other/QN", "speaks of the log corridor/other"),
    ],
)
def test_checkpoint_of_another_log(
    corridor: Corridor, parts: BundleParts, at: Minutes, origin: str, sentence: str
) -> None:
    """A checkpoint names the log of this party in this run."""
    mark = checkpoint.Checkpoint(origin, corridor.qn.log.size, corridor.qn.log.root(), at(58))
    token = checkpoint.sign(mark, corridor.qn.identity)
    refused(replace(parts, checkpoint=token, cosignatures={}), corridor.qn.identity, sentence)


def test_checkpoint_signed_by_the_partner(corridor: Corridor, parts: BundleParts) -> None:
    """A party's log is vouched for by itself."""
    payload = jws.read(parts.checkpoint).payload
    token = jws.sign(payload, corridor.qm.identity, typ=jws.CHECKPOINT)
    refused(replace(parts, checkpoint=token), corridor.qn.identity, r"log/checkpoint\.jws: signed by QM, not QN")


@pytest.mark.parametrize("payload", [b"", b"a\nb\nc\nd\n", b"corridor/7f3a/QN\n03\n" + b"A" * 43 + b"=\nat x\n"])
def test_checkpoint_that_is_none(corridor: Corridor, parts: BundleParts, payload: bytes) -> None:
    """What is signed as a checkpoint is one."""
    token = jws.sign(payload, corridor.qn.identity, typ=jws.CHECKPOINT)
    refused(replace(parts, checkpoint=token, cosignatures={}), corridor.qn.identity, "signs no checkpoint")


def test_cosignature_over_another_checkpoint(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A witness's word counts for the checkpoint it saw."""
    other = checkpoint.Checkpoint(checkpoint.origin("7f3a", "QN"), 1, corridor.qn.log.root(1), at(5))
    token = checkpoint.cosign(other, corridor.qm.identity, at(6))
    refused(replace(parts, cosignatures={"QM": token}), corridor.qn.identity, "cosigns another checkpoint")


def test_cosigned_by_its_owner(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A party is not its own witness."""
    token = checkpoint.cosign(checkpoint.parse(jws.read(parts.checkpoint).payload), corridor.qn.identity, at(59))
    refused(replace(parts, cosignatures={"QN": token}), corridor.qn.identity, "QN is not the partner")
    refused(replace(parts, cosignatures={"QM": token}), corridor.qn.identity, "signed by QN, not QM")


def test_log_that_nobody_cosigned(corridor: Corridor, parts: BundleParts) -> None:
    """A bundle without a witness verifies, and says so."""
    found = audit(bundle.make(replace(parts, cosignatures={}), corridor.qn.identity))
    assert found.cosignatures == ()
    assert "cosigned by nobody" in found.checks[6]


def relogged(corridor: Corridor, at: Minutes, body: bytes) -> Audited:
    """Audit QN's bundle of an honest trade, with one more record, of any octets, in its log."""
    corridor.trade()
    log = corridor.qn.log
    parts = corridor.seen(corridor.qn, at(57), cosigned=None)
    log.append([body])
    mark = checkpoint.Checkpoint(checkpoint.origin("7f3a", "QN"), log.size, log.root(), at(58))
    entries = tuple(bundle.Entry(index, record, log.inclusion(index, log.size)) for index, record in log.records())
    parts = replace(parts, entries=entries, checkpoint=checkpoint.sign(mark, corridor.qn.identity))
    return audit(bundle.make(parts, corridor.qn.identity))


EMPTY = '"correlation":"trade-1","event":"painted"'


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", "party is missing"),
        (b'{ "at":1}', "not in its one spelling"),
        (f'{{"at":"2026-03-02T09:05:00.000Z",{EMPTY},"party":"QM"}}'.encode(), "is a record of QM, not QN"),
        (f'{{"at":"2026-03-02T11:00:00.000Z",{EMPTY},"party":"QN"}}'.encode(), "a moment after the checkpoint"),
    ],
)
def test_record_that_is_none(corridor: Corridor, at: Minutes, body: bytes, sentence: str) -> None:
    """Octets that stand in the log but are no record of this party are refused."""
    with pytest.raises(NotProved, match=rf"log/3\.json: .*{sentence}"):
        relogged(corridor, at, body)


def test_record_of_a_later_kind(corridor: Corridor, at: Minutes) -> None:
    """An event of a later version is carried, not judged."""
    body = f'{{"at":"2026-03-02T09:05:00.000Z",{EMPTY},"party":"QN"}}'.encode()
    assert relogged(corridor, at, body).entries[3].event == "painted"


# ------------------------------------------------------------------------------------- (8) cross links


def test_record_without_its_message(corridor: Corridor, parts: BundleParts) -> None:
    """A message that the log tells of cannot be left out."""
    refused(replace(parts, messages=()), corridor.qn.identity, r"log/0\.json: tells of message .* not in the bundle")


def test_record_without_its_receipt(corridor: Corridor, parts: BundleParts) -> None:
    """A receipt that the log tells of cannot be left out."""
    refused(replace(parts, receipts=()), corridor.qn.identity, r"log/2\.json: tells of receipt .* not in the bundle")


def test_message_that_was_never_logged(corridor: Corridor, parts: BundleParts) -> None:
    """A message that the party's own log does not know is no evidence of the party."""
    refused(
        replace(parts, messages=(*parts.messages, corridor.document().token)),
        corridor.qn.identity,
        "no record of the log",
    )


def test_receipt_that_was_never_logged(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A receipt given beside the log is found."""
    of = jws.read(parts.messages[0]).identity
    more = (*parts.receipts, corridor.receipt(of, at(9)).token)
    refused(replace(parts, receipts=more), corridor.qn.identity, "receipts/.*: no record of the log tells of it")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("raw", "0" * 64),
        ("id", "other"),
        ("topic", "qm.in.from.qn"),
        ("subject", "CO-0002"),
        ("doctype", "851"),
        ("function", "5"),
        ("payload", "0" * 64),
        ("sender", "QX"),
        ("sequence", 2),
    ],
)
def test_record_that_misquotes_its_message(corridor: Corridor, at: Minutes, field: str, wrong: object) -> None:
    """What the log says of a message is what the message says."""
    sent = corridor.document()
    corridor.qn.messages.append(sent.token)
    told = {**corridor._as_message(sent), "sender": "QM", "partition": 0, "offset": 0, field: wrong}
    corridor.qn.note(records.RECEIVED, at(2), **told)
    parts = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    refused(parts, corridor.qn.identity, rf"log/0\.json: its {field} is not that of messages/")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("raw", "0" * 64),
        ("of", "0" * 64),
        ("statements", [{"level": "L1", "status": "refused", "reason": None}]),
        ("sequence", 2),
    ],
)
def test_record_that_misquotes_its_receipt(corridor: Corridor, at: Minutes, field: str, wrong: object) -> None:
    """What the log says of a receipt is what the receipt says: no kinder answer can be read into it."""
    sent = corridor.document()
    corridor.receive(sent, at(2))
    receipt = corridor.receipt(sent.identity, at(3))
    corridor.qn.receipts.append(receipt.token)
    corridor.qn.note(records.ANSWERED, at(3), **{**corridor._as_receipt(receipt), field: wrong})
    parts = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    refused(parts, corridor.qn.identity, rf"log/2\.json: its {field} is not that of receipts/")


def test_record_of_the_wrong_side(corridor: Corridor, at: Minutes) -> None:
    """A receiver does not log that it sent, nor an answerer that it was answered."""
    sent = corridor.document()
    corridor.qn.messages.append(sent.token)
    corridor.qn.note(records.SENT, at(2), **corridor._as_message(sent), receiver="QN", deadline=None)
    parts = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    refused(parts, corridor.qn.identity, "says sent of what was for QM to do, not for QN")


def test_dispute_logged_with_another_claim(corridor: Corridor, at: Minutes) -> None:
    """The log's word on a dispute is the dispute's own; the honest twin is accepted."""
    claim = {"claim": "no-answer", "of": "ab" * 32, "dispute": "D-1", "sentence": "I never got an answer"}
    about = {"type": "corridor.dispute.v1", "datacontenttype": "application/json", "data": claim}
    sent = corridor.seal(corridor.envelope("QM", at(40), **about))
    told = {"identity": sent.identity, "raw": corridor._as_message(sent)["raw"], "by": "QM"}
    said = {"of": "ab" * 32, "claim": "no-answer", "dispute": "D-1"}
    corridor.qn.messages.append(sent.token)
    corridor.qn.note(records.DISPUTED, at(41), **told, **said)
    assert audit(corridor.bundle(corridor.qn)).messages[0].data == claim
    corridor.qn.note(records.DISPUTED, at(42), **told, **{**said, "dispute": "D-2"})
    refused(corridor.seen(corridor.qn, at(58), cosigned=at(59)), corridor.qn.identity, r"log/1\.json: its dispute")


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (records.TRANSLATED, {"identity": "0" * 64, "own": "0" * 64, "losses": []}),
        (records.TRANSPORTED, {"identity": "0" * 64, "topic": "t", "partition": 0, "offset": 0}),
        (records.USED, {"of": "0" * 64, "quantity": "1", "declaration": "I-1"}),
    ],
)
def test_record_of_something_that_is_not_here(
    corridor: Corridor, at: Minutes, event: str, fields: Mapping[str, object]
) -> None:
    """Transport, translation and use are told of messages that are here."""
    corridor.qn.note(event, at(5), **fields)
    parts = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    refused(parts, corridor.qn.identity, r"log/0\.json: tells of .*0000, which is not in the bundle")


def test_answer_to_something_absent(corridor: Corridor, at: Minutes) -> None:
    """A receipt of what was refused unread is shown with that message named as absent, by the signer of the bundle."""
    receipt = corridor.receipt("ab" * 32, at(3), [{"level": "L1", "status": "refused", "reason": "401"}])
    corridor.answer(receipt, at(3))
    made = corridor.bundle(corridor.qn)
    assert audit(made).absent == ("ab" * 32,)
    files = corridor.files(made)
    hidden = files["manifest.json"].replace(f'["{"ab" * 32}"]'.encode(), b"[]")
    token = jws.sign(hidden, corridor.qn.identity, typ=jws.MANIFEST)
    with pytest.raises(NotProved, match="neither here nor named as absent"):
        audit(bundle.zipped({**files, "manifest.json": hidden, "manifest.jws": token}))


def test_absent_that_nobody_misses(corridor: Corridor, parts: BundleParts) -> None:
    """Only what a receipt answers can be named as absent."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    more = files["manifest.json"].replace(b'"absent": []', b'"absent": ["' + b"ab" * 32 + b'"]')
    token = jws.sign(more, corridor.qn.identity, typ=jws.MANIFEST)
    with pytest.raises(NotProved, match=r"names abab\w* as absent, which nothing here answers"):
        audit(bundle.zipped({**files, "manifest.json": more, "manifest.jws": token}))


def test_own_version_missing(corridor: Corridor, parts: BundleParts) -> None:
    """The receiver's own version is kept beside the original."""
    refused(
        replace(parts, own=()), corridor.qn.identity, r"log/1\.json: the own version it tells of is not in the bundle"
    )


def test_own_version_nobody_made(corridor: Corridor, parts: BundleParts) -> None:
    """No version of a document appears without a record of its making."""
    more = (*parts.own, Document(b"{}", "application/json"))
    refused(replace(parts, own=more), corridor.qn.identity, "no record of a translation tells of this document")


def test_original_nobody_sent(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """No original appears that no message carries, unless a record tells that it was lodged."""
    other = Document(b"<other/>", "application/xml")
    refused(replace(parts, lodged=(other,)), corridor.qn.identity, "no message carries this document")
    raw = hashlib.sha256(other.octets).hexdigest()
    corridor.qn.note(records.LODGED, at(30), raw=raw, doctype=None, media_type=other.media_type, losses=[])
    lodged = replace(corridor.seen(corridor.qn, at(58), cosigned=at(59)), lodged=(other,))
    assert raw in {each.sha256 for each in audit(bundle.make(lodged, corridor.qn.identity)).documents}


def test_original_left_out(corridor: Corridor, parts: BundleParts) -> None:
    """The document that a message carries lies in the bundle as a file."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    kept = {name: data for name, data in files.items() if not name.startswith("documents/original")}
    with pytest.raises(NotProved, match="the document it carries is not in the bundle"):
        audit(corridor.remade(kept, corridor.qn.identity))


def test_one_document_under_two_names(corridor: Corridor, parts: BundleParts) -> None:
    """A document stands in a bundle once."""
    made = bundle.make(parts, corridor.qn.identity)
    name = next(each for each in corridor.files(made) if each.startswith("documents/original"))
    twin = name.removesuffix(".xml") + ".bin"
    with pytest.raises(NotProved, match="is the same document as"):
        audit(changed(corridor, made, twin, corridor.files(made)[name]))


def test_document_under_another_name(corridor: Corridor, parts: BundleParts) -> None:
    """A document's file carries its digest."""
    made = bundle.make(parts, corridor.qn.identity)
    with pytest.raises(NotProved, match="has SHA-256"):
        audit(changed(corridor, made, f"documents/own-{'0' * 64}.json", b"{}"))


# ------------------------------------------------------------------------------------- what is found


def test_what_is_found(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """An audited bundle tells who, what, when, under which roots, and what was checked."""
    found = audit(honest, roots=traded.roots)
    assert (found.party, found.run, found.correlation, found.made) == ("QN", "7f3a", "trade-1", minutes(60))
    assert found.roots == traded.roots
    assert found.agreement.parties == ("QM", "QN")
    assert [each.subject for each in sorted(found.messages, key=lambda m: m.at)] == ["CO-0001", "CO-0002"]
    assert [each.level for receipt in found.receipts for each in receipt.statements].count("L4") == 2
    assert {each.kind for each in found.documents} == {"original", "own"}
    assert [each.index for each in found.entries] == list(range(found.checkpoint.size))
    assert [(each.by, each.at) for each in found.cosignatures] == [("QM", minutes(59))]
    assert [each[:3] for each in found.checks] == [f"({n})" for n in range(1, 9)]


def test_empty_handed_party(corridor: Corridor, at: Minutes) -> None:
    """A party to whom nothing came can say so: its signed, cosigned log without a record is a bundle too."""
    corridor.send(corridor.document(), at(1))
    found = audit(corridor.bundle(corridor.qn))
    assert (found.messages, found.entries, found.checkpoint.size, found.complete) == ((), (), 0, True)


def test_curve_that_we_do_not_sign_with(corridor: Corridor, parts: BundleParts, at: Minutes) -> None:
    """A certificate with another curve vouches for nothing here."""
    key = ec.generate_private_key(ec.SECP384R1())
    authority = corridor.authorities["QN"]
    issuer = drafts.Issuer(authority.issuing.subject, authority._issuing_key)
    certificate = drafts.Draft(
        drafts.name("QN", "QN"), key.public_key(), 7, at(0), at(999), drafts.for_signing()
    ).signed(issuer)
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    files[f"certificates/{certificate.fingerprint(hashes.SHA256()).hex()}.pem"] = certificate.public_bytes(Encoding.PEM)
    files["log/checkpoint.jws"] = forged(
        parts.checkpoint, corridor.qn.identity, **{"x5t#S256": thumbprint, "alg": "ES256"}
    )
    with pytest.raises(NotProved, match="of a kind that nothing is signed with"):
        audit(corridor.remade(files, corridor.qn.identity))


def test_a_certificate_of_no_version(corridor: Corridor, parts: BundleParts) -> None:
    """A certificate that the library has an error of its own for: a sentence that names the file, and no failure."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    name = next(name for name in files if name.startswith("certificates/"))
    der = x509.load_pem_x509_certificate(files[name]).public_bytes(Encoding.DER)
    fifth = ssl.DER_cert_to_PEM_cert(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04", 1)).encode()
    told = json.loads(files["manifest.json"])
    told["files"][name] = {"sha256": hashlib.sha256(fifth).hexdigest(), "size": len(fifth)}
    manifest = json.dumps(told).encode()
    signed = jws.sign(manifest, corridor.qn.identity, typ=jws.MANIFEST)
    with pytest.raises(NotProved, match=rf"{re.escape(name)}: holds or names a certificate that cannot be read"):
        audit(bundle.zipped({**files, name: fifth, "manifest.json": manifest, "manifest.jws": signed}))
