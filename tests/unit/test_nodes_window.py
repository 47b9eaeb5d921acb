"""A window in its life: what it does in which order, and what is left when its life ends in the middle of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from harness.errors import NotProved, RoadFailed
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange import reasons, topics
from harness.exchange.bus import LARGEST_RECORD, Record
from harness.exchange.envelope import Envelope, Type
from harness.exchange.receipt import Receipt, Statement
from harness.exchange.seal import Sealed
from harness.exchange.seat import Sent
from nodes.outbox import own_envelope
from nodes.road import StillToLeave
from nodes.turn import Turn
from nodes.window import Window
from scenarios.pack import PACK

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

CUTS = ("before put", "after put", "before commit", "after commit")
INBOX = topics.inbox("QN", "QM")
BACK = topics.inbox("QM", "QN")

# ------------------------------------------------------------------------ a life that ends in the middle of a turn


@pytest.mark.parametrize("moment", CUTS)
async def test_a_receiver_that_dies_while_it_answers(corridor: Corridor, moment: str) -> None:
    """Opened again, it has worked on the message once, and says what it said, or was about to say, before."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        knife = corridor.knife(moment)
        await corridor.dies(Window(corridor.seat("QN", bus=knife)), knife)
        answered_before = [one for one in corridor.on(BACK) if one.receipt is not None]
        receiver = Window(corridor.seat("QN"))
        async with corridor.living(receiver):
            receipts = await corridor.receipts(sent.identity, count=len(answered_before) or 1)
            twin = await sender.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(twin.identity)
            for event in (records.RECEIVED, records.TRANSLATED):
                told = [one.fields["identity"] for one in corridor.noted(receiver, event)]
                assert told == [sent.identity, twin.identity]
            answered = [one for one in corridor.noted(receiver, records.ANSWERED) if one.fields["of"] == sent.identity]
            assert {one.sealed.raw for one in receipts} == {one.fields["raw"] for one in answered}
            assert len({one.delivery.value for one in await corridor.receipts(sent.identity)}) == 1


@pytest.mark.parametrize("moment", ["before put", "after put"])
async def test_a_sender_that_dies_while_it_sends(corridor: Corridor, moment: str) -> None:
    """Opened again, it puts what its log says was sent, in the same bytes; the receiver works on it once."""
    knife = corridor.knife(moment)
    cut = Window(corridor.seat("QM", bus=knife))
    await corridor.dies(cut, knife, cut.counter.lodge(corridor.certificate(), to="QN"))
    before = len(corridor.on(INBOX))
    assert before == (1 if moment == "after put" else 0)
    sender, receiver = Window(corridor.seat("QM")), Window(corridor.seat("QN"))
    async with corridor.living(sender, receiver):
        (noted,) = corridor.noted(sender, records.SENT)
        await corridor.receipts(str(noted.fields["identity"]), count=before + 1)
        assert {one.sealed.raw for one in corridor.on(INBOX)} == {noted.fields["raw"]}
        assert len(corridor.noted(sender, records.TRANSPORTED)) == 1
        assert len(corridor.noted(receiver, records.TRANSLATED)) == 1


async def test_a_report_of_use_that_never_left(corridor: Corridor) -> None:
    """No delivery asks for it again, so it is put after the restart, as it was logged."""
    sender, receiver = Window(corridor.seat("QM")), Window(corridor.seat("QN"))
    async with corridor.living(sender):
        async with corridor.living(receiver):
            sent = await sender.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(sent.identity)
        knife = corridor.knife("before put")
        cut = Window(corridor.seat("QN", bus=knife))
        asked = cut.counter.report_use(sent.identity, quantity="300.000", declaration="D-1")
        await corridor.dies(cut, knife, asked)
        reopened = Window(corridor.seat("QN"))
        async with corridor.living(reopened):
            report = (await corridor.receipts(sent.identity, count=2))[1]
            assert report.sealed.raw == corridor.noted(reopened, records.ANSWERED)[-1].fields["raw"]
            assert report.statement("L4") == Statement.model_validate(report.said["data"]["statements"][0])
            assert reopened.ledger.received[sent.identity].used == ["300.000"]
            proved = corridor.noted(reopened, records.TRANSPORTED)
            assert [one.fields["identity"] for one in proved] == [report.sealed.identity]
        again = Window(corridor.seat("QN"))
        assert not again.ledger.untransported()
        async with corridor.living(again):
            assert len([one for one in corridor.on(BACK) if one.sealed.raw == report.sealed.raw]) == 1


