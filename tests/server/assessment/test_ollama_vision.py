"""Images go to a model that sees, and to no other."""

from base64 import b64decode
from collections.abc import Awaitable, Callable
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from inference_server.assessment.ollama import CONTEXT_TOKENS, IMAGE_TOKENS, OllamaAssessor
from inference_server.assessment.prompt import PROMPT_VERSION
from testbed.services.ollama import TestOllama
from tests.server.assessment.bodies import IMAGE, base64, facts, image
from tests.server.assessment.conftest import MODEL
from tests.server.assessment.test_ollama_faults import chat
from tests.server.assessment.test_openai import same_shape

Make = Callable[..., OllamaAssessor]
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]

PNG = image("PNG")
IMAGES = [base64(IMAGE), base64(PNG)]


UNTOLD: dict[str, Any] = {"details": {"format": "gguf", "family": "llama"}, "model_info": {}}


def show(*capabilities: str) -> dict[str, Any]:
    """Build what Ollama says of a model; the real one and its package are held against it below."""
    return {**UNTOLD, "capabilities": [*capabilities]}


class Seen:
    """An Ollama whose model is able to what it is told, and the chats it was asked."""

    def __init__(self, shown: dict[str, Any]) -> None:
        self.shown = shown
        self.chats: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        match request.path:
            case "/api/show":
                return web.json_response(self.shown)
            case "/api/tags" | "/api/ps":
                return web.json_response({"models": []})
        self.chats.append(await request.json())
        if "sea" in self.chats[-1]["format"]["properties"]:
            return web.json_response(chat('{"sea": "wind"}'))
        return web.json_response(chat())


async def test_the_shape_is_the_real_one_and_an_old_server_is_sent_no_images(
    ollama: TestOllama, make_ollama_assessor: Make
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{ollama.url}/api/show", json={"model": MODEL}) as response,
    ):
        real = await response.json()
    assert same_shape(real, UNTOLD)
    # The test server is older than the capabilities.
    assert real.get("capabilities") is None
    assessor = make_ollama_assessor()
    await assessor.start()
    assert assessor.vision is None

    result = await assessor.assess(facts(pictures=IMAGES))

    assert (result.pictures_used, result.prompt_version) == (0, PROMPT_VERSION)
    assert result.summary


async def test_a_model_that_sees_is_given_them_and_room_for_them(
    make_ollama_assessor: Make, serve: Serve
) -> None:
    seen = Seen(show("completion", "vision"))
    assessor = make_ollama_assessor(url=await serve(seen.answer))
    await assessor.start()
    assert assessor.vision is True

    result = await assessor.assess(facts(pictures=IMAGES))
    plain = await assessor.assess(facts())

    _, warmed_up, shown, untold = seen.chats
    assert [b64decode(each) for each in shown["messages"][-1]["images"]] == [IMAGE, PNG]
    assert not any("images" in each for each in shown["messages"][:-1])
    assert json.loads(shown["messages"][-1]["content"])["pictures"] == 2
    assert (result.pictures_used, result.prompt_version) == (2, f"{PROMPT_VERSION}-pictures")
    assert not any(each.get("images") for each in untold["messages"])
    assert (plain.pictures_used, plain.prompt_version) == (0, PROMPT_VERSION)
    # No change of length: with each, Ollama loads the model again.
    lengths = {each["options"]["num_ctx"] for each in seen.chats}
    assert lengths == {CONTEXT_TOKENS + 3 * IMAGE_TOKENS}
    assert not any(each.get("images") for each in warmed_up["messages"])


@pytest.mark.parametrize(("shown", "vision"), [(show("completion"), False), (UNTOLD, None)])
async def test_a_model_that_does_not_see_or_may_not_is_given_none(
    make_ollama_assessor: Make, serve: Serve, shown: dict[str, Any], vision: bool | None
) -> None:
    seen = Seen(shown)
    assessor = make_ollama_assessor(url=await serve(seen.answer))
    await assessor.start()
    assert assessor.vision is vision

    result = await assessor.assess(facts(pictures=IMAGES))

    assert result.pictures_used == 0
    assert not any(each.get("images") for each in seen.chats[-1]["messages"])
    assert "pictures" not in json.loads(seen.chats[-1]["messages"][-1]["content"])
    assert seen.chats[-1]["options"]["num_ctx"] == CONTEXT_TOKENS
