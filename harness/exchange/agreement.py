"""The corridor agreement: what two parties allow each other, as data that both sign and both enforce.

The executable form of art. 8 of the Framework Agreement on Facilitation of Cross-border Paperless Trade in Asia
and the Pacific (mutual recognition on the basis of a substantially equivalent level of reliability). A draft is a
TOML file in scenarios/corridors; concluding it adds the fingerprints of both roots and fixes its bytes; each party
signs exactly those bytes. Nothing of an agreement is an `if` elsewhere: windows ask `covers`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self, get_args

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from certs import jws
from certs.algorithms import Algorithm, named
from certs.errors import BrokenAlgorithm, NationalAlgorithm, NotStrictJson, TrustError, UnsupportedAlgorithm
from certs.gates import strict_json
from certs.identity import Identity
from certs.trust import TrustStore
from harness.clock import stamp
from harness.errors import BadInput, first_wrong
from harness.exchange import reasons
from harness.exchange.envelope import Moment, Party
from harness.exchange.reasons import Refused

TYP: Final = "corridor-agreement+jws"


class Member(BaseModel):
    """One side: its role, and the root certificate (SHA-256 of its DER, hex) to which its trust list is pinned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    root: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Cover(BaseModel):
    """One document in one direction."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    doctype: str
    sender: Annotated[Party, Field(alias="from")]
    receiver: Annotated[Party, Field(alias="to")]
    functions: tuple[str, ...]
    answer_within_seconds: Annotated[int, Field(gt=0)]
    expires_after_seconds: Annotated[int, Field(gt=0)]


class Recognition(BaseModel):
    """On what basis the other side's signatures count here (WIRE: trust lists are the default)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["trust-lists", "cross-certification", "bridge"]
    assurance: str
    policies: dict[Party, Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]] = {}
    """Each side's own policy identifier for the level of assurance: which of one side's is as good as which of the
    other's. Asked for wherever recognition runs over cross-certificates."""

    @property
    def crosses(self) -> bool:
        """Whether each side recognises the other from its own root, over cross-certificates."""
        return self.model != "trust-lists"


class Witnessing(BaseModel):
    """How often a party asks the other to cosign its log, and whether both have timestamps put on what was cosigned.

    Each side asks its own country's authority. "asked": one that is silent is told of, and traffic goes on;
    "required": a checkpoint counts as cosigned only with both; "none": nobody asks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_records: Annotated[int, Field(gt=0)] = 256
    timestamps: Literal["none", "asked", "required"] = "asked"


class Limits(BaseModel):
    """How much each side may send the other: so that one partner's flood does not take the road from the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes_per_second: Annotated[int, Field(gt=0)] | None = None


Encryption = Literal["none", "ECDH-ES+A256GCM", "HPKE-10-KE+A256GCM"]
"""How documents may be covered; none is for those that the broker's operator may read."""