@pytest.mark.parametrize("moment", CUTS)
async def test_a_receiver_that_dies_while_it_refuses(corridor: Corridor, moment: str) -> None:
    """What could not be opened is answered all the same, with the one negative receipt that was logged."""
    poison = Record(INBOX, b"k", b"no token at all")
    await corridor.put(poison)
    knife = corridor.knife(moment)
    await corridor.dies(Window(corridor.seat("QN", bus=knife)), knife)
    receiver = Window(corridor.seat("QN"))
    async with corridor.living(receiver):
        await corridor.receipts(Sealed(poison.value).identity)
        (noted,) = corridor.noted(receiver, records.ANSWERED)
        assert {one.sealed.raw for one in corridor.on(BACK)} == {noted.fields["raw"]}


async def test_numbers_after_a_restart(corridor: Corridor) -> None:
    """They go on where the log ended: no number of a topic stands for two messages."""
    receiver = Window(corridor.seat("QN"))
    async with corridor.living(receiver):
        for _ in range(3):
            sender = Window(corridor.seat("QM"))
            async with corridor.living(sender):
                sent = await sender.counter.lodge(corridor.certificate(), to="QN")
                await corridor.receipts(sent.identity)
                await sender.counter.dispute(sent, claim="no-answer", number="D-1", sentence="was never answered")
    assert [one.said["sequence"] for one in corridor.on(INBOX)] == [1, 2, 3, 4, 5, 6]


async def test_receipts_kept_across_a_restart(corridor: Corridor) -> None:
    """A receipt that came too early is still known, and matched when that comes which it waited for."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
    first, second, third = chain(corridor, sent, 3)
    await corridor.put(third, second)
    early = Window(corridor.seat("QM"))
    async with corridor.living(early):
        await until_noted(corridor, early, records.KEPT, 2)
    late = Window(corridor.seat("QM"))
    async with corridor.living(late):
        await corridor.put(second, first)
        await until_noted(corridor, late, records.ACKNOWLEDGED, 3)
        assert [one.fields["identity"] for one in corridor.noted(late, records.ACKNOWLEDGED)] == [
            Sealed(one.value).identity for one in (first, second, third)
        ]
        assert not late.ledger.kept
        (again,) = corridor.noted(late, records.REFUSED)
        assert again.fields["reason"] == reasons.REPLAYED.code


# ----------------------------------------------------------------------------------------- a disk that is full


async def test_a_log_that_cannot_be_written(corridor: Corridor) -> None:
    """Nothing is answered that is not logged: the window ends with RoadFailed, and its next life answers."""
    sender = Window(corridor.seat("QM"))
    full = Window(corridor.seat("QN"))
    full.patience = 0.5
    fill(full)
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        with pytest.raises(RoadFailed, match="full"):
            await asyncio.wait_for(full.run(), 5)
        assert corridor.on(BACK) == []
        async with corridor.living(Window(corridor.seat("QN"))):
            (receipt,) = await corridor.receipts(sent.identity)
            assert receipt.receipt is not None
            assert not receipt.receipt.negative


async def test_a_log_that_is_full_for_a_while(corridor: Corridor) -> None:
    """Nothing is said while it is full, its own people are told that nothing was done; then all of it is, once."""
    sender, full = Window(corridor.seat("QM")), Window(corridor.seat("QN"))
    async with corridor.living(sender, full):
        fill(full)
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        with pytest.raises(RoadFailed, match="full") as told_no:
            await full.counter.lodge(corridor.certificate(), to="QM")
        assert not isinstance(told_no.value, StillToLeave)
        assert (corridor.on(BACK), full.log.size) == ([], 0)
        empty(full)
        (receipt,) = await corridor.receipts(sent.identity)
        assert [one.fields["identity"] for one in corridor.noted(full, records.TRANSLATED)] == [sent.identity]
        assert receipt.said["sequence"] == 1, "what was never logged has used up no number"
        assert full.ledger.sent == {}
        other = await full.counter.lodge(corridor.certificate(), to="QM")
        await corridor.receipts(other.identity)


async def test_a_window_that_is_closed_and_asked(corridor: Corridor) -> None:
    """Who asks it hears that it is closed, instead of waiting for ever."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        pass
    with pytest.raises(RoadFailed, match="window of QM closed"):
        await sender.counter.lodge(corridor.certificate(), to="QN")


