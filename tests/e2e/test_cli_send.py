"""`corridor send`: one document of the user's own, there and back, with its evidence."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cli import send
from harness.trial import secrets
from scenarios import samples

from .conftest import Ran, RunCorridor

LEVELS = ["L0", "L1", "L2", "L3", "L4"]


def sha256(path: Path) -> str:
    """The digest of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kept(ran: Ran) -> dict[str, Path]:
    """The documents kept, by what they are; each file has the digest that was told of it."""
    found = {}
    for line in ran.lines("document"):
        path = ran.folder / line["path"]
        assert (sha256(path), path.stat().st_size) == (line["sha256"], line["size"])
        found[line["what"]] = path
    return found


def test_real_certificate(run_corridor: RunCorridor, real_data: Path, tmp_path: Path) -> None:
    """A real certificate goes in as the file it is, arrives untouched, is answered on five levels and can be proved."""
    file = real_data / "ephyto" / "SPSCertificateContent.xml"
    ran = run_corridor("send", file, "--from", "QM", "--to", "QN", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    levels = ran.lines("level")
    assert [line["level"] for line in levels] == LEVELS
    assert levels[-1]["status"] == "accepted_with_warnings"
    assert all(finding["severity"] == "warning" for line in levels[1:] for finding in line["findings"])
    documents = kept(ran)
    assert sha256(documents["lodged"]) == sha256(documents["original"]) == sha256(file)
    assert sha256(documents["own"]) != sha256(file)
    for line in ran.lines("bundle"):
        verified = run_corridor("verify", ran.folder / line["path"], folder=tmp_path)
        assert verified.code == 0, verified.err
        assert sha256(file) in verified.out


def test_what_crosses_encrypted(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Between QM and QP nothing but the way can be read on the bus; both bundles verify all the same, without a key."""
    file = tmp_path / "certificate.json"
    file.write_bytes(samples.dated("origin-certificate.json", datetime.now(UTC)))
    ran = run_corridor("send", file, "--from", "QM", "--to", "QP", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [line["level"] for line in ran.lines("level")] == LEVELS
    (said,) = ran.lines("sending")
    history = next((tmp_path / said["run"]).rglob("history.jsonl"))
    events = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    crossed = [one for one in events if one["what"] == "delivery"]
    assert sum(map(secrets.under_cover, crossed)) == 2
    assert [one for one in crossed if secrets.found_in(one, ("CO-0001", "Sjøblad & Ævarsdóttir Spinneri AS"))] == []
    for line in ran.lines("bundle"):
        verified = run_corridor("verify", ran.folder / line["path"], folder=tmp_path)
        assert verified.code == 0, verified.err
        assert "VERIFIED" in verified.out


def test_sample(sent: Ran) -> None:
    """A sample that ships with Corridor is accepted, every promise holds, and both sides' evidence is there."""
    assert [line["level"] for line in sent.lines("level")] == LEVELS
    (total,) = sent.lines("total")
    assert (total["accepted"], total["held"]) == (True, total["promises"])
    assert total["promises"] > len(LEVELS)
    assert {line["party"] for line in sent.lines("bundle")} == {"QM", "QN"}
    assert sent.err == ""


def test_national_form_differs_from_the_file(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A file in another syntax than the sender's national form is kept as lodged beside what crossed the border."""
    ran = run_corridor(
        "send", "sample:origin-certificate.json", "--from", "QM", "--to", "QN", "--json", folder=tmp_path
    )
    assert ran.code == 0, ran.err
    documents = kept(ran)
    assert len({sha256(path) for path in documents.values()}) == len(documents) == 3
    assert json.loads(documents["lodged"].read_bytes())["reference"] == "CO-0001"


def test_text_tells_what_json_tells(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """People are told each level on a line, where the evidence is, and the command that checks it, which then works."""
    ran = run_corridor("send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", folder=tmp_path)
    assert ran.code == 0, ran.err
    told = ran.out.splitlines()
    assert [line.split()[0] for line in told if line.split()[0] in LEVELS] == LEVELS
    assert "ACCEPTED by QN" in told
    following = next(line.split()[1:] for line in told if line.split()[0] == "next")
    assert following[:2] == ["corridor", "verify"]
    assert run_corridor(*following[1:], folder=tmp_path).code == 0


def test_refused_by_the_receiver(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A refusal at the border is exit 1, with its reason, step and clause, and the evidence of it."""
    file = "sample:origin-certificate-rule-broken.json"
    ran = run_corridor("send", file, "--from", "QM", "--to", "QN", "--json", folder=tmp_path)
    assert ran.code == 1
    (refusal,) = ran.lines("refusal")
    assert (refusal["by"], refusal["sent"], refusal["level"]) == ("QN", True, "L3")
    assert (refusal["reason"], refusal["step"]) == ("305", "validate")
    (total,) = ran.lines("total")
    assert not total["accepted"]
    assert total["held"] == total["promises"]
    for line in ran.lines("bundle"):
        assert run_corridor("verify", line["path"], folder=tmp_path).code == 0
    text = run_corridor("send", file, "--from", "QM", "--to", "QN", folder=tmp_path)
    assert text.code == 1
    assert "REFUSED by QN on L3: 305 business rule broken" in text.out


def test_refused_by_the_own_window(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """What the agreement does not cover is not sent: exit 1 with the agreement's clause, and no run is kept."""
    arguments = ("send", "sample:phytosanitary.xml", "--from", "QP", "--to", "QN")
    ran = run_corridor(*arguments, "--json", folder=tmp_path)
    assert ran.code == 1
    (refusal,) = ran.lines("refusal")
    assert (refusal["by"], refusal["sent"], refusal["reason"]) == ("QP", False, "303")
    assert refusal["clause"] == "agreement QP-QN v1, documents"
    text = run_corridor(*arguments, folder=tmp_path)
    assert text.code == 1
    assert "nothing was sent" in text.out
    assert not list(tmp_path.iterdir())


def test_run_folder(sent: Ran) -> None:
    """A run keeps its history, with version, revision and repeat command first, and keys that nobody else reads."""
    (said,) = sent.lines("sending")
    folder = sent.folder / said["run"]
    first = json.loads((folder / "history.jsonl").read_text().splitlines()[0])
    assert (first["what"], first["again"], first["bus"]) == ("run", said["again"], "memory")
    assert {"corridor", "revision"} <= first.keys()
    assert (folder / "log.jsonl").exists()
    assert not list(folder.parent.glob(".*"))
    keys = [path for path in folder.rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]
    assert keys
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_out(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """--out says where the run is kept; folders that are missing are made."""
    out = tmp_path / "here" / "and there"
    arguments = ("send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--out", out)
    ran = run_corridor(*arguments, folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [path.name for path in out.iterdir()] == [path.name for path in out.glob("send-*")]
    assert not (tmp_path / "corridor-runs").exists()
    following = next(line for line in ran.out.splitlines() if line.split()[0] == "next")
    assert "'" in following  # the path has a blank: quoted, so that it can be copied


def test_largest_file(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The largest file that is taken fits into a record, and one octet more is refused before anything begins."""
    written = samples.dated("phytosanitary.xml", datetime.now(UTC))
    end = written.rindex(b"</")
    for excess, code in ((0, 0), (1, 2)):
        filling = b"x" * (send.LARGEST + excess - len(written) - len(b"<!---->"))
        (tmp_path / "large.xml").write_bytes(written[:end] + b"<!--" + filling + b"-->" + written[end:])
        ran = run_corridor("send", "large.xml", "--from", "QM", "--to", "QN", folder=tmp_path)
        assert ran.code == code, ran.err
    assert f"at most {send.LARGEST} octets" in ran.err


@pytest.mark.timeout(120)
def test_real_kafka(run_corridor: RunCorridor, parts_of_a_broker: None, tmp_path: Path) -> None:
    """On a real Apache Kafka, started and stopped for it, the same document has the same fate."""
    arguments = ("send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--bus", "local", "--json")
    ran = run_corridor(*arguments, folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [line["level"] for line in ran.lines("level")] == LEVELS
    (total,) = ran.lines("total")
    assert total["held"] == total["promises"]
    assert "Kafka" in ran.err


def test_uncefact_form_reported_apart(run_corridor: RunCorridor, real_data: Path, tmp_path: Path) -> None:
    """The UN/CEFACT form is written and checked against its schema, and what departs there changes no verdict."""
    file, schemas = real_data / "ephyto" / "SPSCertificateContent.xml", real_data / "uncefact"
    against = ("--uncefact", schemas / "SPSCertificate.schema.json")
    ran = run_corridor("send", file, "--from", "QM", "--to", "QN", *against, "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    (form,) = ran.lines("uncefact")
    assert {finding["code"] for finding in form["departures"]} == {"not-conformant"}
    assert json.loads((tmp_path / form["path"]).read_bytes())["exchangedDocument"]
    unchecked = run_corridor(
        "send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--json", folder=tmp_path
    )
    assert unchecked.lines("uncefact")[0]["departures"] is None


@pytest.mark.parametrize("text", ["[]", "{}", '{"$schema": "x", "$defs": {"code": {"enum": ["1"]}}}'])
def test_uncefact_schema_that_is_none(run_corridor: RunCorridor, tmp_path: Path, text: str) -> None:
    """A file that is no schema of a form is told before anything is sent: every form would conform to it."""
    (tmp_path / "list.json").write_text(text)
    road = ("--from", "QM", "--to", "QN", "--uncefact", "list.json")
    ran = run_corridor("send", "sample:phytosanitary.xml", *road, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "expected  a UN/CEFACT JSON schema" in ran.err
    assert not (tmp_path / "corridor-runs").exists()


def test_again_keeps_what_was_asked(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The command told as again has the schema and the folder that were given, and a sample says that it was dated."""
    (tmp_path / "form.json").write_text('{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {}}')
    road = ("--from", "QM", "--to", "QN", "--uncefact", "form.json", "--out", "kept here")
    ran = run_corridor("send", "sample:phytosanitary.xml", *road, folder=tmp_path)
    assert ran.code == 0, ran.err
    (again,) = [line for line in ran.out.splitlines() if line.split()[0] == "again"]
    assert again.endswith("--bus memory --out 'kept here' --uncefact form.json")
    assert "\n  sample    dates moved so that it reads as fresh today\n" in ran.out


def test_what_a_national_form_cannot_carry(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """What the sender's national form does not carry of a file is told, and stands in its signed evidence."""
    given = json.loads(samples.dated("origin-certificate.json", datetime.now(UTC)))
    given["fax"], given["items"][0]["secret"] = "+47 1", "x"
    (tmp_path / "more.json").write_text(json.dumps(given))
    ran = run_corridor("send", "more.json", "--from", "QM", "--to", "QN", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    (total,) = ran.lines("total")
    assert sorted(total["unissued"]) == ["/fax", "/items/0/secret"]


def test_every_loss_has_a_name(run_corridor: RunCorridor, real_data: Path, tmp_path: Path) -> None:
    """A loss that has no place in the common model is told in words, never as an empty pointer."""
    file = real_data / "ephyto" / "SPSCertificateContent.xml"
    ran = run_corridor("send", file, "--from", "QM", "--to", "QN", "--json", folder=tmp_path)
    (total,) = ran.lines("total")
    assert all(total["losses"])
    assert any("not carried into the common model" in one for one in total["losses"])
