"""Why trust was refused, as one tree: each class names the clause it rests on.

    TrustError
    ├── MalformedToken           not a compact JWS as we write it
    │   ├── Oversized            more of it than any honest sender writes
    │   ├── LooseSpelling        base64url that a lenient decoder would take, and we write otherwise
    │   ├── NoSignature          nothing where the signature should stand
    │   ├── SignatureLength      a signature of another length than its algorithm gives
    │   └── OtherCertificate     the header names one certificate and brings another
    ├── NotStrictJson            JSON that two readers may read differently
    │   ├── DuplicateName        one name twice in an object
    │   │   └── EscapedDuplicate one of the two hidden in escapes
    │   ├── LossyNumber          a number that another reader sees as another number
    │   ├── MisleadingText       characters that compare otherwise than they look, or cannot be written at all
    │   └── TooMuch              deeper or larger than any honest sender writes
    ├── MalformedList            not a trust list, or not a revocation list
    ├── ForbiddenHeader          a header parameter that may not appear
    │   ├── KeyInHeader          a key that the sender brings along
    │   ├── KeyToFetch           an address from which a key is to be fetched
    │   ├── UnknownExtension     an extension that must be understood, and is not
    │   └── Compressed           a compression, of which nobody knows how much comes out
    ├── WrongKind                a good token of another kind (`typ`)
    ├── AlgorithmMismatch        the header chose an algorithm that the certificate's key does not dictate
    │   └── Unsecured            the header says that nothing is signed
    ├── UnsupportedAlgorithm     an algorithm or a key we cannot check; says nothing about the signature
    ├── NationalAlgorithm        the same, and it is SM2 or GOST
    ├── BrokenAlgorithm          whoever cares to can forge it: SHA-1, or an RSA key known to be weak
    ├── MalformedKey             not a public key as a JWK writes it
    ├── ExplicitCurve            a key whose curve is spelt out instead of named
    ├── OtherRecipient           encrypted for somebody else's key
    ├── BrokenCipher             the bytes are not those that were encrypted for this key
    ├── BadSignature             the bytes are not those that were signed
    │   └── SignatureOutOfRange  r or s is a number that no signature has
    ├── UnknownSigner            no authority recognised at that moment vouches for the key
    ├── BrokenPath               the chain does not hold
    ├── LeafAsAuthority          somebody vouches for it who is a party, and no authority
    ├── PathTooCostly            whether it holds was not found out within the time, memory and size allowed
    ├── OutsideNames             a name that an authority on the path may not vouch for
    ├── PolicyNotMapped          no policy that is asked for is good along the whole path
    ├── WrongUsage               a good certificate, meant for something else
    ├── Expired                  the moment is after the certificate's last
    ├── NotYetValid              the moment is before the first
    ├── Revoked                  withdrawn, with effect before the moment
    ├── Compromised              withdrawn later, because its key was lost before the moment
    ├── RevocationUnknown        nothing fresh says whether it is withdrawn: indeterminate, not good
    ├── MalformedTimestamp       not a timestamp as RFC 3161 has it
    ├── OtherTimestamp           a timestamp of other octets, for another request, or of another authority
    ├── WithdrawnAuthority       recognised until a date before the moment
    ├── StaleTrustList           past its next update
    └── RolledBackTrustList      older than one already seen, or another one under the same version

Reason codes of the exchange are not here: `harness.exchange.reasons` maps these classes onto them.
"""

from __future__ import annotations

from typing import ClassVar, Self


class TrustError(Exception):
    """Something was refused; `rule` is the clause of its class, the message says what was found.

    `clause` is a closer one, where what was found has one of its own.
    """

    rule: ClassVar[str] = ""

    def __init__(self, found: str = "", *, clause: str = "") -> None:
        super().__init__(found)
        self.clause = clause

    def afresh(self) -> Self:
        """The same refusal, without the frames that led to this one: to be kept, or raised another time."""
        return type(self)(*self.args, clause=self.clause)


class MalformedToken(TrustError):
    """The token is not a compact JWS in its one canonical spelling."""

    rule = "RFC 7515, 5.2 and 7.1; RFC 4648, 3.5"


