"""The models of the inference server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import aiohttp

from testbed.services.home_assistant_client import JsonObject
from testbed.services.inference_server import InferenceServer


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """The models in use and where they run."""

    detector: str
    device: str
    test_model: bool  # knows drawn scenes only
    language_model: str
    backend: str


async def fetch_facts(server: InferenceServer) -> ServerFacts:
    """Read the server's health."""
    headers = {"Authorization": f"Bearer {server.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{server.url}/v1/health") as answer,
    ):
        answer.raise_for_status()
        health = cast("JsonObject", await answer.json())
    detector = cast("JsonObject", health["detector"])
    assessor = cast("JsonObject", health["assessor"])
    return ServerFacts(
        detector=str(detector["model"]),
        device=str(detector["device"]),
        test_model=bool(detector["test_model"]),
        language_model=str(assessor["model"]),
        backend=str(assessor["backend"]),
    )
