"""The README of an evidence bundle: how to check it with openssl, coreutils and node, without this project.

The commands are run by a test on a real bundle, and must fail there on a damaged one. What a bundle holds is
decided in harness.evidence.bundle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs.timestamps import read
from harness.clock import stamp

_HEAD: Final = """\
# Evidence of {party} on transaction {correlation}

Made {made}. This folder can be checked without the software that made it. The commands below need bash,
coreutils, OpenSSL 3 and, for the log, node; signatures of ML-DSA-65 need OpenSSL 3.5 and node 24. Unpack the ZIP, put
the blocks one after the other into one file, and run it in the folder with `bash -euo pipefail FILE`: it says what it
found, and stops at the first thing that is not as it should be. So does each block alone.

| folder | what it holds |
|---|---|
| `messages/`, `receipts/` | signed messages and answers as they crossed (JWS, RFC 7515), named by SHA-256 |
| `documents/` | `original-` as they came, `own-` as this party's own system holds them, named by SHA-256 |
| `certificates/`, `crls/`, `trust/` | who signed, what was withdrawn, and which authorities each country names |
| `agreement/` | the agreement, and each party's signature over exactly its bytes |
{earlier}| `log/` | records of the log with proofs, its checkpoint, the partner's cosignature, timestamps on both |
| `stamped/` | earlier checkpoints with timestamps, by size: those around the records shown |
| `manifest.json`, `manifest.jws` | the list of all files with their SHA-256, signed by {party} |
"""

_FOLDER: Final = "| `earlier/` | earlier checkpoints of the log, cosigned, and proofs of what was in it then |\n"

_FILES: Final = r"""
## 1. The files are those that the manifest lists

```sh
work=$(mktemp -d)
sed -n 's/^ *"\([^"]*\)": {"sha256": "\([0-9a-f]*\)".*/\2  \1/p' manifest.json > "$work/listed"
sha256sum --check --quiet "$work/listed" && echo "$(wc -l < "$work/listed") files are as listed" &&
  test "$(find . -type f ! -name 'manifest.*' | wc -l)" -eq "$(wc -l < "$work/listed")" && echo "and no others" || false
```
"""

_SIGNATURES: Final = r"""
## 2. Every signature fits

A token is `header.payload.signature`, each part in base64url. The signature covers `header.payload`. The header
names the certificate by its SHA-256. OpenSSL wants an ECDSA signature as DER, a token holds r and s side by side.

```sh
unb64() { local t; t=$(tr '_-' '/+'); while [ $((${#t} % 4)) -ne 0 ]; do t="$t="; done; printf %s "$t" | base64 -d; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
check() {
  local header payload signature certificate
  IFS=. read -r header payload signature < "$1" || true
  printf '%s.%s' "$header" "$payload" > "$work/signed"
  printf %s "$signature" | unb64 > "$work/signature"
  header=$(printf %s "$header" | unb64)
  certificate=certificates/$(printf %s "$header" | sed 's/.*"x5t#S256":"\([^"]*\)".*/\1/' | unb64 | hex).pem
  case $header in *'"alg":"ML-DSA-65"'*)
    openssl list -public-key-algorithms | grep -q ML-DSA || {
      echo "$1: signed with ML-DSA-65, which OpenSSL knows since 3.5: NOT checked"; return 1; } ;;
  esac
  openssl x509 -in "$certificate" -noout -pubkey > "$work/key"
  case $header in
    *'"alg":"ES256"'*)
      local rs; rs=$(hex < "$work/signature")
      printf 'asn1=SEQUENCE:rs\n[rs]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${rs:0:64}" "${rs:64:64}" > "$work/rs"
      openssl asn1parse -genconf "$work/rs" -noout -out "$work/der"
      openssl dgst -sha256 -verify "$work/key" -signature "$work/der" "$work/signed" > "$work/said" ;;
    *'"alg":"Ed25519"'* | *'"alg":"ML-DSA-65"'*)
      openssl pkeyutl -verify -pubin -inkey "$work/key" -rawin \
        -in "$work/signed" -sigfile "$work/signature" > "$work/said" ;;
    *'"alg":"RS256"'*)
      openssl dgst -sha256 -verify "$work/key" -signature "$work/signature" "$work/signed" > "$work/said" ;;
    *'"alg":"PS256"'*)
      openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
        -verify "$work/key" -signature "$work/signature" "$work/signed" > "$work/said" ;;
    *) false ;;
  esac || { echo "$1: the signature does NOT fit"; return 1; }
  echo "$1: signed by $(openssl x509 -in "$certificate" -noout -subject -nameopt RFC2253 | sed 's/^subject= *//')"
}
find . -name '*.jws' | sort | while read -r file; do check "${file#./}" || exit 1; done
```
"""

_BYTES: Final = r"""
## 3. What was signed is what lies here

