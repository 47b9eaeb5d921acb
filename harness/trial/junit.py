"""A report as JUnit XML, for build servers.

One test suite a run, one test case a scenario: `classname` is the pair and the document, `name` the scenario's id and
title. What did not hold is a `<failure>`; what has no verdict because the environment failed is an `<error>`.
Schema: the common subset of what Jenkins and GitLab read (there is no standard).
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from harness.clock import stamp
from harness.trial.report import Report, classname, look
from harness.trial.runner import Outcome
from harness.trial.verdict import Judged, Verdict

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) cannot carry, escaped or not."""


def written(report: Report) -> bytes:
    """The report as UTF-8 XML."""
    good = (Verdict.HELD, Verdict.NOT_PLAYED)
    failures = sum(1 for one in report.outcomes if not one.trouble and one.verdict not in good)
    errors = sum(1 for one in report.outcomes if one.trouble)
    counts = {
        "tests": len(report.outcomes),
        "failures": failures,
        "errors": errors,
        "skipped": report.scenarios.not_played,
    }
    numbers = {name: str(number) for name, number in counts.items()} | {"time": f"{report.seconds:.3f}"}
    suites = ET.Element("testsuites", numbers)
    started = stamp(report.facts.started)
    suite = ET.SubElement(suites, "testsuite", {"name": "corridor", **numbers, "timestamp": started})
    properties = ET.SubElement(suite, "properties")
    facts = report.facts
    for name, value in (
        ("run", facts.run),
        ("version", facts.corridor),
        ("revision", facts.revision),
        ("seed", facts.seed),
        ("bus", facts.bus),
        ("algorithm", facts.algorithm),
        ("again", facts.again),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(str(value))})
    for outcome in report.outcomes:
        _case(suite, outcome)
    ET.indent(suites)
    octets: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return octets + b"\n"


def _case(suite: ET.Element, outcome: Outcome) -> None:
    scenario = outcome.scenario
    name = f"{scenario.id} {scenario.title}"
    attributes = {"classname": classname(outcome), "name": _clean(name), "time": f"{outcome.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", attributes)
    if outcome.trouble:
        error = ET.SubElement(case, "error", {"type": "environment", "message": _clean(outcome.trouble)})
        error.text = _clean(f"again     {outcome.again}\nlook      {look(outcome)}")
        return
    if outcome.unplayable:
        ET.SubElement(case, "skipped", {"message": _clean(outcome.unplayable)})
        return
    missed = [judged for judged in outcome.judged if judged.verdict is not Verdict.HELD]
    if not missed:
        return
    # One element a case: several servers show only the first.
    message = "; ".join(f"{one.verdict.value} {one.check}" for one in missed)
    failure = ET.SubElement(case, "failure", {"type": outcome.verdict.value, "message": _clean(message)})
    failure.text = _clean("\n\n".join(_four(outcome, one) for one in missed))


def _four(outcome: Outcome, judged: Judged) -> str:
    rows = (
        ("expected", judged.expected),
        ("saw", judged.saw),
        ("again", outcome.again),
        ("look", look(outcome, judged)),
    )
    told = "\n".join(f"{label:<8}  {text}" for label, text in rows)
    return f"{judged.verdict.value.upper()}  {judged.check}\n{told}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
