"""Checkpoints: one spelling, two kinds of signature."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from certs import jws
from certs.errors import BadSignature, UnknownSigner, WrongKind
from harness.errors import NotProved
from harness.evidence import checkpoint
from harness.evidence.checkpoint import Checkpoint

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor

AT = datetime(2026, 3, 2, 9, 15, 0, 250_000, tzinfo=UTC)
MARK = Checkpoint(checkpoint.origin("7f3a", "QM"), 17, bytes(range(32)), AT)
TEXT = b"corridor/7f3a/QM\n17\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nat 2026-03-02T09:15:00.250Z\n"


def test_text_of_a_checkpoint() -> None:
    """The text is the body of a C2SP checkpoint with one extension line, and is read back."""
    assert MARK.text() == TEXT
    assert checkpoint.parse(TEXT) == MARK


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT + b"more\n",
        TEXT.replace(b"\n17\n", b"\n017\n"),
        TEXT.replace(b"\n17\n", b"\n-17\n"),
        TEXT.replace(b"\n17\n", b"\n1_7\n"),
        TEXT.replace(b"Hh8=", b"Hg=="),
        TEXT.replace(b"Hh8=", b"Hh9="),
        TEXT.replace(b"Hh8=", b"Hh8"),
        TEXT.replace(b"at 2026", b"on 2026"),
        TEXT.replace(b".250Z", b".25Z"),
        TEXT.replace(b".250Z", b".250+00:00"),
        TEXT.replace(b".250Z", b""),
        TEXT.replace(b"corridor/7f3a/QM", b""),
        TEXT.replace(b"corridor", b"\xff"),
    ],
)
def test_text_that_is_no_checkpoint(text: bytes) -> None:
    """Any other spelling is refused."""
    assert text != TEXT
    with pytest.raises(NotProved):
        checkpoint.parse(text)


def test_signed_by_its_owner(traded: Corridor) -> None:
    """A checkpoint is opened with its owner's certificate and no other."""
    token = checkpoint.sign(MARK, traded.qm.identity)
    assert checkpoint.opened(token, traded.qm.identity.certificate) == MARK
    with pytest.raises(UnknownSigner):
        checkpoint.opened(token, traded.qn.identity.certificate)


def test_cosigned_by_the_witness(traded: Corridor) -> None:
    """A cosignature says what was seen and when."""
    token = checkpoint.cosign(MARK, traded.qn.identity, AT)
    assert checkpoint.cosigned(token, traded.qn.identity.certificate) == checkpoint.Cosignature(MARK, AT)


def test_one_kind_shown_as_the_other(traded: Corridor) -> None:
    """A checkpoint cannot be shown as a cosignature, nor the other way round."""
    certificate = traded.qm.identity.certificate
    with pytest.raises(WrongKind):
        checkpoint.cosigned(checkpoint.sign(MARK, traded.qm.identity), certificate)
    with pytest.raises(WrongKind):
        checkpoint.opened(checkpoint.cosign(MARK, traded.qm.identity, AT), certificate)


def test_altered_checkpoint(traded: Corridor) -> None:
    """Another size under the same signature is no checkpoint of the owner."""
    signed = checkpoint.sign(MARK, traded.qm.identity).split(b".")
    other = checkpoint.sign(Checkpoint(MARK.origin, 16, MARK.root, AT), traded.qm.identity).split(b".")
    with pytest.raises(BadSignature):
        checkpoint.opened(b".".join((signed[0], other[1], signed[2])), traded.qm.identity.certificate)


@pytest.mark.parametrize("payload", [TEXT, b"cosigned yesterday\n" + TEXT, b"cosigned \xff\n" + TEXT, b"cosigned x"])
def test_cosignature_that_does_not_say_when(traded: Corridor, payload: bytes) -> None:
    """A cosignature without its moment is refused."""
    token = jws.sign(payload, traded.qn.identity, typ=jws.COSIGNATURE)
    with pytest.raises(NotProved, match="does not say when"):
        checkpoint.cosigned(token, traded.qn.identity.certificate)