```sh
payload() { cut -d. -f2 < "$1" | tr -d '\n' | unb64; }
payload manifest.jws | cmp - manifest.json && echo "the manifest is what was signed" || false
for token in agreement/*.jws; do
  payload "$token" | cmp - agreement/agreement.json && echo "$token: signs the agreement" || false
done
payload log/checkpoint.jws > "$work/checkpoint"
for token in log/cosignature-*.jws; do
  [ -e "$token" ] || continue
  payload "$token" | tail -n +2 | cmp - "$work/checkpoint" && echo "$token: over the same checkpoint" || false
done
for token in messages/*.jws; do
  [ -e "$token" ] || continue
  payload "$token" | sed -n 's/.*"data_base64": *"\([^"]*\)".*/\1/p' | base64 -d > "$work/document"
  [ -s "$work/document" ] || continue
  original=documents/original-$(sha256sum < "$work/document" | cut -d' ' -f1)
  cmp "$work/document" "$original".* && echo "$token: its document is here" || false
done
```
"""

_CHAINS: Final = r"""
## 4. The certificates chain to each country's root, and were not withdrawn

Compare the roots' SHA-256 with the ones you know; `agreement/agreement.json` names them too.

```sh
for list in crls/*.crl; do openssl crl -inform DER -in "$list"; done > "$work/crls"
chain() {{
  openssl verify -attime {epoch} -CAfile "certificates/$1.pem" -untrusted "certificates/$2.pem" \
    -CRLfile "$work/crls" -crl_check_all -purpose any "certificates/$3.pem"
}}
{chains}
```
"""

_ENDED: Final = r"""
Those below had expired when this was made, or were withdrawn since. Of them the chain alone is checked, for when they
were valid. What a withdrawn one signed is good where an earlier checkpoint below, cosigned or stamped, proves it older
than its withdrawal, and only there.

```sh
ended() {{
  openssl verify -attime "$1" -CAfile "certificates/$2.pem" -untrusted "certificates/$3.pem" \
    -purpose any "certificates/$4.pem" && echo "  $5" || false
}}
{chains}
```
"""

_EARLIER: Final = r"""
## {number}. How old the records are whose signer's certificate was withdrawn since

An earlier checkpoint of the same log, cosigned by the partner, holds them: so they existed when it was cosigned.

```sh
node - <<'END'
const fs = require('fs'), crypto = require('crypto');
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const payload = file => Buffer.from(fs.readFileSync(file, 'latin1').split('.')[1], 'base64url').toString();
for (const name of fs.readdirSync('earlier').filter(name => name.endsWith('.proof'))) {
  const [, index, held] = name.match(/^([0-9]+)-in-([0-9]+)\.proof$/);
  const checkpoint = payload(`earlier/${held}.checkpoint.jws`), [, size, root] = checkpoint.split('\n');
  const cosigned = payload(`earlier/${held}.cosignature.jws`), end = cosigned.indexOf('\n');
  if (cosigned.slice(end + 1) !== checkpoint) throw new Error(`earlier/${held}: cosigns ANOTHER checkpoint`);
  let node = Number(index), last = Number(size) - 1;
  let hash = sha256(Buffer.from([0]), fs.readFileSync(`log/${index}.json`));
  for (const line of fs.readFileSync(`earlier/${name}`, 'latin1').split('\n').filter(line => line)) {
    const step = Buffer.from(line, 'base64');
    if (node % 2 === 1 || node === last) {
      hash = sha256(Buffer.from([1]), step, hash);
      while (node % 2 === 0 && node > 0) { node = Math.floor(node / 2); last = Math.floor(last / 2); }
    } else {
      hash = sha256(Buffer.from([1]), hash, step);
    }
    node = Math.floor(node / 2); last = Math.floor(last / 2);
  }
  if (last !== 0 || hash.toString('base64') !== root) throw new Error(`log/${index}.json is NOT under earlier/${held}`);
  console.log(`log/${index}.json existed: ${cosigned.slice(0, end)}`);
}
END
```
"""

_LOG: Final = r"""
## 5. Every record stands in the log that was signed (RFC 9162, 2.1.3.2), and every signature fits once more