class Oversized(MalformedToken):
    """The token, or its header, is larger than any that an honest sender writes."""

    rule = "RFC 8259, 9; docs/wire.md, 3"


class LooseSpelling(MalformedToken):
    """A segment is spelt in a way that a lenient decoder reads and a strict one does not write."""

    rule = "RFC 7515, 2; RFC 4648, 3.3 and 3.5"


class NoSignature(MalformedToken):
    """Nothing stands where the signature should."""

    rule = "RFC 7515, 5.2, steps 7 and 8"


class SignatureLength(MalformedToken):
    """The signature has another length than its algorithm gives."""

    rule = "RFC 7518, 3.4"


class OtherCertificate(MalformedToken):
    """The header names one certificate (x5t#S256) and brings another (x5c)."""

    rule = "RFC 7515, 4.1.6 and 4.1.8"


class NotStrictJson(TrustError):
    """Two readers may understand this JSON differently."""

    rule = "RFC 7493 (I-JSON), 2"


class DuplicateName(NotStrictJson):
    """One name stands twice in an object; `name` is that name."""

    rule = "RFC 7493, 2.3"

    name = ""


class EscapedDuplicate(DuplicateName):
    """One name stands twice, once behind escapes: who compares names as they are spelt does not see it."""

    rule = "RFC 8259, 8.3; RFC 7493, 2.3"


class LossyNumber(NotStrictJson):
    """Another reader sees another number, or another kind of number."""

    rule = "RFC 7493, 2.2"


class MisleadingText(NotStrictJson):
    """A text compares otherwise than it looks, or holds what is no character."""

    rule = "RFC 7493, 2.1; Unicode TR 36, 2 and 3"


class TooMuch(NotStrictJson):
    """The JSON is deeper or larger than any that an honest sender writes."""

    rule = "RFC 8259, 9; docs/wire.md, 3"


class MalformedList(TrustError):
    """What was offered as a trust list or a revocation list is not one."""

    rule = "RFC 5280, 5; corridor trust list, docs/wire.md"


class ForbiddenHeader(TrustError):
    """The header carries a parameter that may not appear here."""

    rule = "RFC 7516, 4; docs/wire.md, 3 (encryption)"


class KeyInHeader(ForbiddenHeader):
    """The header brings a key of the sender's choice (CVE-2018-0114)."""

    rule = "RFC 7515, 4.1.3"


class KeyToFetch(ForbiddenHeader):
    """The header names an address from which a key is to be fetched."""

    rule = "RFC 7515, 4.1.2 and 4.1.5; RFC 8725, 3.10"


class UnknownExtension(ForbiddenHeader):
    """The header names an extension that its reader must understand; we understand none."""

    rule = "RFC 7515, 4.1.11"


class Compressed(ForbiddenHeader):
    """The header says that the content was compressed: nobody knows how much comes out."""

    rule = "RFC 7516, 4.1.3; RFC 8725, 3.6"


class WrongKind(TrustError):
    """The token is of another kind than the one asked for."""

    rule = "RFC 8725, 3.11"


class AlgorithmMismatch(TrustError):
    """The header names another algorithm than the certificate's key dictates."""

    rule = "RFC 8725, 3.1"


class Unsecured(AlgorithmMismatch):
    """The header says that nothing is signed (`alg` none)."""

    rule = "RFC 7518, 3.6; RFC 8725, 3.2"


class UnsupportedAlgorithm(TrustError):
    """We cannot check this algorithm or this kind of key."""

    rule = "RFC 8725, 3.2"


class NationalAlgorithm(TrustError):
    """SM2 or GOST: good where it is the law, and not in the library that we check with."""

    rule = "docs/wire.md, 3 (algorithms); GB/T 32918 (SM2), RFC 7091 (GOST R 34.10-2012)"


class BrokenAlgorithm(TrustError):
    """A signature that could have been forged: its hash is broken, or its key can be found."""

    rule = "RFC 8725, 3.2; RFC 7518, 3.3; RFC 9155 (SHA-1)"


