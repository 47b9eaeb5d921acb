"""Why something was refused: the one table of reason codes.

A refusal counts only with its reason. Each reason names its class (the first digit), the step of
`nodes.steps` at which it falls, the clause it rests on, one sentence in three languages, and whether
sending the same thing again can help. Classes follow eTIR: 1xx technical, 2xx workflow, 3xx functional,
4xx signature and trust, 5xx authority. The published table is docs/reasons.md (generated from here).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Step(IntEnum):
    """The numbered steps a window takes with what arrives (`nodes.steps`)."""

    VERIFY = 1
    ADMIT = 2
    MAP = 3
    VALIDATE = 4
    DECIDE = 5
    ANSWER = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the table. `code` is what travels on the wire."""

    code: str
    name: str
    step: Step
    clause: str
    en: str
    zh: str
    ru: str
    retry: bool = False

    @property
    def kind(self) -> str:
        """The class of the reason, in words."""
        return KINDS[self.code[0]]


KINDS: Final = {"1": "technical", "2": "workflow", "3": "functional", "4": "signature and trust", "5": "authority"}


LONGEST_FOUND: Final = 1000
"""Characters of a refusal's sentence: it may quote what came, and the receipt it travels in must fit on a topic."""


class Refused(Exception):
    """A step refused what arrived. `found` is a sentence; `clause` is the reason's own unless a closer one is known."""

    def __init__(self, reason: Reason, found: str, *, clause: str = "") -> None:
        self.reason = reason
        self.found = found if len(found) <= LONGEST_FOUND else f"{found[: LONGEST_FOUND - 3]}..."
        self.clause = clause or reason.clause
        super().__init__(f"{reason.code} {reason.name}: {self.found} ({self.clause})")


