"""The pack of this distribution: three fictional countries, three corridors, and the scenarios of the pilots."""

from __future__ import annotations

from harness.trial.script import Demo, Pack, Scenario
from nodes.window import Window
from scenarios import samples
from scenarios.agreement.not_covered import not_covered
from scenarios.agreement.outlives_it import outlives_it
from scenarios.algorithms.after_rsa_and_ecc import after_rsa_and_ecc
from scenarios.algorithms.nothing_newer import nothing_newer
from scenarios.algorithms.signed_otherwise import signed_otherwise
from scenarios.attacks.byte_flipped import byte_flipped
from scenarios.attacks.certificates.authority_withdrawn import authority_withdrawn
from scenarios.attacks.certificates.certificate_from_tomorrow import certificate_from_tomorrow
from scenarios.attacks.certificates.crowded_certificate import crowded_certificate
from scenarios.attacks.certificates.curve_spelt_out import curve_spelt_out
from scenarios.attacks.certificates.endless_path import endless_path
from scenarios.attacks.certificates.expired_certificate import expired_certificate
from scenarios.attacks.certificates.gost_key import gost_key
from scenarios.attacks.certificates.key_lost import key_lost
from scenarios.attacks.certificates.leaf_as_authority import leaf_as_authority
from scenarios.attacks.certificates.list_frozen import list_frozen
from scenarios.attacks.certificates.list_rolled_back import list_rolled_back
from scenarios.attacks.certificates.no_revocation_list import no_revocation_list
from scenarios.attacks.certificates.revoked_certificate import revoked_certificate
from scenarios.attacks.certificates.sm2_key import sm2_key
from scenarios.attacks.certificates.stale_revocation_list import stale_revocation_list
from scenarios.attacks.certificates.stranger import stranger
from scenarios.attacks.certificates.vouched_from_abroad import vouched_from_abroad
from scenarios.attacks.certificates.weak_hash import weak_hash
from scenarios.attacks.certificates.wrong_key_usage import wrong_key_usage
from scenarios.attacks.envelope.declared_unsigned import declared_unsigned
from scenarios.attacks.envelope.header_byte_flipped import header_byte_flipped
from scenarios.attacks.envelope.key_to_fetch import key_to_fetch
from scenarios.attacks.envelope.longer_signature import longer_signature
from scenarios.attacks.envelope.loose_spelling import loose_spelling
from scenarios.attacks.envelope.mirrored_signature import mirrored_signature
from scenarios.attacks.envelope.own_key_in_the_header import own_key_in_the_header
from scenarios.attacks.envelope.public_key_as_secret import public_key_as_secret
from scenarios.attacks.envelope.receipt_as_message import receipt_as_message
from scenarios.attacks.envelope.signature_stripped import signature_stripped
from scenarios.attacks.envelope.truncated import truncated
from scenarios.attacks.envelope.unknown_extension import unknown_extension
from scenarios.attacks.envelope.zero_signature import zero_signature
from scenarios.attacks.header_contradicts import header_contradicts
from scenarios.attacks.other_countrys_key import other_countrys_key
from scenarios.attacks.parsing.bombs import bombs
from scenarios.attacks.parsing.characters import characters
from scenarios.attacks.parsing.compressed_bomb import compressed_bomb
from scenarios.attacks.parsing.entity_expansion import entity_expansion
from scenarios.attacks.parsing.external_entity import external_entity
from scenarios.attacks.parsing.name_twice import name_twice
from scenarios.attacks.parsing.name_twice_escaped import name_twice_escaped
from scenarios.attacks.parsing.numbers import numbers
from scenarios.attacks.parsing.wrapped import wrapped
from scenarios.attacks.replayed_message import replayed_message
from scenarios.attacks.two_contents_one_id import two_contents_one_id
from scenarios.attacks.wrong_topic import wrong_topic
from scenarios.continuity.acknowledgement_lost import acknowledgement_lost
from scenarios.continuity.both_killed_in_a_batch import both_killed_in_a_batch
from scenarios.continuity.broker_killed import broker_killed
from scenarios.continuity.disk_full import disk_full
from scenarios.continuity.flood_slowed import flood_slowed
from scenarios.continuity.one_partner_floods import one_partner_floods
from scenarios.continuity.poison import poison
from scenarios.continuity.reader_overtaken import reader_overtaken
from scenarios.continuity.receiver_killed_at_each_step import receiver_killed_at_each_step
from scenarios.continuity.receiver_killed_within_a_turn import receiver_killed_within_a_turn
from scenarios.continuity.road_cut import road_cut
from scenarios.continuity.road_silent import road_silent
from scenarios.continuity.sender_killed import sender_killed
from scenarios.continuity.slow_consumer import slow_consumer
from scenarios.corridors import corridor
from scenarios.demo import telling
from scenarios.demo.first_five_minutes import first_five_minutes
from scenarios.disputes.no_answer import no_answer
from scenarios.isolation.altered_cover import altered_cover
from scenarios.isolation.at_the_door import at_the_door
from scenarios.isolation.cover_put_twice import cover_put_twice
from scenarios.isolation.downgraded import downgraded
from scenarios.isolation.dropped import dropped
from scenarios.isolation.foreign_topic import foreign_topic
from scenarios.isolation.hybrid_downgraded import hybrid_downgraded
from scenarios.isolation.hybrid_operator_reads import hybrid_operator_reads
from scenarios.isolation.misrouted import misrouted
from scenarios.isolation.operator_reads import operator_reads
from scenarios.isolation.reordered import reordered
from scenarios.keys.authority_moves import authority_moves
from scenarios.keys.expires import expires
from scenarios.keys.revoked import revoked
from scenarios.keys.rotated import rotated
from scenarios.origin.accepted_and_used import accepted_and_used
from scenarios.origin.rule_broken import rule_broken
from scenarios.phytosanitary.accepted import accepted
from scenarios.phytosanitary.unreadable import unreadable
from scenarios.receipts.overtaking import overtaking
from scenarios.recognition.cross_certified import cross_certified
from scenarios.recognition.level_of_the_bridge import level_of_the_bridge
from scenarios.recognition.outside_its_country import outside_its_country
from scenarios.recognition.over_a_bridge import over_a_bridge
from scenarios.recognition.policy_not_mapped import policy_not_mapped
from scenarios.recognition.renewed import renewed

