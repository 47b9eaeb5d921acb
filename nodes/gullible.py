"""Windows that believe a certificate or a list that they must not, each in one way: saboteurs of trust.

Each passes over one reason and no other. The checks that must name them stand in the scenarios that seat them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from certs import jws
from certs.identity import bearer
from certs.trust import Recognised, TrustStore
from harness.evidence import records
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.envelope import parse
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed
from harness.exchange.seat import Seat
from nodes import gazette
from nodes.steps import Steps
from nodes.turn import Turn
from nodes.window import Window
from nodes.witnessing import Pair, Witnessing


class _Believes(Steps):
    """Takes the signer for what its certificate says, when only `passes_over` speaks against it."""

    passes_over: ClassVar[Reason]

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        token = jws.read(delivery.value)
        if token.certificate is None:
            raise Refused(reasons.UNKNOWN_SIGNER, "no certificate")
        country, signer = bearer(token.certificate)
        known = Recognised(country, signer, token.certificate, "")
        return Opened(Sealed(delivery.value), Kind(token.typ), parse(token.payload), known, token.alg)


class _BelievesStrangers(_Believes):
    passes_over = reasons.UNKNOWN_SIGNER


class TakesAnyIssuer(Window):
    """Does not ask who vouches for a certificate, so that any signer is an authority."""

    steps = _BelievesStrangers()


class _BelievesLeaves(_Believes):
    passes_over = reasons.LEAF_AS_AUTHORITY


class LetsPartiesVouch(Window):
    """Does not ask whether who vouches for a certificate is an authority at all."""

    steps = _BelievesLeaves()


class _BelievesTheCrowded(_Believes):
    passes_over = reasons.PATH_TOO_COSTLY


class GivesUpAndBelieves(Window):
    """Takes a certificate for good when checking it would take too long."""

    steps = _BelievesTheCrowded()


class _BelievesExpired(_Believes):
    passes_over = reasons.EXPIRED_CERTIFICATE


class OverlooksExpiry(Window):
    """Does not look at the last day of a certificate."""

    steps = _BelievesExpired()


class _BelievesTooEarly(_Believes):
    passes_over = reasons.CERTIFICATE_NOT_YET_VALID


class OverlooksTheFirstDay(Window):
    """Does not look at the first day of a certificate."""

    steps = _BelievesTooEarly()


class _BelievesRevoked(_Believes):
    passes_over = reasons.REVOKED_CERTIFICATE


class OverlooksRevocation(Window):
    """Does not ask whether a certificate was withdrawn."""

    steps = _BelievesRevoked()


class _BelievesLostKeys(_Believes):
    passes_over = reasons.KEY_LOST


class OverlooksLostKeys(Window):
    """Looks at the day of the withdrawal, and not at the day on which the key was lost."""

    steps = _BelievesLostKeys()


class _BelievesSilence(_Believes):
    passes_over = reasons.REVOCATION_UNKNOWN


class TakesSilenceForGood(Window):
    """Takes a certificate for good when no list says anything of it: soft-fail, as browsers do."""

    steps = _BelievesSilence()


class _BelievesAnyUsage(_Believes):
    passes_over = reasons.WRONG_KEY_USAGE


class TakesAnyUsage(Window):
    """Takes a certificate for a signer's, whatever it was issued for."""

    steps = _BelievesAnyUsage()


class _BelievesAbroad(_Believes):
    passes_over = reasons.OUTSIDE_ITS_NAMES


class LetsAnybodyVouch(Window):
    """Lets the authority of any country vouch for the party of any other."""

    steps = _BelievesAbroad()


class _BelievesSpeltOut(_Believes):
    passes_over = reasons.EXPLICIT_CURVE


class TakesAnyCurve(Window):
    """Calculates on whatever curve a certificate brings along."""

    steps = _BelievesSpeltOut()


class _BelievesWithdrawn(_Believes):
    passes_over = reasons.AUTHORITY_WITHDRAWN


class OverlooksWithdrawal(Window):
    """Takes an authority that stands on the list for a recognised one, without looking until when."""

    steps = _BelievesWithdrawn()


class _BelievesFrozen(_Believes):
    passes_over = reasons.STALE_TRUST_LIST


class TakesOldLists(Window):
    """Goes on with a trust list that was to be replaced."""

    steps = _BelievesFrozen()


class _BelievesWhatItCannotCheck(_Believes):
    passes_over = reasons.NATIONAL_ALGORITHM


class TakesWhatItCannotCheck(Window):
    """Takes a signature for good when it does not know how to check it."""

    steps = _BelievesWhatItCannotCheck()


class _BelievesBrokenHashes(_Believes):
    passes_over = reasons.BROKEN_ALGORITHM


class TakesBrokenHashes(Window):
    """Takes a signature for good that anybody could have moved from another certificate to this one."""

    steps = _BelievesBrokenHashes()


# ------------------------------------------------------------------------------------- windows and lists


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


class _OnlyTheLast(Witnessing):
    def earlier(self, partner: str) -> tuple[Pair, ...]:  # noqa: ARG002 - that it keeps none is its fault
        return ()


class KeepsTheLastCosignature(Window):
    """Keeps of its partner's cosignatures the last alone, so that nothing proves how old anything is."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.witnessing.close()
        self.witnessing = _OnlyTheLast(seat, self.profiles[seat.party], self.log)
        self.counter = replace(self.counter, witnessing=self.witnessing)
