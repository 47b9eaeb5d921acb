"""`corridor certs renew|revoke|publish`: authorities at work, believed by our trust store and read by openssl alike."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs.errors import Compromised, TrustError, WithdrawnAuthority
from certs.identity import Identity
from certs.lists import TrustList
from certs.trust import TrustStore

from .conftest import Ran, RunCorridor

Certs = Callable[..., Ran]
HOME = Path("corridor-certs") / "QM"


@pytest.fixture
def certs(run_corridor: RunCorridor, tmp_path: Path) -> Certs:
    """Runs `corridor certs` in a folder where QM was founded for nine days; good unless told otherwise."""

    def run(*words: str | Path, code: int = 0) -> Ran:
        ran = run_corridor("certs", *words, folder=tmp_path)
        assert ran.code == code, ran.err
        return ran

    run("issue", "QM", "--days", "9")
    return run


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., str]:
    """Runs openssl in QM's folder and returns all that it says."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not on PATH")

    def run(*words: str, good: bool = True) -> str:
        done = subprocess.run(
            [found, *words], cwd=tmp_path / HOME, capture_output=True, text=True, check=False, timeout=15
        )
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def verify(openssl: Callable[..., str], tmp_path: Path, certificate: str, *, good: bool = True) -> str:
    """What `openssl verify` says of a certificate under QM's authorities, with both revocation lists."""
    pems = [openssl("crl", "-inform", "DER", "-in", name) for name in ("root.crl", "issuing.crl")]
    (tmp_path / HOME / "crls.pem").write_text("".join(pems))
    words = ["-CAfile", "authority/root.pem", "-untrusted", "authority/issuing.pem", "-CRLfile", "crls.pem"]
    return openssl("verify", *words, "-crl_check_all", certificate, good=good)


def believed(tmp_path: Path) -> TrustStore:
    """A store with all that QM publishes now."""
    home, at = tmp_path / HOME, datetime.now(UTC)
    root = x509.load_pem_x509_certificate((home / "authority" / "root.pem").read_bytes())
    store = TrustStore()
    store.load_list((home / "trust-list.jws").read_bytes(), anchor=root.fingerprint(hashes.SHA256()).hex(), at=at)
    for path in home.glob("*.crl"):
        store.load_crl(path.read_bytes())
    return store


