"""A corridor in miniature: two parties with real keys, logs, witnesses and an agreement, and their bundles.

No window and no bus takes part: what crosses the border is written here by hand, so that the tests of the
audit stand on the wire format and not on the code that writes it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import jws
from certs.authority import Authority
from certs.identity import Algorithm, Identity
from harness.clock import Chance, stamp
from harness.evidence import bundle, checkpoint, records
from harness.evidence.bundle import BundleParts, Document
from harness.evidence.log import EvidenceLog
from harness.evidence.witness import Witness

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CORRELATION = "trade-1"
DOCUMENT = b"<certificate>\n  <reference>CO-0001</reference>\r\n</certificate>\n"
OWN = b'{"reference":"CO-0001"}'
RECEIVED = ({"level": "L1", "status": "received"}, {"level": "L2", "status": "delivered"})
REFUSED = (*RECEIVED, {"level": "L3", "status": "refused", "reason": "301"})
USED = ({"level": "L4", "status": "utilised"},)
ACCEPTED = (*RECEIVED, {"level": "L3", "status": "admitted"}, {"level": "L4", "status": "accepted"})


def at(minutes: float) -> datetime:
    """So many minutes into the rehearsal."""
    return START + timedelta(minutes=minutes)


def sha256(octets: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


HEARD: dict[str, object] = {"topic": "qm.in.from.qn", "partition": 0, "offset": 0}
"""Where QM takes QN's receipt from."""


@dataclass(frozen=True)
class Sent:
    """A token and what it is about."""

    token: bytes
    envelope: Mapping[str, object]

    @property
    def identity(self) -> str:
        """SHA-256 of the signing input."""
        return sha256(self.token.rpartition(b".")[0])


@dataclass
class Side:
    """One party: its key, its log, what it saw of the other, and what it would put into a bundle."""

    identity: Identity
    log: EvidenceLog
    witness: Witness
    parts: BundleParts
    messages: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)

    @property
    def party(self) -> str:
        """Its code."""
        return self.identity.party

    def note(self, event: str, moment: datetime, **fields: object) -> int:
        """Write one record."""
        return self.log.append([records.record(event, self.party, moment, correlation=CORRELATION, **fields)])[0]