class Agreement(BaseModel):
    """A corridor agreement. Texts that software cannot enforce (liability, forum) are carried, not judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: Annotated[int, Field(ge=1)]
    title: str
    phase: Literal["pilot testing", "parallel testing", "live implementation", "live operation"]
    since: Moment
    until: Moment
    parties: dict[Party, Member]
    recognition: Recognition
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)]
    encryption: Encryption = "none"
    documents: tuple[Cover, ...]
    witnessing: Witnessing = Witnessing()
    limits: Limits = Limits()
    retention_years: Annotated[int, Field(gt=0)]
    evidence: str
    liability: str
    forum: str

    @model_validator(mode="after")
    def _policies_of_both(self) -> Self:
        if self.recognition.crosses and set(self.recognition.policies) != set(self.parties):
            raise ValueError("recognition over cross-certificates needs one policy of each party")
        return self

    @property
    def encrypts(self) -> bool:
        """Whether documents, disputes and receipts cross encrypted for their receiver."""
        return self.encryption != "none"

    def recognised_by(self, party: str, trust: TrustStore) -> None:
        """Have the trust store of `party` recognise the other side as this agreement says (docs/wire.md, section 5)."""
        if self.recognition.crosses:
            policy = x509.ObjectIdentifier(self.recognition.policies[party])
            trust.require(self.partner(party)[:2], by=party[:2], policy=policy)

    def partner(self, party: str) -> str:
        """The other side, seen from `party`."""
        return next(code for code in self.parties if code != party)

    def covers(self, doctype: str, function: str, *, sender: str, receiver: str, algorithm: str, at: datetime) -> Cover:
        """The clause that lets this document cross at that moment.

        Raises:
            Refused: AGREEMENT_NOT_IN_FORCE, NOT_COVERED, FUNCTION_NOT_COVERED, ALGORITHM_NOT_AGREED, each with the
                agreement's own clause.
        """
        here = f"agreement {self.id} v{self.version}"
        self._in_force(at)
        for number, cover in enumerate(self.documents, start=1):
            if (cover.doctype, cover.sender, cover.receiver) != (doctype, sender, receiver):
                continue
            clause = f"{here}, documents[{number}]"
            if function not in cover.functions:
                found = f"function {function} of document {doctype}; allowed: {', '.join(cover.functions)}"
                raise Refused(reasons.FUNCTION_NOT_COVERED, found, clause=clause)
            self._signed_as_agreed(algorithm)
            return cover
        found = f"document {doctype} from {sender} to {receiver}"
        raise Refused(reasons.NOT_COVERED, found, clause=f"{here}, documents")

    def bears(self, *, named: str, algorithm: str, at: datetime) -> None:
        """Return when this agreement bears a message of any kind that names `named` and is dated `at`.

        Raises:
            Refused: NO_AGREEMENT, AGREEMENT_NOT_IN_FORCE, ALGORITHM_NOT_AGREED.
        """
        if named != self.id:
            raise Refused(reasons.NO_AGREEMENT, f"rests on agreement {named}, expected {self.id}")
        self._in_force(at)
        self._signed_as_agreed(algorithm)

    def expires_in_time(self, cover: Cover, *, sent: datetime, expires: datetime) -> None:
        """Raises Refused (EXPIRY_NOT_AGREED) when a document asks to be used for longer than its clause allows."""
        latest = expiry(cover, sent)
        if expires > latest:
            clause = f"agreement {self.id} v{self.version}, documents[{self.documents.index(cover) + 1}]"
            found = f"dated {stamp(sent)}, to be used until {stamp(expires)}; agreed: until {stamp(latest)}"
            raise Refused(reasons.EXPIRY_NOT_AGREED, found, clause=clause)

    def _in_force(self, at: datetime) -> None:
        if not self.since <= at < self.until:
            here = f"agreement {self.id} v{self.version}"
            found = f"{here} is in force from {stamp(self.since)} until {stamp(self.until)}, not on {stamp(at)}"
            raise Refused(reasons.AGREEMENT_NOT_IN_FORCE, found, clause=f"{here}, since/until")

    def _signed_as_agreed(self, algorithm: str) -> None:
        if algorithm not in self.algorithms:
            found = f"algorithm {algorithm}; agreed: {', '.join(self.algorithms)}"
            clause = f"agreement {self.id} v{self.version}, algorithms"
            raise Refused(reasons.ALGORITHM_NOT_AGREED, found, clause=clause)


@dataclass(frozen=True, slots=True)
class Signed:
    """An agreement as both hold it: its exact bytes and one token of each party over just these bytes."""

    octets: bytes
    tokens: Mapping[str, bytes]

    def checked(self, trust: TrustStore, at: datetime) -> Agreement:
        """Read the agreement after checking that each party named in it signed it.

        Raises:
            BadInput: one-sided, signed over other bytes, signed by somebody else, or not an agreement.
        """
        agreement = read(self.octets)
        for party in agreement.parties:
            token = self.tokens.get(party)
            if token is None:
                raise BadInput(
                    f"agreement {agreement.id} is one-sided: {party} has not signed it",
                    expected="a signature of each party over the same bytes",
                    todo=f"have {party} sign agreement {agreement.id} v{agreement.version}",
                )
            signed_by(party, token, self.octets, trust, at)
        return agreement


def draft(toml: str, *, name: str) -> Agreement:
    """Read a draft. Raises BadInput naming the field that is wrong and the file `name`."""
    try:
        told = tomllib.loads(toml)
        _available(told, name)
        return Agreement.model_validate(told)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}", expected="TOML 1.0", todo="correct the file") from error
    except ValidationError as error:
        raise BadInput(
            f"{name} is no corridor agreement: {first_wrong(error, 'as a whole')}",
            expected="the fields of docs/wire.md, section 6",
            todo="correct the file",
        ) from error


def conclude(agreement: Agreement, roots: Mapping[str, str]) -> bytes:
    """The agreement's final bytes, with the fingerprint of each party's root: what both sign."""
    told: dict[str, Any] = agreement.model_dump(mode="json", by_alias=True)  # Any: a JSON object
    told["since"], told["until"] = stamp(agreement.since), stamp(agreement.until)
    for party, member in told["parties"].items():
        member["root"] = roots[party]
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode()


def sign(octets: bytes, identity: Identity) -> bytes:
    """One party's signature over an agreement's exact bytes."""
    return jws.sign(octets, identity, typ=TYP)


def read(octets: bytes) -> Agreement:
    """Read concluded bytes. Raises BadInput."""
    try:
        told = strict_json(octets)
        _available(told, "the agreement")
        return Agreement.model_validate(told)
    except (NotStrictJson, ValidationError) as error:
        why = first_wrong(error, "as a whole") if isinstance(error, ValidationError) else str(error)
        raise BadInput(f"these bytes are no corridor agreement: {why}", expected="concluded JSON") from error


def expiry(cover: Cover, sent: datetime) -> datetime:
    """Until when a document sent at `sent` may be used."""
    return sent + timedelta(seconds=cover.expires_after_seconds)


def _available(told: object, where: str) -> None:
    """Return unless the profile of an agreement names algorithms that are not done here.

    Raises:
        BadInput: SM2 or GOST under the reason's own code, in three languages; another one by its name.
    """
    asked = told.get("algorithms") if isinstance(told, dict) else None
    if isinstance(told, dict) and isinstance(cover := told.get("encryption"), str):
        with suppress(UnsupportedAlgorithm, BrokenAlgorithm):  # the model says what else there is
            _not_national(f"{where}: encryption", cover, expected=f"one of {', '.join(get_args(Encryption))}")
    for name in asked if isinstance(asked, list) else ():
        if not isinstance(name, str):
            continue  # the model says so
        try:
            _not_national(f"{where}: algorithms", name, expected=f"some of {', '.join(Algorithm)}")
        except TrustError as error:
            raise BadInput(
                f"{where}: algorithms: {error}",
                expected=f"some of {', '.join(Algorithm)}",
                todo="correct the agreement",
            ) from error


def _not_national(where: str, name: str, *, expected: str) -> None:
    """Raises BadInput for SM2 or GOST, and what `named` raises for any other name that is none of ours."""
    try:
        named(name)
    except NationalAlgorithm as error:
        reason = reasons.PROFILE_NOT_AVAILABLE
        raise BadInput(
            f"{where}: {name}: {reason.code} {reason.name}. {reason.en} / {reason.zh} / {reason.ru}",
            expected=expected,
            todo="agree with the other side on one of these, or rehearse with software that has the algorithm",
        ) from error


def signed_by(party: str, token: bytes, octets: bytes, trust: TrustStore, at: datetime) -> None:
    """Return when `token` is the signature of `party` over these bytes, good at `at`. Raises BadInput."""
    try:
        read_token = jws.read(token)
        if read_token.certificate is None:
            raise BadInput(f"the signature of {party} brings no certificate", expected="x5c in its header")
        signer = trust.validate(read_token.certificate, at=at)
        payload = jws.check(read_token, signer.certificate, typ=TYP)
    except TrustError as error:
        raise BadInput(f"the signature of {party} does not hold: {error}", expected=f"{party}'s own") from error
    if signer.party != party:
        raise BadInput(f"signed by {signer.party} in the place of {party}", expected=f"{party}'s own signature")
    if payload != octets:
        raise BadInput(f"{party} signed other bytes than these", expected="one text, signed by both")
