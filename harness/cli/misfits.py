"""`corridor certs misfit`: certificates and lists that are wrong on purpose, to try a window, or any other reader, on.

What is wrong with each, and how it is made: `certs.misfits`. The reason that a window refuses it with:
`harness.exchange.seal.WHY`. The page docs/misfits.md is made here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import jws, keyfiles
from certs.authority import Authority
from certs.crossing import policy_of
from certs.lists import TrustList
from certs.misfits import CATALOGUE, LEVEL, Made, Misfit, Recogniser
from harness.cli import say
from harness.cli.files import new_folder
from harness.clock import Chance, SystemClock, stamp
from harness.errors import BadInput
from harness.exchange.reasons import Reason
from harness.exchange.seal import WHY

FOLDER: Final = Path("corridor-misfits")
COUNTRY: Final = "QM"
_AGE: Final = timedelta(days=1)  # of the authorities under which it is made


@click.command(name="misfit", short_help="Make a certificate or list that is wrong on purpose.")
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="List them all; so does leaving NAME out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where its folder is made.",
)
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/misfit.schema.json).")
def command(*, name: str | None, listing: bool, out: Path, as_json: bool) -> None:
    """Make a certificate or a list that is wrong in one way, with all that is needed to find that out.

    Writes keys, certificates, trust lists and revocation lists into DIR/NAME, and a note: the rule that it breaks, the
    reason that a window refuses it with, and an openssl command that looks at it. It is wrong now, so use it soon.

    \b
    Examples:
      corridor certs misfit --list
      corridor certs misfit expired
      corridor certs misfit sm2 --out wrong
    """
    if name is None or listing:
        for each in CATALOGUE.values():
            _told(each, None, as_json=as_json)
        return
    misfit = CATALOGUE.get(name)
    if misfit is None:
        raise BadInput(f"there is no misfit {name!r}", expected=f"one of {', '.join(CATALOGUE)}", todo="see --list")
    folder = out / name
    if folder.exists() or folder.is_symlink():
        raise BadInput(f"{folder} is there already", expected="a place without keys", todo="choose another --out")
    with new_folder(out, name) as unfinished:
        _made(misfit, unfinished)
    _told(misfit, folder, as_json=as_json)


def page() -> str:
    """The catalogue as docs/misfits.md publishes it."""
    rows = (
        f"| `{one.name}` | {one.attack} | {one.sentence} | {_why(one).code} {_why(one).name} | {one.error.rule} "
        f"| {_openssl(one)} |\n"
        for one in CATALOGUE.values()
    )
    return _PAGE + "".join(rows)


_PAGE: Final = """\
# Misfits

Certificates and lists that are wrong on purpose, each in one way. `corridor certs misfit NAME` makes one, with its
keys, its authorities, the lists to judge it by, and a note. Beside each: the reason that a window refuses it with
([reasons.md](reasons.md)), the rule that it breaks, and what `openssl verify -crl_check_all` (3.0) says of it then.
Where openssl finds nothing wrong, it was not asked the question: it knows no trust lists, looks at no usage and no
policy unless told, takes SHA-1 at its usual level of security, and has no use yet for the key itself. Of what is
withdrawn later it says *revoked* for every moment: it does not look at the dates. Made from `certs/misfits.py` by
`harness.cli.misfits.page()`.

| name | attack | what is wrong | refused with | rule | openssl |
|---|---|---|---|---|---|
"""

_SAYS: Final = {
    1: "unspecified certificate verification error",
    3: "unable to get certificate CRL",
    9: "certificate is not yet valid",
    10: "certificate has expired",
    12: "CRL has expired",
    20: "unable to get local issuer certificate",
    23: "certificate revoked",
    44: "different CRL scope",
    47: "permitted subtree violation",
    94: "certificate public key has explicit ECC parameters",
}
"""The errors of openssl's verify that the catalogue speaks of."""


def _openssl(misfit: Misfit) -> str:
    if misfit.openssl is None:
        return "does not read trust lists"
    return f"error {misfit.openssl}: {_SAYS[misfit.openssl]}" if misfit.openssl else "OK: finds nothing wrong"


def _why(misfit: Misfit) -> Reason:
    return WHY[misfit.error]


