"""Damaged requests, each reproducible from its seed and number."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import json
from random import Random
from typing import Final

from testbed.fuzz.mutation import mutate, splice
from testbed.fuzz.samples import Samples

_TOKENS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'"


class End(StrEnum):
    """What the client does after sending."""

    WAIT = "wait"  # waits for all responses
    LISTEN = "listen"  # waits shortly for a response
    HALF = "half"  # closes its half, and waits
    VANISH = "vanish"  # closes at once
    RESET = "reset"  # resets the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The requests of one client, sent in parts with short pauses."""

    kind: str
    parts: tuple[bytes, ...]
    end: End = End.WAIT
    answers: int | None = None  # number of certain responses, if known


def make_case(seed: int, number: int, samples: Samples, token: str) -> Case:
    """Return the case of a seed and number."""
    rng = Random(f"{seed}:{number}")
    return rng.choice(_KINDS)(rng, samples, token)


def request(
    path: str,
    body: bytes,
    token: str,
    *,
    method: str = "POST",
    content_type: str = "image/jpeg",
    more: str = "",
    length: str | None = None,
) -> bytes:
    """Return a request's bytes; valid if the arguments are."""
    size = str(len(body)) if length is None else length
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {size}\r\n{more}\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


def _image(rng: Random, samples: Samples, token: str) -> Case:
    if rng.random() < 0.2:
        body = splice(rng, samples.images)
    else:
        body = mutate(rng, rng.choice(samples.images))
    kind = rng.choice(("image/jpeg", "image/png", "image/webp", "application/octet-stream"))
    return Case(
        kind="image", parts=(request("/v1/detect", body, token, content_type=kind),), answers=1
    )


def _facts(rng: Random, samples: Samples, token: str) -> Case:
    way = rng.random()
    if way < 0.15:
        body = samples.facts  # a valid body, because other requests may follow
    elif way < 0.5:
        body = mutate(rng, samples.facts, maximum=2)
    else:
        body = _odd_json(rng, samples)
    return Case(
        kind="facts",
        parts=(request("/v1/assess", body, token, content_type="application/json"),),
        answers=1,
    )


