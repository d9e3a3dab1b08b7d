"""RSA keys of the tests' Apps and issuer; making one takes a tenth of a second, so each is made once."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@cache
def make_key(name: str) -> rsa.RSAPrivateKey:
    """Return the key of this name, the same in all of a process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_pem(key: rsa.RSAPrivateKey) -> str:
    """Write a key as GitHub hands an App its own."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