# ------------------------------------------------------------------------------------------------ duplicates


async def test_a_duplicate_within_one_batch(corridor: Corridor) -> None:
    """Two copies taken at once have one effect, and both are answered with the same bytes."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        (copy,) = corridor.on(INBOX)
        await corridor.put(Record(INBOX, copy.delivery.key, copy.delivery.value, copy.delivery.headers))
        receiver = Window(corridor.seat("QN"))
        async with corridor.living(receiver):
            one, other = await corridor.receipts(sent.identity, count=2)
            assert one.delivery.value == other.delivery.value
            assert len(corridor.noted(receiver, records.TRANSLATED)) == 1
            (replayed,) = corridor.noted(receiver, records.REFUSED)
            assert replayed.fields["reason"] == reasons.REPLAYED.code


@pytest.mark.parametrize("together", [True, False])
async def test_a_spoilt_copy_before_the_message_itself(corridor: Corridor, *, together: bool) -> None:
    """Who spoils a seal under way does not use up the message: untouched, it is accepted afterwards.

    Whether they come one by one or in one batch: what a spoilt copy is answered with hangs on what came before it.
    """
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
    (honest,) = corridor.on(INBOX)
    head, payload, signature = honest.delivery.value.split(b".")
    spoilt = b".".join([head, payload, b"B" * (len(signature) - 1) + b"A"])
    assert Sealed(spoilt).identity == sent.identity
    receiver = Window(corridor.seat("QN"))
    turn = Turn()
    came = [
        corridor.delivered(Record(INBOX, b"k", value), offset=offset)
        for offset, value in enumerate([spoilt, spoilt, honest.delivery.value, spoilt])
    ]
    for batch in [came] if together else [[one] for one in came]:
        receiver.take(batch, turn)
    receiver.log.append(turn.records, turn.objects)
    refused = [one.fields["reason"] for one in corridor.noted(receiver, records.REFUSED)]
    assert refused == [reasons.BROKEN_SEAL.code] * 3
    negative, positive = corridor.noted(receiver, records.ANSWERED)
    assert [one["reason"] for one in told(negative.fields["statements"])] == [reasons.BROKEN_SEAL.code]
    assert [one["status"] for one in told(positive.fields["statements"])][-1] == "accepted"
    answers = [record.value for record, _ in turn.outgoing if record.topic == BACK]
    assert [Sealed(one).raw for one in answers] == [
        negative.fields["raw"],
        negative.fields["raw"],
        positive.fields["raw"],
        positive.fields["raw"],
    ]
    receiver.log.close()
    assert Window(corridor.seat("QN")).ledger.received == {}  # until it lives, it has read nothing
    async with corridor.living(reopened := Window(corridor.seat("QN"))):
        assert reopened.ledger.received == receiver.ledger.received


# -------------------------------------------------------------------------------------------- poison and floods


@pytest.mark.parametrize(
    "poison",
    [b"", b"no token at all", b"..", b"a.b.c", bytes(range(256)), b"\xff" * 1_000_000, b"[" * 100_000],
    ids=["empty", "text", "dots", "short", "octets", "a megabyte", "brackets"],
)
async def test_poison_on_the_inbox(corridor: Corridor, poison: bytes) -> None:
    """It is put aside untouched, refused with a signed receipt and its reason, and the next message is served."""
    await corridor.put(Record(INBOX, b"k", poison))
    sender, receiver = Window(corridor.seat("QM")), Window(corridor.seat("QN"))
    async with corridor.living(sender, receiver):
        (answer,) = await corridor.receipts(Sealed(poison).identity)
        assert answer.receipt is not None
        assert answer.receipt.last.reason == reasons.NOT_A_TOKEN.code
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        (aside,) = corridor.on(topics.quarantine("QN"))
        assert aside.delivery.value == poison
        assert answer.sealed.raw == corridor.noted(receiver, records.ANSWERED)[0].fields["raw"]


async def test_two_poisons_without_a_seal(corridor: Corridor) -> None:
    """Each has a name of its own, and an answer of its own."""
    await corridor.put(Record(INBOX, b"k", b"one"), Record(INBOX, b"k", b"other"))
    async with corridor.living(Window(corridor.seat("QN"))):
        await corridor.receipts(Sealed(b"one").identity)
        await corridor.receipts(Sealed(b"other").identity)
    assert Sealed(b"one").identity != Sealed(b"other").identity


async def test_a_flood_of_forged_tokens(corridor: Corridor) -> None:
    """Hundreds of them are refused, each for the record, and the honest message behind them is accepted."""
    honest = corridor.sealed(corridor.envelope(data=dispute()))
    head, payload, signature = honest.value.split(b".")
    forged = [
        Record(INBOX, b"k", b".".join([head, payload, f"{number:04d}".encode() + signature[4:]]))
        for number in range(500)
    ]
    await corridor.put(*forged, honest)
    receiver = Window(corridor.seat("QN"))
    async with corridor.living(receiver):
        answer = (await corridor.receipts(Sealed(honest.value).identity, count=501))[-1]
        assert answer.receipt is not None
        assert not answer.receipt.negative
        assert len(corridor.noted(receiver, records.REFUSED)) == 500
        assert len(corridor.noted(receiver, records.DISPUTED)) == 1


async def test_two_windows_that_cannot_open_each_others_receipts(corridor: Corridor) -> None:
    """A receipt that cannot be opened is put aside and not answered: nothing goes back and forth for ever."""
    blind = corridor.trust(revocation=False)
    sender, receiver = Window(corridor.seat("QM", trust=blind)), Window(corridor.seat("QN", trust=blind))
    async with corridor.living(sender, receiver):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        (answer,) = await corridor.receipts(sent.identity)
        assert answer.receipt is not None
        assert answer.receipt.last.reason == reasons.REVOCATION_UNKNOWN.code
        await corridor.seen(lambda one: one.delivery.topic == topics.quarantine("QM"))
        twin = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(twin.identity)
        assert [one.sealed.identity for one in corridor.on(INBOX)] == [sent.identity, twin.identity]


# ------------------------------------------------------------------------- what an insider with a good key sends


@pytest.mark.parametrize(
    "data",
    [{}, {"of": "0" * 64}, [], 5, "text", {"of": 1, "claim": 2, "dispute": 3, "sentence": 4}, {"of": "x"}],
    ids=str,
)
async def test_a_dispute_without_its_fields(corridor: Corridor, data: object) -> None:
    """It is refused with its reason, answered, and not noted as a dispute."""
    record = corridor.sealed(corridor.envelope(data=data))
    await corridor.put(record)
    receiver = Window(corridor.seat("QN"))
    async with corridor.living(receiver):
        (answer,) = await corridor.receipts(Sealed(record.value).identity)
        assert answer.receipt is not None
        assert answer.receipt.last.reason == reasons.NOT_AN_ENVELOPE.code
        assert corridor.noted(receiver, records.DISPUTED) == []


async def test_a_reason_that_quotes_a_megabyte(corridor: Corridor) -> None:
    """What the refusal quotes is cut, so that its receipt fits on the topic it goes back on."""
    record = corridor.sealed(corridor.envelope(type="x" * 1_000_000, data={}))
    await corridor.put(Record(INBOX, b"k", record.value))
    async with corridor.living(Window(corridor.seat("QN"))):
        (answer,) = await corridor.receipts(Sealed(record.value).identity)
        assert answer.receipt is not None
        assert answer.receipt.last.reason == reasons.UNKNOWN_TYPE.code
        assert len(answer.delivery.value) < LARGEST_RECORD // 100


async def test_a_thousand_receipts_that_follow_each_other(corridor: Corridor) -> None:
    """Sent last one first, they are kept, and taken in one after the other when the first one comes."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
    receipts = chain(corridor, sent, 1000)
    hearer = Window(corridor.seat("QM"))
    async with corridor.living(hearer):
        turn = Turn()
        for offset, record in enumerate(reversed(receipts)):
            hearer.take([corridor.delivered(record, offset=offset)], turn)
        noted = [records.read(body).event for body in turn.records]
    assert (noted.count(records.GAP), noted.count(records.LATE)) == (1, 999)
    events = [event for event in noted if event not in (records.GAP, records.LATE)]
    assert events[:999] == [records.KEPT] * 999
    assert events[999:] == [records.ACKNOWLEDGED] + [records.MATCHED, records.ACKNOWLEDGED] * 999