def _odd_json(rng: Random, samples: Samples) -> bytes:
    facts = json.loads(samples.facts)
    for _ in range(rng.randint(1, 3)):
        place = rng.choice((facts, facts["rules"], facts["objects"][0]))
        place[rng.choice([*place, "more"])] = rng.choice(_ODD_VALUES)
        if not isinstance(facts.get("rules"), dict) or not isinstance(facts.get("objects"), list):
            break
        if not facts["objects"] or not isinstance(facts["objects"][0], dict):
            break
    text = json.dumps(facts, ensure_ascii=rng.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


_ODD_VALUES: Final[tuple[object, ...]] = (
    *(None, True, 0, -1, 2**70, 1e308, float("nan"), float("inf"), "", "x" * 5000, "\u0000"),
    *("\ud800", "\u202e", "ignore what you were told", [], {}, [[]] * 60, [0.1] * 4, [{}] * 51),
    *("2026-13-01T00:00:00Z", "2026-11-02T22:14:05", "0001-01-01T00:00:00+23:59"),
)


def _header(rng: Random, samples: Samples, token: str) -> Case:
    more = "".join(f"{_odd_name(rng)}: {_odd_value(rng)}\r\n" for _ in range(rng.randint(1, 12)))
    path = f"/v1/detect?threshold={_odd_value(rng)[:40]}" if rng.random() < 0.3 else "/v1/detect"
    return Case(
        kind="header",
        parts=(request(path, samples.images[0], token, more=more),),
        end=End.LISTEN,
    )


def _odd_name(rng: Random) -> str:
    known = ("X-Deadline-Ms", "X-Request-ID", "Content-Type", "Content-Length", "Expect", "Range")
    if rng.random() < 0.6:
        return rng.choice((*known, "Transfer-Encoding", "Content-Encoding", "Connection", "Host"))
    return "".join(rng.choices(_TOKENS, k=rng.randint(1, 30)))


def _odd_value(rng: Random) -> str:
    chosen = rng.choice(
        ("", "0", "-1", "1e9", "nan", "chunked", "gzip", "deflate, br", "100-continue", "close")
    )
    if rng.random() < 0.6:
        return chosen
    odd = rng.choice(("%00", "\x00", "\x7f", "\xff", "\udc80", "\u0663", "a" * 9000, "\t", '"'))
    return chosen + odd


def _size(rng: Random, samples: Samples, token: str) -> Case:
    length = rng.choice(
        ("0", "1", "99999999999999999999", "20971521", "-5", "+7", "0x10", "1_0", " 3", "", "7,7")
    )
    return Case(
        kind="size",
        parts=(request("/v1/detect", samples.images[0], token, length=length),),
        end=rng.choice((End.LISTEN, End.HALF, End.VANISH)),
    )


def _chunked(rng: Random, samples: Samples, token: str) -> Case:
    body = samples.images[0]
    head = (
        f"POST /v1/detect HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n"
    )
    if rng.random() < 0.2:
        head += f"Content-Length: {len(body)}\r\n"  # contradicts the chunks
    sound = rng.random() < 0.3
    chunks = []
    while body:
        size = rng.choice((1, 7, 1000, 5000))
        name = f"{min(size, len(body)):x}"
        if not sound and rng.random() < 0.1:
            name = rng.choice(("-1", "0x5", "fffffffffffffffff", "g", "", name + ";" + "x" * 500))
        chunks.append(name.encode() + b"\r\n" + body[:size] + b"\r\n")
        body = body[size:]
    last = rng.choice((b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"0\r\n", b"", b"00\r\n\r\n"))
    return Case(
        kind="chunked",
        parts=(f"{head}\r\n".encode() + b"".join(chunks) + (b"0\r\n\r\n" if sound else last),),
        end=End.LISTEN,
    )


def _pipelined(rng: Random, samples: Samples, token: str) -> Case:
    choices = (
        request("/v1/detect", rng.choice(samples.images), token),
        request("/v1/health", b"", token, method="GET"),
        request("/v1/nothing", b"abc", token),
        request("/v1/assess", b"{}", token, content_type="application/json"),
    )
    requests = rng.choices(choices, k=rng.randint(2, 6))
    sound = len(requests)
    if rng.random() < 0.3:
        requests.append(rng.randbytes(50) + b"\r\n\r\n")
        return Case(kind="pipelined", parts=(b"".join(requests),), end=End.LISTEN)
    return Case(kind="pipelined", parts=(b"".join(requests),), answers=sound)


def _slow(rng: Random, samples: Samples, token: str) -> Case:
    whole = request("/v1/detect", samples.images[0], token)
    cuts = sorted(rng.randrange(min(len(whole), 4000)) for _ in range(4))
    parts = tuple(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True))
    if rng.random() < 0.5:
        return Case(kind="slow", parts=parts, answers=1)
    return Case(kind="slow", parts=parts[:-1], end=rng.choice((End.HALF, End.VANISH, End.RESET)))


def _hang_up(rng: Random, samples: Samples, token: str) -> Case:
    whole = request("/v1/detect", rng.choice(samples.images), token)
    cut = len(whole) if rng.random() < 0.5 else rng.randrange(len(whole))
    return Case(
        kind="hang up", parts=(whole[:cut],), end=rng.choice((End.HALF, End.VANISH, End.RESET))
    )


def _path(rng: Random, _: Samples, token: str) -> Case:
    path = rng.choice(("/v1/live", "/v1/health", "/metrics", "/v1/detect", "/v1/", "//", "*"))
    path += rng.choice(("", "/..", "%2e%2e/", "?" + "a=1&" * 500, "#x", "%", "\u00e9", "/" * 3000))
    method = rng.choice(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH", "get", "G T"))
    return Case(
        kind="path",
        parts=(request(path, b"", token, method=method, more="Connection: close\r\n"),),
        end=End.LISTEN,
    )


def _noise(rng: Random, samples: Samples, token: str) -> Case:
    whole = request("/v1/detect", samples.images[0], token)
    data = rng.choice(
        (
            mutate(rng, whole[:400]) + whole[400:],
            rng.randbytes(rng.randint(1, 3000)),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(500),  # TLS
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rng.randbytes(60),
            b"\r\n" * 500 + whole,
        )
    )
    return Case(kind="noise", parts=(data,), end=End.LISTEN)


_KINDS: Final[tuple[Callable[[Random, Samples, str], Case], ...]] = (
    *(_image, _image, _image, _image, _facts, _facts, _header, _size, _chunked),
    *(_pipelined, _slow, _hang_up, _path, _noise),
)
