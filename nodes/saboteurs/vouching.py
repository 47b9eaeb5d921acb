"""Windows that believe a certificate that they must not, each in one way (ATTACKS C).

Each passes over one reason and no other.
"""

from __future__ import annotations

from typing import ClassVar

from certs import jws
from certs.identity import bearer
from certs.trust import Recognised, TrustStore
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.envelope import parse
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed
from nodes.steps import Steps
from nodes.window import Window


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


class TakesAnyName(Window):
    """Does not ask whose names an authority may vouch for."""

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


class _BelievesAnyPolicy(_Believes):
    passes_over = reasons.POLICY_NOT_MAPPED


class TakesAnyPolicy(Window):
    """Does not ask at which level a certificate was issued."""

    steps = _BelievesAnyPolicy()