async def test_a_receipt_by_somebody_who_was_not_asked(corridor: Corridor) -> None:
    """Another partner's receipt about a message that did not go to it is refused, and answers nothing."""
    norlund = Window(corridor.seat("QN"))
    async with corridor.living(norlund):
        sent = await norlund.counter.lodge(corridor.certificate(), to="QM")
        said = {
            "of": sent.identity,
            "statements": [{"level": "L1", "status": "received", "at": "2026-03-12T09:00:00Z"}],
        }
        forged = corridor.sealed(corridor.envelope("QP", "QN", type=Type.RECEIPT.value, data=said))
        await corridor.put(forged)
        await until_noted(corridor, norlund, records.REFUSED, 1)
        (refused,) = corridor.noted(norlund, records.REFUSED)
        assert refused.fields["reason"] == reasons.WRONG_RECEIVER.code
        assert norlund.ledger.heard == set()


async def test_a_message_of_our_own_key_on_an_inbox(corridor: Corridor) -> None:
    """Signed by the receiver itself and carried in by the operator, it is refused: it is not its sender's inbox."""
    receiver = Window(corridor.seat("QN"))
    for topic in (INBOX, topics.inbox("QN", "QN")):
        ours = corridor.sealed(corridor.envelope("QN", "QN", data=dispute(), topic=topic, corridor="QM-QN"))
        turn = Turn()
        receiver.take([corridor.delivered(Record(INBOX, ours.key, ours.value, ours.headers))], turn)
        assert records.read(turn.records[0]).fields["reason"] == reasons.WRONG_TOPIC.code


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"corridor": "QP-QN"}, reasons.NO_AGREEMENT),
        ({"time": PACK.corridors[0].until}, reasons.DATED_AHEAD),
        ({"time": PACK.corridors[0].since}, reasons.UNKNOWN_SIGNER),
    ],
)
async def test_a_receipt_that_no_agreement_bears(
    corridor: Corridor, changes: dict[str, object], reason: reasons.Reason
) -> None:
    """It is refused and not taken in: what it says would not stand before an arbiter."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        (good,) = chain(corridor, sent, 1)
        said = own_envelope(good.value).data
        about = {"type": Type.RECEIPT.value, "correlationid": sent.correlation, "data": said}
        await corridor.put(corridor.sealed(corridor.envelope("QN", "QM", **about, **changes)))
        await until_noted(corridor, sender, records.REFUSED, 1)
        assert corridor.noted(sender, records.REFUSED)[0].fields["reason"] == reason.code
        assert not sender.ledger.heard
        await corridor.put(good)
        await until_noted(corridor, sender, records.ACKNOWLEDGED, 1)


async def test_a_document_that_outlives_its_agreement(corridor: Corridor) -> None:
    """It is refused with the agreement's clause, whatever its sender's own window lets pass."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        await sender.counter.lodge(corridor.certificate(), to="QN")
    said = {**corridor.on(INBOX)[0].said, "id": "qm-long", "expirytime": "2026-04-12T09:00:00.000Z"}
    turn = Turn()
    Window(corridor.seat("QN")).take([corridor.delivered(corridor.sealed(Envelope.model_validate(said)))], turn)
    assert records.read(turn.records[1]).fields["reason"] == reasons.EXPIRY_NOT_AGREED.code