NOT_A_TOKEN: Final = Reason(
    "101",
    "not a token",
    Step.VERIFY,
    "RFC 7515, 7.1",
    "What arrived is not a signed message at all.",
    "收到的内容根本不是已签名的报文。",
    "Полученное вообще не является подписанным сообщением.",
    retry=True,
)
NOT_STRICT_JSON: Final = Reason(
    "102",
    "not strict JSON",
    Step.VERIFY,
    "RFC 8259, 4; docs/wire.md, 3",
    "The signed content is JSON that two readers could read differently.",
    "已签名的内容是可能被不同读取方作出不同解读的 JSON。",
    "Подписанное содержимое - JSON, который два читателя могут понять по-разному.",
)
NOT_AN_ENVELOPE: Final = Reason(
    "103",
    "not an envelope",
    Step.VERIFY,
    "CloudEvents 1.0, 3; docs/wire.md, 2",
    "The signed content lacks what an envelope must say.",
    "已签名的内容缺少信封必须载明的信息。",
    "В подписанном содержимом нет того, что обязан содержать конверт.",
)
HEADER_CONTRADICTS: Final = Reason(
    "104",
    "header contradicts the body",
    Step.VERIFY,
    "docs/wire.md, 2",
    "A header outside the signature says something else than the signed body.",
    "签名之外的消息头与已签名的正文相矛盾。",
    "Заголовок вне подписи противоречит подписанному телу.",
)
WRONG_TOPIC: Final = Reason(
    "105",
    "wrong topic",
    Step.VERIFY,
    "docs/wire.md, 1",
    "The message was signed for another topic than the one it came on.",
    "该报文签名所指定的主题与其到达的主题不同。",
    "Сообщение подписано для другого топика, чем тот, по которому пришло.",
)
WRONG_RECEIVER: Final = Reason(
    "106",
    "wrong receiver",
    Step.VERIFY,
    "docs/wire.md, 3",
    "The message was signed for another receiver.",
    "该报文是签发给另一接收方的。",
    "Сообщение подписано для другого получателя.",
)
UNREADABLE: Final = Reason(
    "107",
    "unreadable document",
    Step.MAP,
    "docs/wire.md, 4 (L2)",
    "The seal is good, but the document inside cannot be read.",
    "封印有效，但其中的单证无法读取。",
    "Печать верна, но документ внутри прочитать нельзя.",
)
MANDATORY_LOST: Final = Reason(
    "108",
    "mandatory field lost",
    Step.MAP,
    "docs/wire.md, 4 (L2)",
    "A mandatory field did not survive the way between the two national forms.",
    "某个必填字段在两国格式转换中丢失。",
    "Обязательное поле не пережило перехода между национальными формами.",
)
DATED_AHEAD: Final = Reason(
    "109",
    "dated ahead",
    Step.VERIFY,
    "docs/wire.md, 3 (dates)",
    "The message is dated later than the moment at which the broker took it.",
    "报文注明的时间晚于代理服务器收到它的时刻。",
    "Сообщение датировано позже момента, когда его принял брокер.",
)
NO_SIGNATURE: Final = Reason(
    "110",
    "no signature",
    Step.VERIFY,
    "RFC 7515, 5.2, steps 7 and 8",
    "Nothing stands where the signature should: it was never signed, or the signature was taken away.",
    "应有签名之处空无一物：从未签名，或签名已被除去。",
    "Там, где должна стоять подпись, пусто: её не было или её сняли.",
)
SIGNATURE_LENGTH: Final = Reason(
    "111",
    "signature of the wrong length",
    Step.VERIFY,
    "RFC 7518, 3.4",
    "The signature is longer or shorter than its algorithm makes any.",
    "签名的长度与其算法所产生的长度不符。",
    "Подпись длиннее или короче, чем даёт её алгоритм.",
)
LOOSE_SPELLING: Final = Reason(
    "112",
    "loose spelling",
    Step.VERIFY,
    "RFC 7515, 2; RFC 4648, 3.3 and 3.5",
    "The message is spelt with blanks, padding or loose bits that a lenient reader overlooks.",
    "报文的书写含有宽松读取方会忽略的空白、填充或多余位。",
    "В записи сообщения есть пробелы, заполнители или лишние биты, которых нестрогий читатель не замечает.",
)
DUPLICATE_NAME: Final = Reason(
    "113",
    "name given twice",
    Step.VERIFY,
    "RFC 7493, 2.3",
    "The signed content says one thing twice, so two readers may each take another one.",
    "已签名的内容对同一名称给出两次，不同读取方可能各取其一。",
    "Подписанное содержимое называет одно и то же дважды, и два читателя могут взять разное.",
)
LOSSY_NUMBER: Final = Reason(
    "114",
    "number with two readings",
    Step.VERIFY,
    "RFC 7493, 2.2",
    "The signed content holds a number that another system reads as another number.",
    "已签名的内容含有在其他系统中会被读成另一数值的数字。",
    "В подписанном содержимом есть число, которое другая система прочтёт иначе.",
)
MISLEADING_TEXT: Final = Reason(
    "115",
    "misleading characters",
    Step.VERIFY,
    "RFC 7493, 2.1; Unicode TR 36, 2 and 3",
    "A name or reference holds characters that look like others, turn the text around, or are none.",
    "名称或编号含有形似其他字符、改变文字方向或并非字符的内容。",
    "В имени или номере есть знаки, похожие на другие, меняющие направление текста или вовсе не знаки.",
)
TOO_MUCH: Final = Reason(
    "116",
    "too deep or too large",
    Step.VERIFY,
    "RFC 8259, 9; docs/wire.md, 3",
    "The message is nested deeper, or is larger, than any that an honest sender writes.",
    "报文的嵌套深度或大小超出任何诚实发送方所写的范围。",
    "Сообщение вложено глубже или больше, чем пишет любой честный отправитель.",
)
EXTERNAL_ENTITY: Final = Reason(
    "117",
    "external entity",
    Step.MAP,
    "XML 1.0, 4.2.2; docs/wire.md, 4 (L2)",
    "The document asks its reader to open another file or address while reading.",
    "单证要求读取方在读取时打开另一文件或地址。",
    "Документ просит читателя открыть при чтении другой файл или адрес.",
)
ENTITY_EXPANSION: Final = Reason(
    "118",
    "entity expansion",
    Step.MAP,
    "XML 1.0, 4.4; docs/wire.md, 4 (L2)",
    "The document defines abbreviations of its own that grow when they are read.",
    "单证自行定义了读取时会膨胀的缩写。",
    "Документ вводит собственные сокращения, которые разрастаются при чтении.",
)
WRAPPED: Final = Reason(
    "119",
    "wrapped document",
    Step.MAP,
    "SPSCertificate 17; docs/wire.md, 4 (L2)",
    "The document holds a second certificate or consignment, so two readers may each read another one.",
    "单证中含有第二份证书或货物，不同读取方可能各读其一。",
    "В документе есть второй сертификат или вторая партия, и два читателя могут прочесть разное.",
)
ESCAPED_DUPLICATE: Final = Reason(
    "120",
    "name given twice, once in escapes",
    Step.VERIFY,
    "RFC 8259, 8.3; RFC 7493, 2.3",
    "The signed content says one thing twice, once in escapes, which hides it until they are read.",
    "已签名的内容对同一名称给出两次，其中一次用转义书写，读取转义之后才能看出。",
    "Подписанное содержимое называет одно и то же дважды, второй раз - кодами, и это видно лишь после их прочтения.",
)
REPLAYED: Final = Reason(
    "201",
    "replayed",
    Step.ADMIT,
    "docs/wire.md, 4 (duplicates)",
    "This very message was received before; the stored receipt answers it.",
    "该报文此前已收到；以留存的回执作答。",
    "Именно это сообщение уже было получено; ответом служит сохранённая квитанция.",
)
EQUIVOCATION: Final = Reason(
    "202",
    "equivocation",
    Step.ADMIT,
    "docs/wire.md, 4 (two contents under one id)",
    "The sender signed two different contents under one message id.",
    "发送方在同一报文编号下签署了两份不同内容。",
    "Отправитель подписал под одним номером два разных содержания.",
)
EXPIRED_MESSAGE: Final = Reason(
    "203",
    "expired message",
    Step.ADMIT,
    "docs/wire.md, 2 (expirytime)",
    "The message came after the moment until which its sender wanted it used.",
    "报文到达时已超过发送方规定的有效时刻。",
    "Сообщение пришло после срока, до которого отправитель просил его использовать.",
    retry=True,
)
UNKNOWN_TYPE: Final = Reason(
    "204",
    "unknown type",
    Step.ADMIT,
    "docs/wire.md, 2 (type)",
    "The receiver does not know this type of message.",
    "接收方不识别此类报文。",
    "Получатель не знает такого типа сообщений.",
)
NO_AGREEMENT: Final = Reason(
    "301",
    "no agreement",
    Step.ADMIT,
    "Framework Agreement on Facilitation of Cross-border Paperless Trade, art. 8",
    "There is no corridor agreement between these two parties.",
    "双方之间没有走廊协定。",
    "Между этими сторонами нет соглашения о коридоре.",
)
AGREEMENT_NOT_IN_FORCE: Final = Reason(
    "302",
    "agreement not in force",
    Step.ADMIT,
    "the corridor agreement, since/until",
    "The corridor agreement was not in force at that moment.",
    "走廊协定在该时刻未生效。",
    "Соглашение о коридоре в этот момент не действовало.",
)
NOT_COVERED: Final = Reason(
    "303",
    "document not covered",
    Step.ADMIT,
    "the corridor agreement, documents",
    "The corridor agreement does not cover this document in this direction.",
    "走廊协定不涵盖该方向上的此类单证。",
    "Соглашение о коридоре не охватывает этот документ в этом направлении.",
)
FUNCTION_NOT_COVERED: Final = Reason(
    "304",
    "function not covered",
    Step.ADMIT,
    "the corridor agreement, documents.functions (UNTDID 1225)",
    "The corridor agreement does not allow this message function.",
    "走廊协定不允许此报文功能。",
    "Соглашение о коридоре не допускает такой функции сообщения.",
)
RULE_BROKEN: Final = Reason(
    "305",
    "business rule broken",
    Step.VALIDATE,
    "harness.documents.rules; the receiver's national rules",
    "The document was understood and breaks a rule.",
    "单证已被理解，但违反规则。",
    "Документ понят и нарушает правило.",
)
EXPIRY_NOT_AGREED: Final = Reason(
    "306",
    "expiry not agreed",
    Step.ADMIT,
    "corridor agreement, documents (expires_after_seconds)",
    "The message asks to be used for longer after its date than the agreement allows.",
    "报文要求的有效期超过协定所允许的期限。",
    "Сообщение просит использовать его после своей даты дольше, чем допускает соглашение.",
)
BROKEN_SEAL: Final = Reason(
    "401",
    "broken seal",
    Step.VERIFY,
    "RFC 7515, 5.2",
    "The bytes are not those that were signed.",
    "字节内容与签名时不符。",
    "Байты не те, что были подписаны.",
)
UNKNOWN_SIGNER: Final = Reason(
    "402",
    "unknown signer",
    Step.VERIFY,
    "RFC 5280, 6.1; docs/wire.md, 6",
    "No recognised authority vouches for the key.",
    "没有获承认的机构为该密钥担保。",
    "Ни один признанный орган не ручается за этот ключ.",
)
SIGNER_IS_NOT_SENDER: Final = Reason(
    "403",
    "signer is not the sender",
    Step.VERIFY,
    "docs/wire.md, 6 (source and certificate subject)",
    "The signature is good, but its key belongs to another party than the sender named.",
    "签名有效，但密钥属于所称发送方以外的另一方。",
    "Подпись верна, но ключ принадлежит не названному отправителю.",
)
EXPIRED_CERTIFICATE: Final = Reason(
    "404",
    "expired certificate",
    Step.VERIFY,
    "RFC 5280, 6.1.3 (a)(2)",
    "The certificate had expired when the message was sent.",
    "报文发送时证书已过期。",
    "Срок сертификата истёк до отправки сообщения.",
)
CERTIFICATE_NOT_YET_VALID: Final = Reason(
    "405",
    "certificate not yet valid",
    Step.VERIFY,
    "RFC 5280, 6.1.3 (a)(2)",
    "The certificate was not yet valid when the message was sent.",
    "报文发送时证书尚未生效。",
    "Сертификат ещё не действовал при отправке сообщения.",
)
REVOKED_CERTIFICATE: Final = Reason(
    "406",
    "revoked certificate",
    Step.VERIFY,
    "RFC 5280, 6.1.3 (a)(3)",
    "The certificate had been revoked.",
    "证书已被吊销。",
    "Сертификат был отозван.",
)
REVOCATION_UNKNOWN: Final = Reason(
    "407",
    "revocation unknown",
    Step.VERIFY,
    "RFC 5280, 6.3.3",
    "It cannot be known whether the certificate was revoked: no current list.",
    "无法得知证书是否已吊销：没有现行的吊销列表。",
    "Нельзя узнать, отозван ли сертификат: нет действующего списка.",
    retry=True,
)
WRONG_KEY_USAGE: Final = Reason(
    "408",
    "wrong key usage",
    Step.VERIFY,
    "RFC 9336, 3; RFC 5280, 4.2.1.12",
    "The certificate is not one for signing documents.",
    "该证书并非用于签署单证。",
    "Этот сертификат не для подписания документов.",
)
BROKEN_PATH: Final = Reason(
    "409",
    "broken certification path",
    Step.VERIFY,
    "RFC 5280, 6.1",
    "The way from the certificate to its authority does not hold.",
    "从证书到其签发机构的路径不成立。",
    "Путь от сертификата к его органу не выдерживает проверки.",
)
FORBIDDEN_HEADER: Final = Reason(
    "410",
    "forbidden header",
    Step.VERIFY,
    "RFC 7516, 4; docs/wire.md, 3 (encryption)",
    "The header holds an entry that the agreed form of encryption does not have.",
    "头部含有约定的加密形式所没有的条目。",
    "В заголовке есть запись, которой нет в согласованном виде шифрования.",
)
ALGORITHM_NOT_AGREED: Final = Reason(
    "411",
    "algorithm not agreed",
    Step.ADMIT,
    "the corridor agreement, algorithms",
    "The signature is good, but the agreement does not allow its algorithm.",
    "签名有效，但协定不允许该算法。",
    "Подпись верна, но соглашение не допускает её алгоритм.",
)
UNSUPPORTED_ALGORITHM: Final = Reason(
    "412",
    "unsupported algorithm",
    Step.VERIFY,
    "docs/wire.md, 3 (algorithms)",
    "This software cannot check that algorithm; that says nothing about the signature.",
    "本软件无法核验该算法；这不代表签名无效。",
    "Эта программа не умеет проверять такой алгоритм; о самой подписи это ничего не говорит.",
)
WRONG_KIND: Final = Reason(
    "413",
    "wrong kind of object",
    Step.VERIFY,
    "RFC 8725, 3.11; docs/wire.md, 3 (typ)",
    "One kind of signed object was shown as another.",
    "以一种签名对象冒充另一种。",
    "Один вид подписанного объекта выдан за другой.",
)
ALGORITHM_MISMATCH: Final = Reason(
    "414",
    "algorithm does not fit the key",
    Step.VERIFY,
    "RFC 8725, 3.1; docs/wire.md, 3",
    "The header names another algorithm than the one the certificate's key dictates.",
    "签名头所称算法与证书密钥所决定的算法不符。",
    "Заголовок называет не тот алгоритм, который задан ключом сертификата.",
)
STALE_TRUST_LIST: Final = Reason(
    "415",
    "stale trust list",
    Step.VERIFY,
    "docs/wire.md, 6",
    "The partner's trust list is past its next update.",
    "伙伴方的信任列表已逾更新期。",
    "Список доверия партнёра просрочен.",
    retry=True,
)
LOG_NOT_CONTINUED: Final = Reason(
    "416",
    "log not continued",
    Step.VERIFY,
    "RFC 9162, 2.1.4; docs/wire.md, 7",
    "The partner's checkpoint does not follow from the one it showed before: its log was cut, rebuilt or split.",
    "伙伴方的检查点与此前出示的不衔接：其日志被截断、重建或分叉。",
    "Контрольная точка партнёра не продолжает показанную прежде: журнал обрезан, переписан или раздвоен.",
)
NOT_ENCRYPTED: Final = Reason(
    "417",
    "not encrypted",
    Step.VERIFY,
    "the corridor agreement, encryption",
    "The message came in plain, and the agreement asks for encryption.",
    "报文以明文到达，而协定要求加密。",
    "Сообщение пришло открытым, а соглашение требует шифрования.",
)
OTHER_RECIPIENT: Final = Reason(
    "418",
    "encrypted for somebody else",
    Step.VERIFY,
    "RFC 7516, 4.1.8; docs/wire.md, 3",
    "The message was encrypted for another key than the receiver's.",
    "该报文是用接收方以外的密钥加密的。",
    "Сообщение зашифровано не для ключа получателя.",
)
BROKEN_ENCRYPTION: Final = Reason(
    "419",
    "broken encryption",
    Step.VERIFY,
    "RFC 7516, 5.2",
    "The bytes are not those that were encrypted for this key.",
    "字节内容与为该密钥加密时不符。",
    "Байты не те, что были зашифрованы для этого ключа.",
)
ENCRYPTION_NOT_AGREED: Final = Reason(
    "420",
    "encryption not agreed",
    Step.VERIFY,
    "the corridor agreement, encryption",
    "The message is encrypted in a way that the agreement does not name, or though it names none.",
    "报文的加密方式未在协定中约定，或协定根本未约定加密。",
    "Сообщение зашифровано способом, которого соглашение не называет, или вовсе без такого уговора.",
)
NATIONAL_ALGORITHM: Final = Reason(
    "421",
    "national algorithm",
    Step.VERIFY,
    "docs/wire.md, 3 (algorithms)",
    "It is signed with SM2 or GOST, which this software does not have; that says nothing about the signature.",
    "该签名使用 SM2 或 GOST 算法，本软件不具备该算法；这不代表签名无效。",
    "Подписано по SM2 или ГОСТ; этих алгоритмов в программе нет, и о самой подписи это ничего не говорит.",
)
BROKEN_ALGORITHM: Final = Reason(
    "422",
    "broken algorithm or weak key",
    Step.VERIFY,
    "RFC 8725, 3.2; docs/wire.md, 3 (algorithms)",
    "The signature rests on a broken hash (SHA-1) or a weak key, so somebody else could have made it.",
    "该签名依赖已被攻破的散列算法（SHA-1）或弱密钥，可能系他人伪造。",
    "Подпись опирается на взломанную хеш-функцию (SHA-1) или слабый ключ: её мог сделать и кто-то другой.",
)
PROFILE_NOT_AVAILABLE: Final = Reason(
    "423",
    "profile not available",
    Step.ADMIT,
    "the corridor agreement, algorithms; docs/wire.md, 3",
    "The agreement asks for SM2 or GOST. This software does not have them: name an algorithm that both sides have.",
    "协定要求使用 SM2 或 GOST。本软件不具备这些算法：请约定双方都具备的算法。",
    "Соглашение требует SM2 или ГОСТ. В этой программе их нет: назовите алгоритм, который есть у обеих сторон.",
)
PATH_TOO_COSTLY: Final = Reason(
    "425",
    "path too costly",
    Step.VERIFY,
    "docs/wire.md, 5",
    "The certificate is so large, or its path so tangled, that checking it was given up.",
    "该证书过大或其认证路径过于复杂，校验已被放弃。",
    "Сертификат так велик или путь к нему так запутан, что проверка была прекращена.",
)
POLICY_NOT_MAPPED: Final = Reason(
    "426",
    "policy not mapped",
    Step.VERIFY,
    "RFC 5280, 6.1.5 (g); the corridor agreement, recognition",
    "Nothing on the way to the certificate says that it was issued at the level of assurance agreed.",
    "通往该证书的路径上没有任何内容表明其按约定的保证级别签发。",
    "Ничто на пути к сертификату не говорит, что он выдан на согласованном уровне доверия.",
)
OUTSIDE_ITS_NAMES: Final = Reason(
    "427",
    "authority outside its names",
    Step.VERIFY,
    "RFC 5280, 4.2.1.10",
    "An authority vouched for a name, such as another country's, that it may not vouch for.",
    "签发机构为其无权担保的名称（例如他国的名称）作了担保。",
    "Орган поручился за имя, за которое не вправе ручаться, например за имя другой страны.",
)
MALFORMED_TIMESTAMP: Final = Reason(
    "430",
    "malformed timestamp",
    Step.VERIFY,
    "RFC 3161, 2.4.2",
    "What came as a timestamp is not one, or the timestamping authority granted none.",
    "所附的时间戳不是有效格式的时间戳，或时间戳机构未予签发。",
    "Присланная метка времени таковой не является, или центр меток времени её не выдал.",
)
OTHER_TIMESTAMP: Final = Reason(
    "431",
    "timestamp of something else",
    Step.VERIFY,
    "RFC 3161, 2.2; RFC 5816",
    "The timestamp is of other bytes, or of another authority than the one it names.",
    "该时间戳针对的是其他字节内容，或并非出自其所称的机构。",
    "Метка времени поставлена на другие байты или другим центром, чем в ней назван.",
)
MISSING_TIMESTAMP: Final = Reason(
    "432",
    "timestamp missing",
    Step.VERIFY,
    "the corridor agreement, witnessing.timestamps",
    "The cosignature came without the timestamp that the agreement demands.",
    "会签未附协定所要求的时间戳。",
    "Заверяющая подпись пришла без метки времени, которой требует соглашение.",
    retry=True,
)
OTHER_CERTIFICATE: Final = Reason(
    "434",
    "another certificate named",
    Step.VERIFY,
    "RFC 7515, 4.1.6 and 4.1.8",
    "The signature's header names one certificate and brings another.",
    "签名头所指证书与其所附证书不是同一份。",
    "Заголовок подписи называет один сертификат, а приносит другой.",
)
UNSECURED: Final = Reason(
    "435",
    "declared unsigned",
    Step.VERIFY,
    "RFC 7518, 3.6; RFC 8725, 3.2",
    "The header declares that nothing is signed, and asks to be believed all the same.",
    "签名头声明未作任何签名，却仍要求被采信。",
    "Заголовок объявляет, что подписи нет, и всё же просит поверить.",
)
SIGNATURE_OUT_OF_RANGE: Final = Reason(
    "436",
    "signature out of range",
    Step.VERIFY,
    "FIPS 186-5, 6.4.2, step 1",
    "The signature consists of numbers that no key makes, such as zero; careless software takes them for good.",
    "签名由任何密钥都不会产生的数值（如零）构成；疏忽的软件会误认其有效。",
    "Подпись состоит из чисел, каких не даёт ни один ключ, например нулей; небрежная программа сочтёт её верной.",
)
ROLLED_BACK_TRUST_LIST: Final = Reason(
    "437",
    "rolled back trust list",
    Step.VERIFY,
    "ETSI TS 119 612, 5.3.2; docs/wire.md, 5",
    "The partner's trust list goes back behind one already seen, or is another one under the same version.",
    "伙伴方的信任列表倒退到此前已见的版本之前，或同一版本号下内容不同。",
    "Список доверия партнёра вернулся к более старой версии или отличается под той же версией.",
)
LEAF_AS_AUTHORITY: Final = Reason(
    "438",
    "leaf acting as authority",
    Step.VERIFY,
    "RFC 5280, 4.2.1.9",
    "A party vouches for the key with its own certificate; a party is no authority.",
    "为该密钥担保的是某一方自己的证书；该方并非签发机构。",
    "За ключ своим сертификатом ручается одна из сторон; она не удостоверяющий орган.",
)
KEY_LOST: Final = Reason(
    "439",
    "key lost before signing",
    Step.VERIFY,
    "RFC 5280, 5.3.2; docs/wire.md, 5",
    "The certificate was withdrawn later, because its key was in other hands already when this was signed.",
    "证书后来被吊销，因为签名之时其密钥已落入他人之手。",
    "Сертификат отозван позже, потому что в момент подписания ключ уже был в чужих руках.",
)
EXPLICIT_CURVE: Final = Reason(
    "440",
    "curve spelt out",
    Step.VERIFY,
    "RFC 5480, 2.1.1",
    "The certificate spells its curve out instead of naming it: two readers could check with two keys.",
    "证书未指明曲线名称，而是自行列出参数：两个读取方可能用不同的密钥核验。",
    "Сертификат не называет кривую, а описывает её параметрами: два читателя могли бы проверять разными ключами.",
)
AUTHORITY_WITHDRAWN: Final = Reason(
    "441",
    "authority withdrawn",
    Step.VERIFY,
    "ETSI TS 119 612, 5.5.4; docs/wire.md, 5",
    "The authority that vouches for the key was withdrawn from its country's trust list before this was signed.",
    "为该密钥担保的机构在签名之前已从本国信任列表中撤出。",
    "Орган, который ручается за ключ, был исключён из списка доверия своей страны до подписания.",
)
REJECTED_BY_AUTHORITY: Final = Reason(
    "501",
    "rejected by the authority",
    Step.DECIDE,
    "the receiver's national rules (nodes/profiles)",
    "The document was admitted, and the authority rejected it on a national rule.",
    "单证已被受理，但主管机关依据本国规则予以拒绝。",
    "Документ допущен, но орган отклонил его по национальному правилу.",
)
KEY_IN_HEADER: Final = Reason(
    "442",
    "key in the header",
    Step.VERIFY,
    "RFC 7515, 4.1.3",
    "The header brings along the key that it wants to be checked with.",
    "头部自带要求用来验证它的密钥。",
    "Заголовок приносит с собой ключ, которым просит себя проверить.",
)
KEY_TO_FETCH: Final = Reason(
    "443",
    "key to be fetched",
    Step.VERIFY,
    "RFC 7515, 4.1.2 and 4.1.5; RFC 8725, 3.10",
    "The header names an address from which its reader is to fetch the key.",
    "头部给出一个地址，要求读取方从那里获取密钥。",
    "Заголовок называет адрес, с которого читатель должен взять ключ.",
)
UNKNOWN_EXTENSION: Final = Reason(
    "444",
    "unknown extension",
    Step.VERIFY,
    "RFC 7515, 4.1.11",
    "The header names an extension that must be understood, and nobody agreed one.",
    "头部指明必须理解的扩展，而各方并未商定任何扩展。",
    "Заголовок называет расширение, которое обязаны понимать, а никакое согласовано не было.",
)
COMPRESSED: Final = Reason(
    "445",
    "compressed content",
    Step.VERIFY,
    "RFC 7516, 4.1.3; RFC 8725, 3.6",
    "The header says that the content was compressed, so nobody knows how much will come out.",
    "头部声明内容经过压缩，因此无人知道解压后会有多大。",
    "Заголовок говорит, что содержимое сжато, и никто не знает, сколько из него выйдет.",
)

