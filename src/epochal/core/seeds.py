"""Seeds for independent streams: one number for each (seed, purpose, counter), the same on every machine."""

import hashlib


def stream(seed: int, purpose: str, counter: int = 0) -> int:
    """A 63-bit seed that depends on all three arguments and on nothing else."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{counter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
