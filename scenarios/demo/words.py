"""The demonstration's sentences in English, Chinese and Russian. Titles say what is tried, results what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "issues": "{sender} issues {subject} in its own dialect",
        "verifies": "{receiver} verifies, maps, validates",
        "uses": "{receiver} customs uses the preference",
        "replays": "Mallory re-sends message 1",
        "claims": "{sender} claims {subject} was never acknowledged",
        "arbiter": "an arbiter checks both bundles",
        "signed": "signed",
        "found": "{losses} losses, {findings} findings",
        "used": "receipt signed, utilisation reported",
        "refused": "REFUSED  {reason} (same identity)",
        "replayed": "replayed",
        "opened": "dispute {number} opened",
        "refuted": "refuted: {receiver}'s receipt, log {log}, cosigned by {witness}",
        "proven": "proven",
        "misconduct": "misconduct",
        "undecidable": "undecidable",
    },
    "zh": {
        "issues": "{sender} 以本国格式签发 {subject}",
        "verifies": "{receiver} 验签、映射、校验",
        "uses": "{receiver} 海关使用该优惠",
        "replays": "Mallory 重发报文 1",
        "claims": "{sender} 声称从未收到 {subject} 的回执",
        "arbiter": "仲裁人核验双方证据包",
        "signed": "已签名",
        "found": "丢失 {losses} 项，发现 {findings} 项",
        "used": "回执已签名，使用情况已回报",
        "refused": "拒收  {reason}（同一标识）",
        "replayed": "重放",
        "opened": "争议 {number} 已立案",
        "refuted": "主张不成立：{receiver} 的回执，日志 {log}，由 {witness} 副署",
        "proven": "主张成立",
        "misconduct": "一方行为不当",
        "undecidable": "无法裁定",
    },
    "ru": {
        "issues": "{sender} выдаёт {subject} в своём формате",
        "verifies": "{receiver} проверяет, переводит, сверяет",
        "uses": "Таможня {receiver} применяет преференцию",
        "replays": "Mallory повторяет сообщение 1",
        "claims": "{sender}: квитанции на {subject} не было",
        "arbiter": "арбитр проверяет оба пакета",
        "signed": "подписано",
        "found": "потерь: {losses}, замечаний: {findings}",
        "used": "квитанция подписана, об использовании сообщено",
        "refused": "ОТКАЗАНО  {reason} (та же идентичность)",
        "replayed": "повтор",
        "opened": "открыт спор {number}",
        "refuted": "опровергнуто: квитанция {receiver}, журнал {log}, заверено {witness}",
        "proven": "доказано",
        "misconduct": "нарушение одной из сторон",
        "undecidable": "не разрешимо",
    },
}
"""By language and by name of the sentence; the names in braces are filled from the history."""