def state(folder: Path) -> Mapping[Path, bytes]:
    """Every file below a folder, and what is in it."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_renewal_overlaps(certs: Certs, openssl: Callable[..., str], tmp_path: Path) -> None:
    """A party gets a new key; the old one is kept, good until its end, and it is said which one is current."""
    old = Identity.load(tmp_path / HOME / "window")
    said = {line["current"]: line for line in certs("renew", "QM", "--days", "3", "--json").lines("certificate")}
    new, kept = (Identity.load((tmp_path / said[which]["path"]).parent) for which in (True, False))
    assert Identity.load(tmp_path / HOME / "window").thumbprint == new.thumbprint
    assert kept.thumbprint == old.thumbprint != new.thumbprint
    assert new.key.public_key() != old.key.public_key()
    store, now = believed(tmp_path), datetime.now(UTC)
    for each in (old, new):
        assert store.validate(each.certificate, at=now).party == "QM"
    for path in ("window/certificate.pem", "earlier/QM_1/certificate.pem"):
        assert "OK" in verify(openssl, tmp_path, path)
    keys = list((tmp_path / HOME).rglob("*key.pem"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    certs("renew", "QM", "--algorithm", "Ed25519")
    assert Identity.load(tmp_path / HOME / "window").algorithm == "Ed25519"
    assert len(list((tmp_path / HOME / "earlier").iterdir())) == 2


def test_a_renewal_that_was_cut_off(certs: Certs, tmp_path: Path) -> None:
    """Between its two last steps nothing is lost: the next command finds the new key in its place."""
    window = tmp_path / HOME / "window"
    window.rename(window.with_name(".window.new"))
    certs("revoke", "QM", "--reason", "superseded")
    assert Identity.load(window).party == "QM"


def test_authorities_that_are_renewed(certs: Certs, openssl: Callable[..., str], tmp_path: Path) -> None:
    """Another issuing authority under the same root: both are recognised, until one is ended by date."""
    home = tmp_path / HOME
    old = Identity.load(home / "window")
    store, start = believed(tmp_path), datetime.now(UTC)
    said = certs("renew", "QM", "--authority", "--days", "3", "--json")
    assert [
        (line["path"].endswith("authority/issuing.pem"), line["current"]) for line in said.lines("certificate")
    ] == [
        (True, True),
        (False, False),
    ]
    assert [line["number"] for line in said.lines("trust_list")] == [2]
    assert len(said.lines("revocation_list")) == 3
    certs("renew", "QM")
    new = Identity.load(home / "window")
    assert new.certificate.issuer != old.certificate.issuer
    # Whoever held the first list takes the second, signed by another publisher: the root is the same.
    (anchor,) = store.versions
    assert len(listed(store, tmp_path, anchor).authorities) == 2
    for path in home.glob("*.crl"):
        store.load_crl(path.read_bytes())
    assert {store.validate(each.certificate, at=start).party for each in (old, new)} == {"QM"}
    assert "OK" in verify(openssl, tmp_path, "window/certificate.pem")
    # The former authority still withdraws what it issued, on its own list.
    told = certs("revoke", HOME / "earlier" / "QM_1" / "certificate.pem", "--reason", "superseded", "--json")
    assert [line["count"] for line in told.lines("revocation_list")] == [0, 0, 1]
    with pytest.raises(TrustError, match="was withdrawn as of"):
        believed(tmp_path).validate(old.certificate, at=datetime.now(UTC))
    assert (
        "was withdrawn already"
        in certs("revoke", HOME / "earlier/QM_1/certificate.pem", "--reason", "superseded", code=2).err
    )
    # Its recognition ends by date; that of the present one goes on.
    end = datetime.now(UTC).isoformat(timespec="seconds")
    assert "QM former authorities 1 are recognised until" in certs("publish", "QM", "--former", "--until", end).out
    certs("publish", "QM")
    store = believed(tmp_path)
    assert store.validate(new.certificate, at=datetime.now(UTC)).party == "QM"
    with pytest.raises(WithdrawnAuthority, match="former authorities 1: recognised until"):
        store.validate(old.certificate, at=datetime.now(UTC))


def test_authorities_that_are_renewed_twice(certs: Certs, tmp_path: Path) -> None:
    """The last but one is still on the list, under a number of its own; a renewal that was cut off is taken up."""
    parties = [Identity.load(tmp_path / HOME / "window")]
    for _ in range(2):
        certs("renew", "QM", "--authority")
        certs("renew", "QM")
        parties.append(Identity.load(tmp_path / HOME / "window"))
    authority = tmp_path / HOME / "authority"
    authority.rename(authority.with_name(".authority.new"))
    certs("publish", "QM")
    store = believed(tmp_path)
    (anchor,) = store.versions
    names = [each.name for each in listed(store, tmp_path, anchor).authorities]
    assert names == ["QM authorities", "QM former authorities 2", "QM former authorities 1"]
    assert {store.validate(each.certificate, at=datetime.now(UTC)).party for each in parties} == {"QM"}


def test_authorities_that_cannot_be_renewed(certs: Certs, tmp_path: Path) -> None:
    """A party has none, theirs is no algorithm to choose, nobody was renewed yet: exit 2, and nothing was written."""
    before = state(tmp_path)
    for words, told in (
        (("renew", "QM-port", "--authority"), "QM-port has no authorities"),
        (("renew", "QM", "--authority", "--algorithm", "Ed25519"), "authorities use P-256"),
        (("publish", "QM", "--former", "--until", "none"), "QM has no former authorities"),
        (("publish", "QM", "--former"), "--former --until MOMENT"),
    ):
        assert told in certs(*words, code=2).err
    assert state(tmp_path) == before


def test_a_withdrawn_certificate(certs: Certs, openssl: Callable[..., str], tmp_path: Path) -> None:
    """It stands on the new list with its reason and the moment from which it counts; ours and openssl refuse it."""
    identity = Identity.load(tmp_path / HOME / "window")
    lost = (datetime.now(UTC) - timedelta(seconds=30)).isoformat(timespec="seconds")
    said = certs("revoke", "QM", "--reason", "keyCompromise", "--invalid-since", lost, "--json")
    (line,) = said.lines("withdrawal")
    assert (line["reason"], line["serial"]) == ("keyCompromise", f"{identity.certificate.serial_number:x}")
    assert [each["count"] for each in said.lines("revocation_list")] == [0, 1]
    assert "certificate revoked" in verify(openssl, tmp_path, "window/certificate.pem", good=False)
    told = openssl("crl", "-inform", "DER", "-in", "issuing.crl", "-noout", "-text")
    assert "Key Compromise" in told
    assert "Invalidity Date" in told
    with pytest.raises(Compromised):
        believed(tmp_path).validate(identity.certificate, at=datetime.fromisoformat(lost))
    again = certs("revoke", "QM", "--reason", "superseded", code=2)
    assert "was withdrawn already, keyCompromise" in again.err


def test_what_cannot_be_withdrawn(certs: Certs, tmp_path: Path) -> None:
    """A root, a stranger's certificate, a party without a key, a moment to come: exit 2, and nothing was written."""
    certs("issue", "QM", "--out", "other")
    before = state(tmp_path)
    stranger = Path("other") / "QM" / "window" / "certificate.pem"
    for words, told in (
        ((HOME / "authority" / "root.pem", "--reason", "superseded"), "certs publish QM --until MOMENT"),
        ((stranger, "--reason", "superseded"), "was not issued by these authorities"),
        (("QM-port", "--reason", "superseded"), "certs issue QM --party QM-port"),
        (("QZ", "--reason", "superseded"), "holds no authorities of QZ"),
        (("QM", "--reason", "superseded", "--invalid-since", "2999-01-01T00:00:00Z"), "still to come"),
        (("QM", "--reason", "superseded", "--invalid-since", "yesterday"), "no moment"),
        (("QM", "--reason", "lost"), "lost"),
    ):
        ran = certs("revoke", *words, code=2)
        assert told in ran.err, ran.err
        assert ran.out == ""
    assert state(tmp_path) == before