SCENARIOS: tuple[Scenario, ...] = (
    accepted_and_used,
    accepted,
    unreadable,
    rule_broken,
    byte_flipped,
    other_countrys_key,
    stranger,
    expired_certificate,
    certificate_from_tomorrow,
    revoked_certificate,
    key_lost,
    no_revocation_list,
    stale_revocation_list,
    wrong_key_usage,
    vouched_from_abroad,
    leaf_as_authority,
    crowded_certificate,
    endless_path,
    curve_spelt_out,
    authority_withdrawn,
    list_rolled_back,
    list_frozen,
    weak_hash,
    sm2_key,
    gost_key,
    replayed_message,
    two_contents_one_id,
    wrong_topic,
    header_contradicts,
    header_byte_flipped,
    signature_stripped,
    declared_unsigned,
    public_key_as_secret,
    own_key_in_the_header,
    key_to_fetch,
    unknown_extension,
    zero_signature,
    longer_signature,
    mirrored_signature,
    loose_spelling,
    receipt_as_message,
    truncated,
    name_twice,
    name_twice_escaped,
    numbers,
    characters,
    bombs,
    compressed_bomb,
    external_entity,
    entity_expansion,
    wrapped,
    cross_certified,
    over_a_bridge,
    policy_not_mapped,
    level_of_the_bridge,
    outside_its_country,
    renewed,
    not_covered,
    outlives_it,
    after_rsa_and_ecc,
    nothing_newer,
    signed_otherwise,
    overtaking,
    no_answer,
    rotated,
    expires,
    revoked,
    authority_moves,
    foreign_topic,
    at_the_door,
    dropped,
    misrouted,
    reordered,
    operator_reads,
    downgraded,
    altered_cover,
    cover_put_twice,
    hybrid_operator_reads,
    hybrid_downgraded,
    receiver_killed_at_each_step,
    receiver_killed_within_a_turn,
    sender_killed,
    both_killed_in_a_batch,
    poison,
    disk_full,
    slow_consumer,
    reader_overtaken,
    one_partner_floods,
    flood_slowed,
    road_cut,
    road_silent,
    acknowledgement_lost,
    broker_killed,
)


PACK = Pack(
    name="first corridor",
    countries={"QM": "Marenia", "QN": "Norlund", "QP": "Pellavia"},
    corridors=(corridor("qm-qn.toml"), corridor("qp-qn.toml"), corridor("qm-qp.toml")),
    cast=Window,
    scenarios=SCENARIOS,
    demo=Demo(first_five_minutes, telling.LANGUAGES, telling.tell),
    sample=samples.dated,
)
