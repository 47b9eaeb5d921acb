"""Names of topics and the rights on them: one writer, one reader, destination first."""

from __future__ import annotations

from harness.exchange import topics


def test_an_inbox_names_its_destination_first() -> None:
    """Where it goes, then where it comes from, in small letters."""
    assert topics.inbox("QN", "QM") == "qn.in.from.qm"
    assert topics.quarantine("QN") == "qn.quarantine"


def test_the_rights_between_two_parties() -> None:
    """Each inbox is written by its sender alone and read by its receiver alone; a quarantine is its owner's."""
    given = {each.topic: (each.writer, each.reader) for each in topics.rights_between("QM", "QN")}
    assert given == {
        "qn.in.from.qm": ("qm", "qn"),
        "qm.in.from.qn": ("qn", "qm"),
        "qm.quarantine": ("qm", "qm"),
        "qn.quarantine": ("qn", "qn"),
    }


def test_who_writes_an_inbox() -> None:
    """Read from the name, among the partners there are; other topics have no sender."""
    assert topics.sender_of("qn.in.from.qm", ["QP", "QM"]) == "QM"
    assert topics.sender_of("qn.in.from.qx", ["QP", "QM"]) is None
    assert topics.sender_of("qn.quarantine", ["QN"]) is None