async def test_a_message_that_rests_on_another_agreement(corridor: Corridor) -> None:
    """It is refused: what the two parties agreed is what is in force between them."""
    record = corridor.sealed(corridor.envelope(data=dispute(), corridor="QM-QX"))
    turn = Turn()
    Window(corridor.seat("QN")).take([corridor.delivered(record)], turn)
    assert records.read(turn.records[1]).fields["reason"] == reasons.NO_AGREEMENT.code


# ------------------------------------------------------------------------------------------------- small helps


def fill(window: Window) -> None:
    """Let the disk of a window's log be full: SQLite itself refuses a page more, as it does on a full disk."""
    window.log.hold(held=True)


def empty(window: Window) -> None:
    """Let there be space again."""
    window.log.hold(held=False)


def dispute() -> dict[str, str]:
    """The data of a good dispute."""
    return {"claim": "no-answer", "of": "0" * 64, "dispute": "D-1", "sentence": "never answered"}


def told(statements: object) -> list[dict[str, str | None]]:
    """The statements in a log record."""
    assert isinstance(statements, list)
    return statements


def chain(corridor: Corridor, sent: Sent, count: int) -> list[Record]:
    """Receipts of QN about what QM sent, each after the one before."""
    made: list[Record] = []
    for _ in range(count):
        after = Sealed(made[-1].value).identity if made else None
        said = Receipt.model_validate(
            {
                "of": sent.identity,
                "after": after,
                "statements": [{"level": "L4", "status": "accepted", "at": "2026-03-12T09:00:00Z"}],
            }
        ).said()
        about = {"type": Type.RECEIPT.value, "correlationid": sent.correlation, "data": said, "sequence": len(made) + 1}
        made.append(corridor.sealed(corridor.envelope("QN", "QM", **about)))
    return made