def _made(misfit: Misfit, folder: Path) -> None:
    at, chance = SystemClock().now(), Chance().octets
    policies = (policy_of(COUNTRY, LEVEL),)
    authority = Authority.found(COUNTRY, at - _AGE, chance, 3 * _AGE, policies=policies)
    before = authority.crls(at - timedelta(minutes=1))
    made = misfit.make(authority, at, chance)
    keyfiles.write_certificate(folder / "root.pem", authority.root)
    lists = (authority.trust_list(1, at - _AGE, at + _AGE), *made.lists)
    for number, token in enumerate(lists, start=1):
        keyfiles.write(folder / f"trust-list-{number}.jws", token)
    names = ("root", "issuing", *(f"then-{number}" for number, _ in enumerate(made.crls, start=1)))
    for name, der in zip(names, (*before, *made.crls), strict=True):
        keyfiles.write(folder / f"{name}.crl", der)
    if made.signer is not None:
        keyfiles.write_certificate(folder / "certificate.pem", made.signer.certificate)
        if misfit.name not in ("sm2", "gost"):  # whose keys nothing here can hold
            keyfiles.write_key(folder / "key.pem", made.signer.key)
        _for_openssl(authority, lists, (*before, *made.crls), made.over, folder)
    if made.over is not None:
        keyfiles.write_certificate(folder / "recogniser.pem", made.over.root)
        keyfiles.write(folder / "recogniser.jws", made.over.trust_list)
    note = _note(misfit, made, f"-attime {int(at.timestamp())}")
    keyfiles.write(folder / "note.txt", f"{note}\nmade for {stamp(at)}, for rehearsals only\n".encode())


def _for_openssl(
    authority: Authority, lists: tuple[bytes, ...], crls: tuple[bytes, ...], over: Recogniser | None, folder: Path
) -> None:
    """The authorities between and the newest revocation list of each issuer, as openssl takes them."""
    listed = [TrustList.parse(jws.read(token).payload) for token in lists]
    between = dict.fromkeys([authority.issuing, *(c for one in listed for own in one.authorities for c in own.issuing)])
    if over is not None:
        between, crls = {**between, over.crossing: None}, (*crls, over.crl)
    keyfiles.write(folder / "between.pem", b"".join(each.public_bytes(Encoding.PEM) for each in between))
    newest = {read.issuer: read for read in map(x509.load_der_x509_crl, crls)}
    keyfiles.write(folder / "crls.pem", b"".join(each.public_bytes(Encoding.PEM) for each in newest.values()))


def _note(misfit: Misfit, made: Made, moment: str) -> str:
    why = _why(misfit)
    lines = [
        f"{misfit.name} (attack {misfit.attack}): {misfit.sentence}",
        f"rule      {misfit.error.rule}",
        f"refused   {why.code} {why.name}, step {why.step.value} {why.step.name.lower()}: {why.en}",
        f"openssl   {_openssl(misfit)}",
    ]
    if made.signer is None:
        return "\n".join([*lines, "look      corridor certs show trust-list-2.jws"])
    files = "-CAfile root.pem -untrusted between.pem -CRLfile crls.pem certificate.pem"
    lines += ["look      openssl x509 -in certificate.pem -noout -text"]
    lines += [f"check     openssl verify {moment} -crl_check_all {files}"]
    if made.over is not None:
        asked = f"-policy_check -explicit_policy -policy {made.over.policy.dotted_string}"
        over = files.replace("root.pem", "recogniser.pem")
        lines += [f"over {made.over.country}   openssl verify {moment} -crl_check_all {asked} {over}"]
    return "\n".join(lines)


def _told(misfit: Misfit, folder: Path | None, *, as_json: bool) -> None:
    why = _why(misfit)
    if as_json:
        say.line(
            "misfit",
            name=misfit.name,
            attack=misfit.attack,
            sentence=misfit.sentence,
            rule=misfit.error.rule,
            reason=why.code,
            openssl=misfit.openssl,
            path=None if folder is None else str(folder),
        )
    elif folder is None:
        say.result(f"  {misfit.name:<25} {misfit.attack}  {why.code} {why.name:<30} {misfit.sentence}")
    else:
        say.result((folder / "note.txt").read_text(encoding="utf-8").rstrip())
        say.row("written", str(folder))
