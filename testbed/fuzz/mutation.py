"""Damage bytes as broken senders and attackers do."""

from collections.abc import Callable, Sequence
from random import Random

_Mutation = Callable[[Random, bytearray], None]


def mutate(rng: Random, data: bytes, maximum: int = 4) -> bytes:
    """Return the bytes after one to `maximum` mutations."""
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, maximum)):
        rng.choice(_MUTATIONS)(rng, spoilt)
    return bytes(spoilt)


def splice(rng: Random, samples: Sequence[bytes]) -> bytes:
    """Return the beginning of one sample and the end of another."""
    one, other = rng.choice(samples), rng.choice(samples)
    return one[: _place(rng, one)] + other[_place(rng, other) :]


def _place(rng: Random, data: bytes | bytearray) -> int:
    # Headers are at the beginning of a format; damage there has the most effect.
    near = rng.random() < 0.5
    return rng.randint(0, min(len(data), 700) if near else len(data))


def _flip(rng: Random, data: bytearray) -> None:
    if data:
        data[_place(rng, data) % len(data)] ^= 1 << rng.randrange(8)


def _overwrite(rng: Random, data: bytearray) -> None:
    start = _place(rng, data)
    length = rng.choice((1, 2, 4, 64))
    data[start : start + length] = rng.choice(
        (bytes(length), b"\xff" * length, rng.randbytes(length))
    )


def _cut(rng: Random, data: bytearray) -> None:
    del data[_place(rng, data) :]


def _remove(rng: Random, data: bytearray) -> None:
    start = _place(rng, data)
    del data[start : start + rng.randint(1, 200)]


def _insert(rng: Random, data: bytearray) -> None:
    start = _place(rng, data)
    data[start:start] = rng.randbytes(rng.randint(1, 200))


def _repeat(rng: Random, data: bytearray) -> None:
    start = _place(rng, data)
    data[start:start] = data[start : start + 300] * rng.randint(1, 20)


_MUTATIONS: tuple[_Mutation, ...] = (_flip, _flip, _overwrite, _cut, _remove, _insert, _repeat)
