"""Windows that go wrong over what countries publish while they are open: lists, keys, and proofs of age (ATTACKS C)."""

from __future__ import annotations

from dataclasses import replace

from certs import jws
from certs.trust import TrustStore
from harness.evidence import records
from harness.evidence.bundle import Mark
from harness.evidence.log import EvidenceLog
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.reasons import Refused
from harness.exchange.seal import Opened
from harness.exchange.seat import Seat
from nodes import gazette
from nodes.profile import Profile
from nodes.stamping import Stamping
from nodes.steps import Steps
from nodes.turn import Turn
from nodes.window import Window
from nodes.witnessing import Pair, Witnessing


class TakesLesserVersions(Window):
    """Takes whatever list comes last for the newest."""

    def learn(self, published: bytes, turn: Turn) -> None:
        """Log it as taken, when only its version speaks against it."""
        try:
            super().learn(published, turn)
        except Refused as refused:
            if refused.reason is not reasons.ROLLED_BACK_TRUST_LIST:
                raise
            del turn.records[-1]
            said = {"kind": gazette.TRUST_LIST, "country": "QM", "number": "1"}
            self.notes.note(turn, records.LISTED, None, raw=turn.keep(published), **said)


class FilesLists(Window):
    """Logs each list that comes, and goes on with what it had."""

    def learn(self, published: bytes, turn: Turn) -> None:
        """File a revocation list."""
        if published[:1] == b"0":
            said = {"kind": gazette.REVOCATION_LIST, "country": "QM", "number": "1"}
            self.notes.note(turn, records.LISTED, None, raw=turn.keep(published), **said)
            return
        super().learn(published, turn)


class FilesTrustLists(Window):
    """Logs each trust list that comes and goes on with the first, and takes the revocation lists."""

    def learn(self, published: bytes, turn: Turn) -> None:
        """File a trust list."""
        if published[:1] == b"0":
            super().learn(published, turn)
            return
        said = {"kind": gazette.TRUST_LIST, "country": self.party, "number": "2"}
        self.notes.note(turn, records.LISTED, None, raw=turn.keep(published), **said)


class ShowsTheListBefore(Window):
    """Goes by each new trust list, and puts the one before it into its evidence."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._newest = seat.lists

    def learn(self, published: bytes, turn: Turn) -> None:
        """Take it in force, and keep to show what was in force until now."""
        before, self.seat.lists = self._newest, self._newest
        super().learn(published, turn)
        self._newest, self.seat.lists = self.seat.lists, before


class PinsTheFirstKey(Window):
    """Believes no other key of a partner than the first that it saw."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.steps = _PinsTheFirst()


class _PinsTheFirst(Steps):
    def __init__(self) -> None:
        self._first: dict[str, bytes] = {}

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        opened = super().verify(delivery, party=party, trust=trust)
        thumbprint = jws.read(delivery.value).thumbprint
        if self._first.setdefault(opened.envelope.source, thumbprint) != thumbprint:
            raise Refused(reasons.UNKNOWN_SIGNER, "another key than the one this party always had")
        return opened


class _ForgetsStamps(Stamping):
    def marks(self, partner: str) -> tuple[Mark, ...]:  # noqa: ARG002 - that it keeps none is its fault
        return ()


class _OnlyTheLast(Witnessing):
    def __init__(self, seat: Seat, profile: Profile, log: EvidenceLog) -> None:
        super().__init__(seat, profile, log)
        self._stamping = _ForgetsStamps(seat)

    def earlier(self, partner: str) -> tuple[Pair, ...]:  # noqa: ARG002 - that it keeps none is its fault
        return ()


class KeepsTheLastCosignature(Window):
    """Keeps of its partner's cosignatures, and of the stamps on them, the last alone: nothing proves how old it is."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.witnessing.close()
        self.witnessing = _OnlyTheLast(seat, self.profiles[seat.party], self.log)
        self.counter = replace(self.counter, witnessing=self.witnessing)