async def until_noted(corridor: Corridor, window: Window, event: str, count: int) -> None:
    """Return once the window's log holds so many of these. A turn ends without an event to wait for: let it run."""
    async with asyncio.timeout(5):
        while len(corridor.noted(window, event)) < count:
            await window.asking.ask(lambda _turn: None)


# ------------------------------------------------------------------------------------------------- taking leave


async def test_a_window_that_is_told_to_leave(corridor: Corridor) -> None:
    """It finishes its turn: what was asked is logged, sent and answered before its life ends by itself."""
    window = Window(corridor.seat("QM"))
    async with asyncio.timeout(5):
        life = asyncio.create_task(window.run())
        await window.ready.wait()
        asking = asyncio.create_task(window.counter.lodge(corridor.certificate(), to="QN"))
        await asyncio.sleep(0)
        window.leave()
        sent = await asking
        await life
    assert [one.sealed.identity for one in corridor.on(INBOX)] == [sent.identity]
    with pytest.raises(RoadFailed, match="closed before it was done"):
        await window.counter.lodge(corridor.certificate(), to="QN")
    async with corridor.living(again := Window(corridor.seat("QM"))):
        told = [record.event for record in corridor.noted(again, records.SENT, records.TRANSPORTED)]
        assert told == [records.SENT, records.TRANSPORTED]


async def test_numbers_of_answers_to_poison_after_a_restart(corridor: Corridor) -> None:
    """A window goes on counting to each partner where its log stops, receipts for what it refused unread included."""
    for _ in range(2):
        async with corridor.living(window := Window(corridor.seat("QN"))):
            await window.counter.lodge(corridor.certificate(), to="QM")
            poison = Record(INBOX, b"poison", b"poison %d" % len(corridor.on(INBOX)))
            await corridor.put(poison)
            await corridor.receipts(Sealed(poison.value).identity)
    assert [one.said["sequence"] for one in corridor.on(BACK)] == [1, 2, 3, 4]


async def test_a_log_that_does_not_follow(corridor: Corridor) -> None:
    """Records that fit together by their hashes and not by their sense are no state to work from."""
    seat = corridor.seat("QN")
    log = EvidenceLog(seat.folder / "log.sqlite", "QN")
    at = seat.clock.now()
    log.append(
        [
            records.record(
                records.TRANSLATED, "QN", at, correlation="trade-1", identity="a" * 64, own="b" * 64, losses=[]
            )
        ]
    )
    log.close()
    with pytest.raises(NotProved, match="record 0 in the evidence log of QN does not follow from those before it"):
        await Window(seat).run()


async def test_what_a_restart_reads(corridor: Corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what it sent to a partner, the last message only: a restart must not take longer for every message's bytes."""
    count = 12
    async with corridor.living(qm := Window(corridor.seat("QM")), Window(corridor.seat("QN"))):
        for _ in range(count):
            sent = await qm.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(sent.identity)
    read: list[str] = []
    kept = EvidenceLog.object

    def reading(log: EvidenceLog, digest: str) -> bytes:
        read.append(digest)
        return kept(log, digest)

    monkeypatch.setattr(EvidenceLog, "object", reading)
    async with corridor.living(again := Window(corridor.seat("QN"))):
        answered = corridor.noted(again, records.ANSWERED)
        assert len(answered) == count
        assert read == [answered[-1].fields["raw"]]
