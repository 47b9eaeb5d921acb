"""A party in another process, asked over its control socket: the same results and errors as in one process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.errors import BadInput, CorridorError, Defect, NotProved, NotReady, RoadFailed
from harness.exchange import reasons
from harness.exchange.bus import NotAllowed
from harness.exchange.reasons import Refused
from harness.trial import control
from harness.trial.attendant import attending
from harness.trial.remote import Line, RemoteCounter, called
from nodes.window import Window

from .conftest import PATIENCE, Corridor


@asynccontextmanager
async def attended(corridor: Corridor, window: Window, path: Path) -> AsyncIterator[Line]:
    """A window and its partner alive, the window asked over a socket."""
    async with (
        asyncio.timeout(2 * PATIENCE),
        attending(window, "unit", path),
        corridor.living(window, Window(corridor.seat("QN"))),
    ):
        line = await called("QM", path)
        try:
            yield line
        finally:
            await line.close()


async def test_what_is_asked_over_a_socket(corridor: Corridor, tmp_path: Path) -> None:
    """Each verb does there what it does here, and its result comes back as what it is."""
    window = Window(corridor.seat("QM"))
    async with attended(corridor, window, tmp_path / "control.sock") as line:
        assert await line.pid > 1
        counter = RemoteCounter(lambda: line)
        sent = await counter.lodge(corridor.certificate(), to="QN")
        assert (sent.to, sent.topic, sent.subject) == ("QN", "qn.in.from.qm", "CO-0001")
        assert sent.identity in window.ledger.sent
        await corridor.receipts(sent.identity)
        dispute = await counter.dispute(sent, claim="no-answer", number="D-1", sentence="never acknowledged")
        assert dispute.correlation == sent.correlation
        await counter.seek_witness("QN")
        assert (await counter.evidence(sent.correlation, partner="QN")).is_file()
        given = await counter.gives_out()
        assert given == window.gives_out()
        assert await counter.gives_out(2) == given[2:]


async def test_what_is_wrong_comes_back_as_what_it_is(corridor: Corridor, tmp_path: Path) -> None:
    """A bad file is BadInput; what the agreement does not cover is refused with its reason and clause."""
    async with attended(corridor, Window(corridor.seat("QM")), tmp_path / "control.sock") as line:
        counter = RemoteCounter(lambda: line)
        with pytest.raises(BadInput, match="without doctype") as bad:
            await counter.lodge(b"{}", to="QN")
        assert bad.value.todo
        with pytest.raises(BadInput, match="was accepted at QM"):
            await counter.report_use("00" * 32, quantity="1", declaration="D")
        with pytest.raises(Refused) as refused:
            await counter.pass_on(b"x", to="QN", doctype="999", reference="R-1", media_type="text/plain")
        assert refused.value.reason is reasons.NOT_COVERED
        assert refused.value.clause == "agreement QM-QN v1, documents"


async def test_a_line_that_nobody_understands(corridor: Corridor, tmp_path: Path) -> None:
    """It is answered with what is wrong with it, and the next one is served."""
    path = tmp_path / "control.sock"
    async with attended(corridor, Window(corridor.seat("QM")), path):
        reader, writer = await asyncio.open_unix_connection(str(path))
        ready = json.loads(await reader.readline())
        assert (ready["event"], ready["party"], ready["run"]) == ("ready", "QM", "unit")
        writer.write(b'{"id": 1, "ask": {"verb": "sing"}}\nnot even JSON\n')
        for _ in range(2):
            told = json.loads(await reader.readline())
            assert told["failed"]["kind"] == "bad input"
        writer.write(b'{"id": 3, "ask": {"verb": "gives_out"}}\n')
        assert json.loads(await reader.readline()) == {"id": 3}
        writer.close()


async def test_a_party_that_goes_while_it_is_asked(corridor: Corridor, tmp_path: Path) -> None:
    """Who waits for an answer hears that the road failed, and so does who asks after."""
    path = tmp_path / "control.sock"
    window = Window(corridor.seat("QM"))
    async with asyncio.timeout(PATIENCE):
        async with attending(window, "unit", path):
            line = await called("QM", path)
            # It never came to life: nobody answers this.
            asking = asyncio.create_task(RemoteCounter(lambda: line).lodge(corridor.certificate(), to="QN"))
            await asyncio.sleep(0)
        with pytest.raises(RoadFailed, match="line to QM went dead"):
            await asking
        with pytest.raises(RoadFailed, match="line to QM went dead"):
            await RemoteCounter(lambda: line).gives_out()
        await line.close()
    with pytest.raises(RoadFailed, match="QM does not answer at"):
        await called("QM", path)
    window.witnessing.close()
    window.log.close()


@pytest.mark.parametrize("error", [BadInput, RoadFailed, NotReady, NotProved, Defect])
def test_errors_over_the_socket(error: type[CorridorError]) -> None:
    """Each kind of error is raised there as what it was here, word for word."""
    back = control.raised(control.failed(error("found", expected="expected", todo="to do")))
    assert type(back) is error
    assert str(back) == "found; expected: expected; to do: to do"


def test_an_error_of_a_finer_kind() -> None:
    """It comes back as the nearest kind that the socket knows: a right that is missing is a road that failed."""
    assert control.failed(NotAllowed("qm", "write", "qp.in.from.qn")).kind == "road failed"


async def test_where_a_socket_may_be(tmp_path: Path) -> None:
    """Its path may be as long as it likes, it is its owner's alone, and a dead one gives way."""
    deep = tmp_path / "/".join(["a-folder-with-a-name"] * 8)
    deep.mkdir(parents=True)
    for _ in range(2):
        made = control.bound(deep / "control.sock")
        assert (deep / "control.sock").stat().st_mode & 0o777 == 0o600
        made.close()
    (deep / "taken").write_text("a file")
    with pytest.raises(BadInput, match="there can be no control socket"):
        control.bound(deep / "taken")