class MalformedKey(TrustError):
    """What was offered as a public key in JSON is not one, or contradicts itself."""

    rule = "RFC 7517, 4; RFC 7518, 6; RFC 8037, 2; RFC 9964"


class ExplicitCurve(TrustError):
    """The key's curve is spelt out in parameters, so that two readers may check with two keys (CVE-2020-0601)."""

    rule = "RFC 5480, 2.1.1"


class OtherRecipient(TrustError):
    """It was encrypted for another certificate than the reader's."""

    rule = "RFC 7516, 4.1.8"


class BrokenCipher(TrustError):
    """The bytes are not those that were encrypted for this key."""

    rule = "RFC 7516, 5.2, step 15"


class BadSignature(TrustError):
    """The bytes are not those that were signed, or another key signed them."""

    rule = "RFC 7515, 5.2, step 8"


class SignatureOutOfRange(BadSignature):
    """r or s is no number between 1 and n - 1, so this is no signature of anything."""

    rule = "FIPS 186-5, 6.4.2, step 1"


class UnknownSigner(TrustError):
    """No authority recognised at that moment vouches for the key."""

    rule = "RFC 5280, 6.1.1 (d)"


class BrokenPath(TrustError):
    """The chain from the certificate to the recognised root does not hold."""

    rule = "RFC 5280, 6.1"


class LeafAsAuthority(TrustError):
    """A party's certificate vouches for another, or a trust list names it among the authorities."""

    rule = "RFC 5280, 4.2.1.9 and 6.1.4 (k)"


class PathTooCostly(TrustError):
    """Nobody may keep us busy at will: nothing is said about the path but that it was given up."""

    rule = "docs/wire.md, 5"


class OutsideNames(TrustError):
    """An authority on the path may not vouch for that name: a name constraint excludes it."""

    rule = "RFC 5280, 4.2.1.10 and 6.1.3 (b) and (c)"


class PolicyNotMapped(TrustError):
    """None of the policies asked for is valid, by itself or by mapping, along the whole path."""

    rule = "RFC 5280, 4.2.1.5, 6.1.3 (f) and 6.1.5 (g)"


class WrongUsage(TrustError):
    """The certificate is meant for something else."""

    rule = "RFC 5280, 4.2.1.3 and 4.2.1.12; RFC 9336"


class Expired(TrustError):
    """The moment lies after the last moment of validity."""

    rule = "RFC 5280, 4.1.2.5 and 6.1.3 (a) (2)"


class NotYetValid(TrustError):
    """The moment lies before the first moment of validity."""

    rule = "RFC 5280, 4.1.2.5 and 6.1.3 (a) (2)"


class Revoked(TrustError):
    """The certificate was withdrawn with effect before the moment."""

    rule = "RFC 5280, 5.3 and 6.1.3 (a) (3)"


class Compromised(TrustError):
    """The certificate was withdrawn after the moment, because its key had been lost before it."""

    rule = "RFC 5280, 5.3.2; docs/wire.md, 5"


class RevocationUnknown(TrustError):
    """No fresh revocation list of the issuer is at hand, so nothing can be said."""

    rule = "RFC 5280, 6.3.3"


class MalformedTimestamp(TrustError):
    """What was offered as a timestamp is not one, or its authority granted none."""

    rule = "RFC 3161, 2.4.2; RFC 5652, 5"


class OtherTimestamp(TrustError):
    """A timestamp, but of other octets, for another request, or of another authority than the one it names."""

    rule = "RFC 3161, 2.2; RFC 5816, 2"


class WithdrawnAuthority(TrustError):
    """The authority is still listed, and recognised no more since a date before the moment."""

    rule = "ETSI TS 119 612, 5.5.4; corridor trust list, docs/wire.md"


class StaleTrustList(TrustError):
    """The trust list is past its next update."""

    rule = "ETSI TS 119 612, 5.3.15; corridor trust list, docs/wire.md"


class RolledBackTrustList(TrustError):
    """The trust list goes back behind one already seen."""

    rule = "ETSI TS 119 612, 5.3.2; corridor trust list, docs/wire.md"
