"""A door that nobody may come to: an address on this machine, which a forged header asks its reader to fetch from.

It would answer with Mallory's key, so that a reader who does fetch is deceived in earnest. It stands in a thread of its
own: who knocks may do so from within its own loop and wait. Each knock is counted, and the history says how many.
Its check is here too: a pure function of a history, as all checks (`harness.trial.checks`).
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from certs.drafts import Octets
from harness.errors import RoadFailed
from harness.trial.checks import Broken, NotReached, Topic, check
from harness.trial.forging import own_jwk
from harness.trial.history import History, Scribe, Seen, What

_LOOPBACK: Final = "127.0.0.1"
_FIRST_PORT: Final = 20_000
_PORTS: Final = 40_000
_TRIES: Final = 20


@dataclass
class Door:
    """An open door. `knocks`, owned by its thread, are the paths that somebody asked for."""

    url: str
    knocks: list[str] = field(default_factory=list)


@contextmanager
def opened(scribe: Scribe, luck: Octets) -> Iterator[Door]:
    """Open a door while the block lasts, then write down who knocked. Its port is by luck, as all that is made up.

    Raises:
        RoadFailed: no port of this machine is free.
    """
    door = Door("")
    server = _server(door, luck)
    door.url = f"http://{_LOOPBACK}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        scribe.write(What.DOOR, url=door.url, knocks=door.knocks)


@check(Topic.SECURITY)
def nothing_fetched(history: History, *, address: str) -> str:
    """Nobody came to an address that a message named to fetch a key from."""
    doors = [event for event in history.of(What.DOOR) if event["url"] == address]
    if not doors:
        raise NotReached(f"nobody stood at {address} to see who comes")
    if not any(address.encode() in _first_segment(seen) for seen in history.deliveries):
        raise NotReached(f"no message named {address}")
    if knocks := [knock for event in doors for knock in event["knocks"]]:
        raise Broken(f"{len(knocks)} knock(s) at {address}, for {', '.join(sorted(set(knocks)))}")
    return f"a message named {address}, and nobody came"


def _first_segment(seen: Seen) -> bytes:
    try:
        return base64.urlsafe_b64decode(seen.delivery.value.partition(b".")[0] + b"==")
    except ValueError:
        return b""


def _server(door: Door, luck: Octets) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            door.knocks.append(self.path)
            answer = json.dumps({"keys": [own_jwk()]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            """Say nothing: the history does."""

    for _ in range(_TRIES):
        port = _FIRST_PORT + int.from_bytes(luck(4, "door/port"), "big") % _PORTS
        try:
            return ThreadingHTTPServer((_LOOPBACK, port), Handler)
        except OSError:
            continue  # taken by somebody else: the next one
    raise RoadFailed(f"no free port after {_TRIES} tries", todo="look what listens on this machine's loopback")
