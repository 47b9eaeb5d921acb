"""Each misfit is wrong in one way: refused with its own class, and the honest signer beside it accepted. ATTACKS C."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs import foreign, jws, misfits
from certs.authority import Authority
from certs.crossing import policy_of
from certs.errors import TrustError
from certs.identity import Algorithm
from certs.lists import TrustList
from certs.misfits import CATALOGUE, LEVEL, Made, Misfit
from certs.trust import TrustStore
from harness.clock import Chance

AT = datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)
DAY = timedelta(days=1)
POLICIES = (policy_of("QM", LEVEL),)

each_misfit = pytest.mark.parametrize("misfit", CATALOGUE.values(), ids=CATALOGUE)


@pytest.fixture
def qm() -> Authority:
    """The authorities of QM, a day old."""
    return Authority.found("QM", AT - DAY, Chance(1).octets, 30 * DAY, policies=POLICIES)


@pytest.fixture
def store(qm: Authority) -> TrustStore:
    """What a partner holds before anything is wrong."""
    found = TrustStore()
    found.load_list(qm.trust_list(1, AT - DAY, AT + 30 * DAY), anchor=qm.anchor, at=AT)
    for der in qm.crls(AT - timedelta(minutes=1)):
        found.load_crl(der)
    return found


def take(made: Made, store: TrustStore, qm: Authority) -> None:
    """Do as a party does: take what was published, then ask about the signer."""
    for token in made.lists:
        store.load_list(token, anchor=qm.anchor, at=AT)
    for der in made.crls:
        store.load_crl(der)
    if made.over is not None:
        over = made.over
        store.load_list(over.trust_list, anchor=over.root.fingerprint(hashes.SHA256()).hex(), at=AT)
        store.load_crl(over.crl)
        store.require("QM", by=over.country, policy=over.policy)
    if made.signer is not None:
        store.validate(made.signer.certificate, at=AT)


@each_misfit
def test_a_misfit_is_refused(misfit: Misfit, store: TrustStore, qm: Authority) -> None:
    """With the class that the catalogue names and no nearer one; who signs honestly beside it is accepted still."""
    honest = qm.issue_signing("QM", Algorithm.ES256, AT - timedelta(hours=1))
    made = misfit.make(qm, AT, Chance(2).octets)
    assert store.validate(honest.certificate, at=AT).party == "QM"
    with pytest.raises(TrustError) as caught:
        take(made, store, qm)
    assert type(caught.value) is misfit.error, caught.value
    assert store.validate(honest.certificate, at=AT).party == "QM"


@each_misfit
def test_the_same_chance_makes_the_same_misfit(misfit: Misfit, qm: Authority) -> None:
    """A rehearsal can be repeated byte for byte."""
    other = Authority.found("QM", AT - DAY, Chance(1).octets, 30 * DAY, policies=POLICIES)
    one, again = (misfit.make(each, AT, Chance(2).octets) for each in (qm, other))
    assert (one.lists, one.crls) == (again.lists, again.crls)
    assert (one.signer is None) == (again.signer is None)
    if one.signer is not None and again.signer is not None:
        assert one.signer.thumbprint == again.signer.thumbprint


@each_misfit
def test_what_openssl_thinks(misfit: Misfit, qm: Authority, tmp_path: Path) -> None:
    """Another reader's word on each: where it finds nothing wrong, the catalogue says so."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    made = misfit.make(qm, AT, Chance(2).octets)
    if made.signer is None:
        assert misfit.openssl is None
        return
    listed = [TrustList.parse(jws.read(each).payload) for each in made.lists]
    between = {each for one in listed for own in one.authorities for each in own.issuing} | {qm.issuing}
    newest = {x509.load_der_x509_crl(der).issuer: der for der in (*qm.crls(AT - timedelta(minutes=1)), *made.crls)}
    lists = [x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in newest.values()]
    (tmp_path / "root.pem").write_bytes(qm.root.public_bytes(Encoding.PEM))
    (tmp_path / "between.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in between))
    (tmp_path / "lists.pem").write_bytes(b"".join(lists))
    (tmp_path / "leaf.pem").write_bytes(made.signer.certificate.public_bytes(Encoding.PEM))
    words = ["verify", "-attime", str(int(AT.timestamp())), "-crl_check_all", "-CRLfile", "lists.pem"]
    words += ["-CAfile", "root.pem", "-untrusted", "between.pem", "leaf.pem"]
    ran = subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True, text=True, timeout=15, check=False)
    found = re.search(r"error (\d+) at", ran.stderr)
    assert (int(found[1]) if found else ran.returncode) == misfit.openssl, ran.stderr


def test_openssl_asked_for_the_policy(qm: Authority, tmp_path: Path) -> None:
    """Over the cross-certificate, and told which policy is demanded, it refuses too: error 43, no explicit policy."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    honest = qm.issue_signing("QM", Algorithm.ES256, AT - timedelta(hours=1))
    made = CATALOGUE["unmapped-policy"].make(qm, AT, Chance(2).octets)
    assert made.signer is not None
    assert made.over is not None
    (tmp_path / "root.pem").write_bytes(made.over.root.public_bytes(Encoding.PEM))
    between = (made.over.crossing, qm.issuing)
    (tmp_path / "between.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in between))
    words = ["verify", "-attime", str(int(AT.timestamp())), "-policy_check", "-explicit_policy"]
    words += ["-policy", made.over.policy.dotted_string, "-CAfile", "root.pem", "-untrusted", "between.pem", "leaf.pem"]
    for signer, found in ((honest, ""), (made.signer, "error 43 at")):
        (tmp_path / "leaf.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
        ran = subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True, text=True, timeout=15, check=False)
        assert found in ran.stderr
        assert (ran.returncode == 0) == (not found), ran.stderr


def test_a_misfit_under_another_key_signs_all_the_same(qm: Authority) -> None:
    """The token is one that the gates let through: it falls for its certificate, not for its form."""
    for name in ("sm2", "gost", "explicit-curve", "weak-hash"):
        signer = CATALOGUE[name].make(qm, AT, Chance(2).octets).signer
        assert signer is not None
        read = jws.read(misfits.sign(b"{}", signer, typ=jws.MESSAGE))
        assert (read.certificate, read.payload) == (signer.certificate, b"{}")


@pytest.mark.parametrize("curve", [foreign.P256, foreign.SM2, foreign.GOST], ids=["P-256", "SM2", "GOST"])
def test_a_curve_written_down_by_hand(curve: foreign.Curve) -> None:
    """Its base point lies on it and has the order that it says; so do multiples lie on it."""
    x, y = curve.times(curve.order - 1)
    assert curve.holds(curve.x, curve.y)
    assert (x, curve.p - y) == (curve.x, curve.y)
    assert curve.holds(*curve.times(0xC0FFEE))
