"""Windows that break one promise each, on purpose: the proof that a check can fail.

Each names the promise it breaks; the scenario that seats it names the check that must catch it, and
tests/saboteurs holds both to it. Each is as small a departure from the honest window as its fault allows.

    admission   what should have stayed outside: whose, for which topic, which copy, under which agreement
    seals       when a signature is good: each believes one forgery that an honest window refuses
    vouching    whom a certificate is believed, and until when: each passes over one thing that speaks against it
    published   what countries publish while windows are open: lists, keys, proofs of age
    spelling    in how many ways a message may be spelt: each tidies first, and then checks
    texts       what signed JSON says: each reads one text that an honest window does not read at all
    markup      the same of XML
    covers      what is encrypted, and for whom
    answers     what receipts say, and what is heard of them
    books       what is kept: originals, numbers, witnesses, logs
    road        what the broker does and does not; and careless operators of it
"""

from nodes.saboteurs.admission import (
    AnySignerWillDo,
    ForgetsWhatItSaw,
    IdentifiesByEveryByte,
    IgnoresTheAgreement,
    OverlooksHeaders,
    OverlooksKinds,
    ReadsAnyTopic,
    TakesAnyAlgorithm,
    TrustsAnySeal,
)
from nodes.saboteurs.answers import (
    AcceptsWhatBreaksRules,
    AlwaysDelivered,
    AnswersOffTheRecord,
    DropsEarlyReceipts,
    KeepsUseToItself,
    LosesReceipts,
    MergesLevels,
    MishearsAnswers,
    NeverAnswers,
)
from nodes.saboteurs.books import (
    CutsItsLog,
    DoesNotCount,
    NeverWitnesses,
    RewritesItsLog,
    RewritesOriginals,
)
from nodes.saboteurs.covers import (
    AnswersPlain,
    InflatesAnything,
    LeaksInHeaders,
    NamesNoFault,
    OpensAnyProfile,
    SendsPlain,
    TakesPlain,
)
from nodes.saboteurs.markup import (
    ExpandsEntities,
    FetchesEntities,
    ReadsTheLastOne,
)
from nodes.saboteurs.published import (
    FilesLists,
    FilesTrustLists,
    KeepsTheLastCosignature,
    PinsTheFirstKey,
    ShowsTheListBefore,
    TakesLesserVersions,
)
from nodes.saboteurs.road import (
    FallsOverPoison,
    ServesTheLoudest,
    StallsOnPoison,
    WritesItAgain,
    any_authority_will_do,
    everybody_reads,
    everybody_writes,
    nobody_is_asked,
    nobody_waits,
)
from nodes.saboteurs.seals import (
    BelievesNone,
    FetchesTheKey,
    IgnoresCrit,
    LetsTheHeaderChoose,
    TakesAnyHeader,
    TakesTheHeadersKey,
    TakesUnsigned,
    TakesZero,
)
from nodes.saboteurs.spelling import (
    IgnoresLooseBits,
    RebuildsTheHeader,
    SkipsBlanks,
    SkipsFragments,
    TrimsSignatures,
)
from nodes.saboteurs.texts import (
    ComparesNamesAsSpelt,
    CountsLevelsByCalling,
    IgnoresWhatItCannotSee,
    KnowsOneNormalForm,
    ReadsAnyDepth,
    ReadsAsItLooks,
    ReadsNumbersAsDoubles,
    TakesLoneSurrogates,
    TakesTheLastOfTwo,
    TakesWholeFractions,
)
from nodes.saboteurs.vouching import (
    GivesUpAndBelieves,
    LetsPartiesVouch,
    OverlooksExpiry,
    OverlooksLostKeys,
    OverlooksRevocation,
    OverlooksTheFirstDay,
    OverlooksWithdrawal,
    TakesAnyCurve,
    TakesAnyIssuer,
    TakesAnyName,
    TakesAnyPolicy,
    TakesAnyUsage,
    TakesBrokenHashes,
    TakesOldLists,
    TakesSilenceForGood,
    TakesWhatItCannotCheck,
)

__all__ = [
    "AcceptsWhatBreaksRules",
    "AlwaysDelivered",
    "AnswersOffTheRecord",
    "AnswersPlain",
    "AnySignerWillDo",
    "BelievesNone",
    "ComparesNamesAsSpelt",
    "CountsLevelsByCalling",
    "CutsItsLog",
    "DoesNotCount",
    "DropsEarlyReceipts",
    "ExpandsEntities",
    "FallsOverPoison",
    "FetchesEntities",
    "FetchesTheKey",
    "FilesLists",
    "FilesTrustLists",
    "ForgetsWhatItSaw",
    "GivesUpAndBelieves",
    "IdentifiesByEveryByte",
    "IgnoresCrit",
    "IgnoresLooseBits",
    "IgnoresTheAgreement",
    "IgnoresWhatItCannotSee",
    "InflatesAnything",
    "KeepsTheLastCosignature",
    "KeepsUseToItself",
    "KnowsOneNormalForm",
    "LeaksInHeaders",
    "LetsPartiesVouch",
    "LetsTheHeaderChoose",
    "LosesReceipts",
    "MergesLevels",
    "MishearsAnswers",
    "NamesNoFault",
    "NeverAnswers",
    "NeverWitnesses",
    "OpensAnyProfile",
    "OverlooksExpiry",
    "OverlooksHeaders",
    "OverlooksKinds",
    "OverlooksLostKeys",
    "OverlooksRevocation",
    "OverlooksTheFirstDay",
    "OverlooksWithdrawal",
    "PinsTheFirstKey",
    "ReadsAnyDepth",
    "ReadsAnyTopic",
    "ReadsAsItLooks",
    "ReadsNumbersAsDoubles",
    "ReadsTheLastOne",
    "RebuildsTheHeader",
    "RewritesItsLog",
    "RewritesOriginals",
    "SendsPlain",
    "ServesTheLoudest",
    "ShowsTheListBefore",
    "SkipsBlanks",
    "SkipsFragments",
    "StallsOnPoison",
    "TakesAnyAlgorithm",
    "TakesAnyCurve",
    "TakesAnyHeader",
    "TakesAnyIssuer",
    "TakesAnyName",
    "TakesAnyPolicy",
    "TakesAnyUsage",
    "TakesBrokenHashes",
    "TakesLesserVersions",
    "TakesLoneSurrogates",
    "TakesOldLists",
    "TakesPlain",
    "TakesSilenceForGood",
    "TakesTheHeadersKey",
    "TakesTheLastOfTwo",
    "TakesUnsigned",
    "TakesWhatItCannotCheck",
    "TakesWholeFractions",
    "TakesZero",
    "TrimsSignatures",
    "TrustsAnySeal",
    "WritesItAgain",
    "any_authority_will_do",
    "everybody_reads",
    "everybody_writes",
    "nobody_is_asked",
    "nobody_waits",
]