TABLE: Final[dict[str, Reason]] = {
    reason.code: reason for reason in tuple(globals().values()) if isinstance(reason, Reason)
}


def by_code(code: str) -> Reason:
    """The reason with that code. Raises KeyError for a code that is not in the table."""
    return TABLE[code]


_PAGE: Final = """\
# Reasons

Why something was refused. A refusal travels as a code in a signed receipt and stands in the evidence log of who refused
it; it counts only with its reason. The first digit is the class. *Step* is the numbered step of the window at which it
falls, *again* says whether sending the same thing again can help. Made from `harness/exchange/reasons.py`: change the
table there, then write this page anew with `harness.exchange.reasons.as_markdown()`.
"""

_HEADING: Final = """
## {digit}xx {kind}

| code | name | step | clause | again | sentence |
|---|---|---|---|---|---|
"""


def as_markdown() -> str:
    """The table as docs/reasons.md publishes it, one section for each class."""
    page = _PAGE
    for digit, kind in KINDS.items():
        page += _HEADING.format(digit=digit, kind=kind)
        page += "".join(_line(reason) for reason in TABLE.values() if reason.code[0] == digit)
    return page


def _line(reason: Reason) -> str:
    step, again = f"{reason.step.value} {reason.step.name.lower()}", "yes" if reason.retry else "no"
    said = f"{reason.en}<br>{reason.zh}<br>{reason.ru}"
    return f"| {reason.code} | {reason.name} | {step} | {reason.clause} | {again} | {said} |\n"
