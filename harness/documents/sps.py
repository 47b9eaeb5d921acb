"""Names of the UN/CEFACT SPS certificate in XML that its reader and its writer share.

The note subjects are those that national systems exchange; D.23B leaves them to the parties, and so does our model: a
subject not named here stays a `Note`. Source: UN/CEFACT SPSCertificate 17, with the reusable entities of D.21.
"""

from __future__ import annotations

MEDIA_TYPE = "application/sps+xml"
ROOT = "SPSCertificate"
VERSION = "17"
# The reader takes any version of these three and says so when it is not the one the writer writes.
CERTIFICATE = "urn:un:unece:uncefact:data:standard:SPSCertificate:"
ENTITIES = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:"
DATA_TYPES = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:"
ENTITIES_VERSION = "21"

ADDITIONAL_DECLARATION = "ADEDL"  # of the whole certificate
ITEM_DECLARATION = "ADTLIL"  # of one line
REPLACED_CERTIFICATE = "ADRPN"  # number of the certificate that this one replaces

HARMONIZED_SYSTEM = "HS"
# Where an attachment's octets stay in the original, our own writer points at them by digest and size.
DIGEST_URI = "urn:corridor:sha256:"
