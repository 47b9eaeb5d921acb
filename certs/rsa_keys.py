"""RSA keys: which are too weak to be believed, and how ours are made from handed-in chance.

The library's own generator takes its randomness where nobody can hand it in; a rehearsal's keys come from chance
(certs.drafts), so that the same octets make the same key. Limits: RFC 7518, 3.3 and 3.5.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm, prod
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from certs.errors import BrokenAlgorithm

FEWEST_BITS: Final = 2048
MOST_BITS: Final = 8192
"""Beyond that one signature takes a window milliseconds to check."""
LONGEST_EXPONENT: Final = 64
"""Bits, for the same reason."""

_EXPONENT: Final = 65537
_ROUNDS: Final = 5  # of Miller and Rabin, for 1024 bits: FIPS 186-5, table B.1


def _small_primes(below: int) -> tuple[int, ...]:
    return tuple(n for n in range(3, below) if all(n % k for k in range(2, int(n**0.5) + 1)))


_SIEVE: Final = prod(_small_primes(5000))

# CVE-2017-15361 (ROCA): primes of the form k*M + 65537^a mod M, so modulo each small prime the modulus is a power of
# 65537. A modulus made otherwise passes for one about once in 10^8.
_ROCA: Final = tuple((prime, frozenset(pow(65537, a, prime) for a in range(prime))) for prime in _small_primes(168))


def strong(key: rsa.RSAPublicKey) -> rsa.RSAPublicKey:
    """Return `key` unless it is known to be weak. Raises BrokenAlgorithm as `strong_numbers`."""
    numbers = key.public_numbers()
    strong_numbers(numbers.n, numbers.e)
    return key


def strong_numbers(n: int, e: int) -> None:
    """Return when modulus and exponent are of no key that is known to be weak.

    Raises:
        BrokenAlgorithm: below 2048 bits, above 8192, a modulus that is even, an exponent that is even, 1 or too long,
            or of the ROCA kind.
    """
    if not FEWEST_BITS <= n.bit_length() <= MOST_BITS:
        raise BrokenAlgorithm(f"an RSA key of {n.bit_length()} bits; {FEWEST_BITS} to {MOST_BITS} are taken")
    if e < 3 or e % 2 == 0 or e.bit_length() > LONGEST_EXPONENT:
        raise BrokenAlgorithm(f"an RSA key with a public exponent of {e.bit_length()} bits that is not taken")
    if n % 2 == 0:
        raise BrokenAlgorithm("an RSA key with an even modulus")
    if all(n % prime in powers for prime, powers in _ROCA):
        raise BrokenAlgorithm("an RSA key of the kind that can be factored (ROCA, CVE-2017-15361)")


def generate(chance: Callable[[int, str], bytes], purpose: str) -> rsa.RSAPrivateKey:
    """A key of 2048 bits from chance (FIPS 186-5, A.1.3, probable primes). Takes a fraction of a second."""
    p = _prime(chance, f"{purpose}/p")
    q = _prime(chance, f"{purpose}/q")
    while abs(p - q) < 1 << 924:
        q = _prime(chance, f"{purpose}/q")
    d = pow(_EXPONENT, -1, lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    # The library checks what it is given: that these are primes, and fit each other.
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _prime(chance: Callable[[int, str], bytes], purpose: str) -> int:
    while True:
        # The two highest bits, so that the product of two has 2048; the lowest, for an odd number.
        number = int.from_bytes(chance(128, purpose), "big") | 3 << 1022 | 1
        if gcd(number, _SIEVE) == 1 and gcd(number - 1, _EXPONENT) == 1 and _probably_prime(number, chance, purpose):
            return number


def _probably_prime(number: int, chance: Callable[[int, str], bytes], purpose: str) -> bool:
    """Miller and Rabin (FIPS 186-5, B.3.1)."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = (number - 1) >> twos
    for _ in range(_ROUNDS):
        power = pow(int.from_bytes(chance(128, f"{purpose}/witness"), "big") % (number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