```sh
node - <<'END'
const fs = require('fs'), crypto = require('crypto');
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const token = file => fs.readFileSync(file, 'latin1').split('.');
const payload = file => Buffer.from(token(file)[1], 'base64url');
const [, size, root] = payload('log/checkpoint.jws').toString().split('\n');
let proved = 0, fits = 0;
for (const name of fs.readdirSync('log').filter(name => /^[0-9]+\.json$/.test(name))) {
  const index = parseInt(name);
  let node = index, last = Number(size) - 1, hash = sha256(Buffer.from([0]), fs.readFileSync(`log/${name}`));
  for (const line of fs.readFileSync(`log/${index}.proof`, 'latin1').split('\n').filter(line => line)) {
    const step = Buffer.from(line, 'base64');
    if (node % 2 === 1 || node === last) {
      hash = sha256(Buffer.from([1]), step, hash);
      while (node % 2 === 0 && node > 0) { node = Math.floor(node / 2); last = Math.floor(last / 2); }
    } else {
      hash = sha256(Buffer.from([1]), hash, step);
    }
    node = Math.floor(node / 2); last = Math.floor(last / 2);
  }
  if (last !== 0 || hash.toString('base64') !== root) throw new Error(`log/${name} is NOT in the signed log`);
  proved += 1;
}
const files = fs.readdirSync('.', { withFileTypes: true }).flatMap(each => each.isDirectory()
  ? fs.readdirSync(each.name).map(name => `${each.name}/${name}`) : [each.name]).filter(name => name.endsWith('.jws'));
for (const file of files) {
  const [header, body, signature] = token(file);
  const told = JSON.parse(Buffer.from(header, 'base64url'));
  const thumbprint = Buffer.from(told['x5t#S256'], 'base64url').toString('hex');
  const certificate = new crypto.X509Certificate(fs.readFileSync(`certificates/${thumbprint}.pem`));
  const pss = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const good = crypto.verify(['Ed25519', 'ML-DSA-65'].includes(told.alg) ? null : 'sha256',
    Buffer.from(`${header}.${body}`),
    { key: certificate.publicKey, dsaEncoding: 'ieee-p1363', ...(told.alg === 'PS256' ? pss : {}) },
    Buffer.from(signature, 'base64url'));
  if (!good) throw new Error(`${file}: the signature does NOT fit`);
  fits += 1;
}
console.log(`${proved} records are in the signed log of ${size}; ${fits} signatures fit`);
END
```
"""


_TIMES: Final = r"""
## 6. The timestamps are on this checkpoint, by each country's authority (RFC 3161)

A stamp is on checkpoint and cosignature together, a line end between them: that many records existed by then.

