"""The fixed words around a demonstration, in English, Chinese and Russian, and columns that hold wide characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.trial.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. Braces are filled by `harness.cli.demo`."""

    documents: Mapping[str, str]
    windows: str
    fictional: str
    ready: str
    seconds: str
    keys: str
    throw_away: str
    nothing: str
    promises: str
    not_all: str
    evidence: str
    again: str
    next: str
    verdicts: Mapping[Verdict, str]


FRAME: Final[Mapping[str, Words]] = {
    "en": Words(
        documents={"864": "certificate of origin", "851": "phytosanitary certificate"},
        windows="windows",
        fictional="(fictional)",
        ready="ready   {seconds:.1f} s",
        seconds="{seconds:.1f} s",
        keys="keys",
        throw_away="throw-away authorities, valid {hours:.0f} h",
        nothing="nothing was seen of it",
        promises="{held} of {all} promises, {refused} {noun} refused",
        not_all="{held} of {all} promises held, {refused} {noun} refused",
        evidence="evidence",
        again="again",
        next="next",
        verdicts={verdict: verdict.value.upper() for verdict in Verdict},
    ),
    "zh": Words(
        documents={"864": "原产地证书", "851": "植物检疫证书"},
        windows="窗口",
        fictional="（虚构）",
        ready="就绪    {seconds:.1f} 秒",
        seconds="{seconds:.1f} 秒",
        keys="密钥",
        throw_away="一次性签发机构，有效 {hours:.0f} 小时",
        nothing="未见任何结果",
        promises="{all} 项承诺中 {held} 项兑现，{attacks} 次攻击中 {refused} 次被拒",
        not_all="{all} 项承诺中仅 {held} 项兑现，{attacks} 次攻击中 {refused} 次被拒",
        evidence="证据",
        again="重复",
        next="接着",
        verdicts={
            Verdict.HELD: "兑现",
            Verdict.BROKEN: "违背",
            Verdict.UNKNOWN: "未知",
            Verdict.NOT_REACHED: "未到达",
            Verdict.NOT_PLAYED: "未演练",
        },
    ),
    "ru": Words(
        documents={"864": "сертификат происхождения", "851": "фитосанитарный сертификат"},
        windows="окна",
        fictional="(вымышленные)",
        ready="готовы  {seconds:.1f} с",
        seconds="{seconds:.1f} с",
        keys="ключи",
        throw_away="одноразовые удостоверяющие центры на {hours:.0f} ч",
        nothing="ничего не видно",
        promises="обещания: {held} из {all}, отражено атак: {refused} из {attacks}",
        not_all="выполнено обещаний: {held} из {all}, отражено атак: {refused} из {attacks}",
        evidence="доказательства",
        again="повтор",
        next="далее",
        verdicts={
            Verdict.HELD: "ВЫПОЛНЕНО",
            Verdict.BROKEN: "НАРУШЕНО",
            Verdict.UNKNOWN: "НЕИЗВЕСТНО",
            Verdict.NOT_REACHED: "НЕ ДОСТИГНУТО",
            Verdict.NOT_PLAYED: "НЕ ИГРАЛОСЬ",
        },
    ),
}


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes (Unicode UAX #11)."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def padded(text: str, width: int) -> str:
    """`text` with blanks up to `width` columns of a terminal, two at least."""
    return text + " " * max(2, width - columns(text))