class Corridor:
    """QM (P-256) and QN (Ed25519, unless told otherwise), one agreement, and the acts of a trade."""

    def __init__(self, folder: Path, *, qm: Algorithm = Algorithm.ES256, qn: Algorithm = Algorithm.ED25519) -> None:
        self.chance = Chance(7)
        self.authorities = {
            country: Authority.found(country, START, self.chance.octets, timedelta(days=30)) for country in ("QM", "QN")
        }
        self.roots = {country: authority.anchor for country, authority in self.authorities.items()}
        identities = {
            "QM": self.authorities["QM"].issue_signing("QM", qm, START),
            "QN": self.authorities["QN"].issue_signing("QN", qn, START),
        }
        self.agreement = self.agreement_text()
        trust = {c: a.trust_list(1, START, at(60 * 24 * 7)) for c, a in self.authorities.items()}
        crls = tuple(der for authority in self.authorities.values() for der in authority.crls(START))
        self.sides = {
            party: Side(
                identity,
                EvidenceLog(folder / party / "log.sqlite", party),
                Witness(folder / party / "witness.sqlite"),
                BundleParts(
                    party=party,
                    run="7f3a",
                    correlation=CORRELATION,
                    made=at(60),
                    messages=(),
                    receipts=(),
                    own=(),
                    agreement=self.agreement,
                    agreement_tokens={
                        each.party: jws.sign(self.agreement, each, typ=jws.AGREEMENT) for each in identities.values()
                    },
                    trust=trust,
                    crls=crls,
                    entries=(),
                    checkpoint=b"",
                    cosignatures={},
                ),
            )
            for party, identity in identities.items()
        }

    @property
    def qm(self) -> Side:
        """The sender."""
        return self.sides["QM"]

    @property
    def qn(self) -> Side:
        """The receiver."""
        return self.sides["QN"]

    def agreement_text(self, **changed: object) -> bytes:
        """The agreement's bytes."""
        told: dict[str, object] = {
            "id": "QM-QN",
            "version": 1,
            "since": stamp(START),
            "until": stamp(at(60 * 24 * 30)),
            "parties": {country: {"role": "window", "root": root} for country, root in self.roots.items()},
            "documents": [{"doctype": "864", "from": "QM", "to": "QN", "answer_within_seconds": 29 * 60}],
        }
        return json.dumps({**told, **changed}, indent=1).encode()

    def envelope(self, sender: str, moment: datetime, **more: object) -> dict[str, object]:
        """What a message says of itself."""
        receiver = "QN" if sender == "QM" else "QM"
        return {
            "specversion": "1.0",
            "id": self.chance.token("id", count=8),
            "source": sender,
            "type": "corridor.document.v1",
            "subject": "CO-0001",
            "time": stamp(moment),
            "datacontenttype": "application/sps+xml",
            "receiver": receiver,
            "topic": f"{receiver.lower()}.in.from.{sender.lower()}",
            "corridor": "QM-QN",
            "correlationid": CORRELATION,
            "expirytime": stamp(moment + timedelta(days=1)),
            "sequence": 1,
            "nonce": self.chance.token("nonce"),
            **more,
        }

    def seal(self, envelope: Mapping[str, object], typ: str = jws.MESSAGE, identity: Identity | None = None) -> Sent:
        """Sign an envelope as its source, or as somebody else."""
        signer = identity or self.sides[str(envelope["source"])].identity
        return Sent(jws.sign(json.dumps(envelope).encode(), signer, typ=typ), envelope)

    def document(self, moment: datetime | None = None, **more: object) -> Sent:
        """QM's message with the document."""
        carried = {"doctype": "864", "function": "9", "data_base64": base64.b64encode(DOCUMENT).decode()}
        return self.seal(self.envelope("QM", moment or at(1), **{**carried, **more}))

    def receipt(
        self, of: str, moment: datetime, said: Sequence[Mapping[str, object]] = ACCEPTED, **more: object
    ) -> Sent:
        """QN's answer."""
        data = {"of": of, "ofid": None, "statements": [{**one, "at": stamp(moment)} for one in said]}
        kind = {"type": "corridor.receipt.v1", "datacontenttype": "application/json", "data": data}
        return self.seal(self.envelope("QN", moment, **{**kind, **more}), jws.RECEIPT)

    def send(self, sent: Sent, moment: datetime, *, deadline: datetime | None = None) -> None:
        """QM notes that it sends, and what the broker said."""
        self.qm.messages.append(sent.token)
        deadline = deadline or at(30)
        self.qm.note(records.SENT, moment, **self._as_message(sent), receiver="QN", deadline=stamp(deadline))
        place = {"topic": "qn.in.from.qm", "partition": 0, "offset": 0}
        self.qm.note(records.TRANSPORTED, moment, identity=sent.identity, **place)

    def receive(self, sent: Sent, moment: datetime) -> None:
        """QN notes that it received, and its own version."""
        self.qn.messages.append(sent.token)
        place = {"partition": 0, "offset": 0}
        self.qn.note(records.RECEIVED, moment, **self._as_message(sent), sender="QM", **place)
        self.qn.note(records.TRANSLATED, moment, identity=sent.identity, own=sha256(OWN), losses=[])
        self.qn.parts = replace(self.qn.parts, own=(Document(OWN, "application/json"),))

    def answer(self, receipt: Sent, moment: datetime) -> int:
        """QN notes its answer; returns where."""
        self.qn.receipts.append(receipt.token)
        return self.qn.note(records.ANSWERED, moment, **self._as_receipt(receipt))

    def hear(self, receipt: Sent, moment: datetime) -> int:
        """QM notes QN's answer; returns where."""
        self.qm.receipts.append(receipt.token)
        return self.qm.note(records.ACKNOWLEDGED, moment, **self._as_receipt(receipt), sender="QN", **HEARD)

    def trade(self) -> Sent:
        """The honest trade: sent, received, answered, heard."""
        sent = self.document()
        self.send(sent, at(1))
        self.receive(sent, at(2))
        receipt = self.receipt(sent.identity, at(3))
        self.answer(receipt, at(3))
        self.hear(receipt, at(4))
        return sent

    def seen(self, side: Side, moment: datetime, *, cosigned: datetime | None) -> BundleParts:
        """What `side` would put into a bundle now, under a checkpoint that the other has cosigned."""
        other = self.qn if side is self.qm else self.qm
        size = side.log.size
        mark = checkpoint.Checkpoint(checkpoint.origin("7f3a", side.party), size, side.log.root(), moment)
        token = checkpoint.sign(mark, side.identity)
        cosignatures = {}
        if cosigned is not None:
            last = other.witness.last(side.party)
            since = last.checkpoint.size if last is not None else 0
            proof = side.log.consistency(since, size)
            mark = other.witness.see(side.party, mark, token=token, since=since, proof=proof)
            cosignatures[other.party] = checkpoint.cosign(mark, other.identity, cosigned)
        return replace(
            side.parts,
            messages=tuple(side.messages),
            receipts=tuple(side.receipts),
            entries=bundle.entries(side.log, upto=size, correlation=CORRELATION),
            checkpoint=token,
            cosignatures=cosignatures,
        )

    def bundle(self, side: Side, *, made: datetime | None = None, cosigned: datetime | None = None) -> bytes:
        """The bundle of `side`, cosigned just before it is made unless told otherwise."""
        made = made or at(60)
        parts = replace(
            self.seen(side, made - timedelta(minutes=2), cosigned=cosigned or made - timedelta(minutes=1)), made=made
        )
        return bundle.make(parts, side.identity)

    def again(self, sent: Sent) -> None:
        """After `trade`: a second document that is refused, and the first one's preference is used."""
        second = self.document(at(10), subject="CO-0002")
        self.send(second, at(10))
        self.receive(second, at(11))
        refused = self.receipt(second.identity, at(12), REFUSED)
        used = self.receipt(sent.identity, at(20), USED)
        for receipt, moment in ((refused, at(12)), (used, at(20))):
            self.answer(receipt, moment)
            self.hear(receipt, moment + timedelta(minutes=1))
        self.qn.note(records.USED, at(20), of=sent.identity, quantity="12.5", declaration="I-2026-1")

    @staticmethod
    def files(bundled: bytes) -> dict[str, bytes]:
        """The files of a bundle, read by a third reader."""
        with zipfile.ZipFile(io.BytesIO(bundled)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @staticmethod
    def remade(files: Mapping[str, bytes], signer: Identity | None) -> bytes:
        """A bundle of these files with a manifest that fits them; signed anew only when there is a `signer`."""
        told = json.loads(files["manifest.json"])
        listed = {name: data for name, data in files.items() if not name.startswith("manifest.")}
        del told["files"]
        head = json.dumps(told, indent=1).removesuffix("\n}")
        lines = (f'  "{name}": {{"sha256": "{sha256(data)}", "size": {len(data)}}}' for name, data in listed.items())
        manifest = (head + ',\n "files": {\n' + ",\n".join(lines) + "\n }\n}\n").encode()
        token = files["manifest.jws"] if signer is None else jws.sign(manifest, signer, typ=jws.MANIFEST)
        return bundle.zipped({**listed, "manifest.json": manifest, "manifest.jws": token})

    def close(self) -> None:
        """Close the files."""
        for side in self.sides.values():
            side.log.close()
            side.witness.close()

    def _as_message(self, sent: Sent) -> dict[str, object]:
        told = {name: sent.envelope.get(name) for name in ("id", "topic", "subject", "doctype", "function", "sequence")}
        carried = sent.envelope.get("data_base64")
        payload = None if carried is None else sha256(base64.b64decode(str(carried)))
        return {**told, "identity": sent.identity, "raw": sha256(sent.token), "payload": payload}

    def _as_receipt(self, receipt: Sent) -> dict[str, object]:
        data = receipt.envelope["data"]
        assert isinstance(data, dict)
        said = [{"level": s["level"], "status": s["status"], "reason": s.get("reason")} for s in data["statements"]]
        told = {"identity": receipt.identity, "raw": sha256(receipt.token), "of": data["of"], "statements": said}
        return {**told, "sequence": receipt.envelope["sequence"]}


@pytest.fixture
def corridor(tmp_path: Path) -> Iterator[Corridor]:
    """A corridor where nothing has happened yet."""
    made = Corridor(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corridor]:
    """An honest trade, for tests that only read."""
    made = Corridor(tmp_path_factory.mktemp("traded"))
    made.again(made.trade())
    yield made
    made.close()


@pytest.fixture
def traded_under(tmp_path: Path) -> Iterator[Callable[[Algorithm, Algorithm], Corridor]]:
    """Makes an honest trade in which QM and QN sign with these."""
    opened: list[Corridor] = []

    def trade(qm: Algorithm, qn: Algorithm) -> Corridor:
        made = Corridor(tmp_path / f"{qm}-{qn}", qm=qm, qn=qn)
        opened.append(made)
        made.again(made.trade())
        return made

    yield trade
    for made in opened:
        made.close()


@pytest.fixture(scope="session")
def honest(traded: Corridor) -> bytes:
    """QN's bundle of the honest trade."""
    return traded.bundle(traded.qn)


@pytest.fixture(scope="session")
def minutes() -> Callable[[float], datetime]:
    """The clock of the rehearsal: so many minutes after its start."""
    return at