def test_versions_of_a_trust_list(certs: Certs, tmp_path: Path) -> None:
    """Each list is one version higher, takes the place of the last, which is kept, and says when the next is due."""
    store = believed(tmp_path)
    first = (tmp_path / HOME / "trust-list.jws").read_bytes()
    (line,) = certs("publish", "QM", "--days", "3", "--json").lines("trust_list")
    assert line["number"] == 2
    due = datetime.fromisoformat(line["next_update"]) - datetime.fromisoformat(line["issued"])
    assert due == timedelta(days=3)
    assert (tmp_path / HOME / "earlier" / "trust-list-1.jws").read_bytes() == first
    (anchor,) = store.versions
    assert isinstance(listed(store, tmp_path, anchor), TrustList)
    with pytest.raises(TrustError, match="version 1 after version 2"):
        store.load_list(first, anchor=anchor, at=datetime.now(UTC))


def test_withdrawal_by_date(certs: Certs, tmp_path: Path) -> None:
    """Recognition ends at a moment: what was signed before stays good; later lists keep it until it is taken back."""
    identity = Identity.load(tmp_path / HOME / "window")
    now = datetime.now(UTC)
    end = (now - timedelta(seconds=20)).isoformat(timespec="seconds")
    certs("publish", "QM", "--until", end)
    for words in ((), ("--days", "2")):
        store = believed(tmp_path)
        assert store.validate(identity.certificate, at=now - timedelta(seconds=40)).party == "QM"
        with pytest.raises(WithdrawnAuthority, match="until"):
            store.validate(identity.certificate, at=now)
        certs("publish", "QM", *words)
    certs("publish", "QM", "--until", "none")
    assert believed(tmp_path).validate(identity.certificate, at=now).party == "QM"
    assert "lies before" in certs("publish", "QM", "--until", "2001-01-01T00:00:00Z", code=2).err


def test_further_certificates(certs: Certs, openssl: Callable[..., str], tmp_path: Path) -> None:
    """A country certifies another party and an end of TLS, for just that; neither twice."""
    certs("issue", "--party", "QM-port")
    certs("issue", "QM", "--tls", "broker", "--host", "localhost", "--host", "127.0.0.1")
    told = openssl("x509", "-in", "parties/QM-port/certificate.pem", "-noout", "-text")
    assert "1.3.6.1.5.5.7.3.36" in told
    told = openssl("x509", "-in", "tls/broker/chain.pem", "-noout", "-text")
    assert "TLS Web Server Authentication" in told
    assert "IP Address:127.0.0.1" in told
    assert "Time Stamping" in openssl("x509", "-in", "authority/timestamping/certificate.pem", "-noout", "-text")
    for path in ("parties/QM-port/certificate.pem", "tls/broker/chain.pem", "authority/timestamping/certificate.pem"):
        assert "OK" in verify(openssl, tmp_path, path)
    before = state(tmp_path)
    for words in (("--party", "QM-port"), ("QM", "--tls", "broker"), ("QN", "--party", "QM-sea"), ("--party", "QM")):
        assert certs("issue", *words, code=2).out == ""
    assert state(tmp_path) == before


def test_several_countries(certs: Certs, tmp_path: Path) -> None:
    """All of them or none: one that is there already stops the command before anything is made."""
    assert "is there already" in certs("issue", "QN", "QM", code=2).err
    assert sorted(path.name for path in (tmp_path / "corridor-certs").iterdir()) == ["QM"]
    certs("issue", "QN", "QP")
    assert sorted(path.name for path in (tmp_path / "corridor-certs").iterdir()) == ["QM", "QN", "QP"]


def listed(store: TrustStore, tmp_path: Path, anchor: str) -> TrustList:
    """QM's list in force, taken into `store`."""
    return store.load_list((tmp_path / HOME / "trust-list.jws").read_bytes(), anchor=anchor, at=datetime.now(UTC))