```sh
stamp() {{
  {{ cat "$1"; echo; cat "$2"; }} > "$work/stamped"
  openssl ts -verify -attime {epoch} -data "$work/stamped" -in "$3" -CAfile "certificates/$4.pem" \
    -untrusted "certificates/$5.pem" > "$work/said" 2>&1 || {{ echo "$3: does NOT fit"; return 1; }}
  echo "$3: $(openssl ts -reply -in "$3" -text 2> "$work/said" | sed -n 's/^Time stamp: *//p')"
}}
{stamps}
```
"""


def instructions(party: str, correlation: str, made: datetime, files: Mapping[str, bytes]) -> str:
    """The README for these files (without manifest and README themselves)."""
    certificates = {
        re.sub(r".*/|\.pem", "", name): x509.load_pem_x509_certificate(data)
        for name, data in files.items()
        if name.startswith("certificates/")
    }
    aged = any(name.startswith("earlier/") for name in files)
    head = _HEAD.format(party=party, correlation=correlation, made=stamp(made), earlier=_FOLDER if aged else "")
    epoch = _epoch(made, files)
    over = _ended(certificates, files, epoch)
    whole = {name: each for name, each in certificates.items() if name not in over}
    chains = _CHAINS.format(epoch=epoch, chains="\n".join(_chains(whole)))
    if over:
        lines = (_chain(certificates, each) for each in over)
        told = (f'ended {moment} {line} "{why}"' for line, (moment, why) in zip(lines, over.values(), strict=True))
        chains += _ENDED.format(chains="\n".join(told))
    stamped = any(name.startswith("log/timestamp-") for name in files)
    times = _TIMES.format(epoch=epoch, stamps="\n".join(_stamps(files, certificates))) if stamped else ""
    ages = _EARLIER.replace("{number}", "7" if stamped else "6") if aged else ""
    return head + _FILES + _SIGNATURES + _BYTES + chains + _LOG + times + ages


def _ended(
    certificates: Mapping[str, x509.Certificate], files: Mapping[str, bytes], epoch: int
) -> dict[str, tuple[int, str]]:
    """The signers with whom openssl would find more wrong than there is: when to ask, and what is the matter."""
    lists = [x509.load_der_x509_crl(data) for name, data in files.items() if name.startswith("crls/")]
    found: dict[str, tuple[int, str]] = {}
    for name, each in sorted(certificates.items()):
        if _is_authority(each):
            continue
        until = int(each.not_valid_after_utc.timestamp()) - 1  # in the last second openssl calls it expired
        entries = (one.get_revoked_certificate_by_serial_number(each.serial_number) for one in lists)
        withdrawn = next((entry.revocation_date_utc for entry in entries if entry is not None), None)
        if withdrawn is not None:
            found[name] = min(epoch, until), f"withdrawn on {stamp(withdrawn)}"
        elif until < epoch:
            found[name] = until, f"expired on {stamp(each.not_valid_after_utc)}"
    return found


def _chain(certificates: Mapping[str, x509.Certificate], thumbprint: str) -> str:
    """The line of one signer."""
    authorities = {name: each for name, each in certificates.items() if _is_authority(each)}
    (line,) = _chains({**authorities, thumbprint: certificates[thumbprint]})
    return line.removeprefix("chain ")


def _chains(certificates: Mapping[str, x509.Certificate]) -> list[str]:
    """One line for each signer: its root, its issuing authority, itself."""
    authorities = {each.subject: each for each in certificates.values() if _is_authority(each)}
    lines = []
    for thumbprint, certificate in sorted(certificates.items()):
        issuing = authorities.get(certificate.issuer)
        root = authorities.get(issuing.issuer) if issuing is not None else None
        if issuing is None or root is None or _is_authority(certificate):
            continue
        above = (each.fingerprint(hashes.SHA256()).hex() for each in (root, issuing))
        lines.append(f"chain {' '.join(above)} {thumbprint}")
    return lines


def _stamps(files: Mapping[str, bytes], certificates: Mapping[str, x509.Certificate]) -> list[str]:
    """One line for each timestamp: what it is on, and what its authority chains to."""
    lines = []
    for name in sorted(name for name in files if name.endswith(".tsr")):
        size = re.fullmatch(r"stamped/([0-9]+)\.[A-Z]{2}\.tsr", name)
        own = next((each for each in sorted(files) if each.startswith("log/cosignature-")), "")
        tokens = "log/checkpoint.jws", own
        if size:
            tokens = f"stamped/{size[1]}.checkpoint.jws", f"stamped/{size[1]}.cosignature.jws"
        # The authority's certificate travels in the reply; the chain above it is one of those here.
        for brought in read(files[name]).brought:
            above = [each for each in certificates.values() if _is_authority(each) and each.subject == brought.issuer]
            for issuing in above:
                root = next(each for each in certificates.values() if each.subject == issuing.issuer)
                chain = " ".join(each.fingerprint(hashes.SHA256()).hex() for each in (root, issuing))
                lines.append(f"stamp {' '.join(tokens)} {name} {chain}")
    return lines


def _is_authority(certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _epoch(made: datetime, files: Mapping[str, bytes]) -> int:
    """The bundle's moment, but not before its revocation lists: openssl wants all of them at one moment."""
    lists = (x509.load_der_x509_crl(data) for name, data in files.items() if name.startswith("crls/"))
    return int(max([made, *(each.last_update_utc for each in lists)]).timestamp())
