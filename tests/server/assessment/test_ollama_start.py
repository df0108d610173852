"""What an Ollama must be and do before its model is asked about an event."""

from collections.abc import Awaitable, Callable
import logging
from typing import Any

from aiohttp import web
import pytest

from inference_server.assessment.ollama import CONTEXT_TOKENS, OllamaAssessor
from inference_server.errors import AssessorUnavailableError
from testbed.services.ollama import FakeOllama
from tests.server.assessment.bodies import facts

Make = Callable[..., OllamaAssessor]
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]

MODEL = "nemotron-3-nano:4b"
DIGEST = "ab12" * 16


@pytest.fixture
def fake() -> FakeOllama:
    return FakeOllama(model=MODEL, digest=DIGEST)


@pytest.fixture
def make(
    make_ollama_assessor: Make, serve: Serve, fake: FakeOllama
) -> Callable[..., Awaitable[OllamaAssessor]]:
    async def make(**changes: Any) -> OllamaAssessor:
        url = await serve(fake.answer)
        return make_ollama_assessor(**{"url": url, "model": fake.model, **changes})

    return make


MakeFake = Callable[..., Awaitable[OllamaAssessor]]


async def test_an_ollama_that_drops_the_schema_is_not_ready_and_names_the_version(
    make: MakeFake, fake: FakeOllama
) -> None:
    fake.enforces_schema = False

    with pytest.raises(AssessorUnavailableError, match=r"0\.32\.10 or later \(0\.24\.0 is running"):
        await (await make()).start()


async def test_the_question_about_the_schema_invites_prose(
    make: MakeFake, fake: FakeOllama
) -> None:
    await (await make()).start()

    [message] = fake.chats[0]["messages"]
    assert "sentences" in message["content"]
    assert "No JSON" in message["content"]
    assert fake.chats[0]["think"] is False  # as an event's request


@pytest.mark.parametrize(
    ("drops_at", "thinks_json_at", "chosen"),
    [
        ([], [], False),
        ([False], [], None),  # qwen3.5 and gemma4 before Ollama 0.31.2
        ([False], [None], None),  # qwen3-next: the answer is in `thinking`
        ([False, None], [], True),
    ],
)
async def test_the_way_that_keeps_to_the_schema_is_found_and_remembered(
    make: MakeFake,
    fake: FakeOllama,
    drops_at: list[bool | None],
    thinks_json_at: list[bool | None],
    chosen: bool | None,
) -> None:
    fake.drops_schema_at, fake.thinks_json_at = drops_at, thinks_json_at
    assessor = await make()
    await assessor.start()
    await assessor.check()
    trials = len(fake.chats)

    result = await assessor.assess(facts())

    assert result.because in {"night", "alarm off"}
    assert len(fake.chats) == trials + 1
    assert fake.chats[-1].get("think") is chosen
    assert (fake.chats[-1]["options"]["num_predict"] > 1000) is (chosen is not False)


async def test_a_model_that_cannot_think_has_no_other_way(make: MakeFake, fake: FakeOllama) -> None:
    fake.capabilities, fake.enforces_schema = ["completion"], False  # as a build for MLX

    with pytest.raises(AssessorUnavailableError, match="does not enforce"):
        await (await make()).start()

    assert len(fake.chats) == 1


async def test_a_replaced_model_is_asked_again(make: MakeFake, fake: FakeOllama) -> None:
    assessor = await make()
    await assessor.start()

    fake.digest, fake.drops_schema_at = "cd34" * 16, [False]
    await assessor.check()
    await assessor.assess(facts())

    assert "think" not in fake.chats[-1]


async def test_an_updated_ollama_that_drops_the_schema_is_noticed_by_the_self_test(
    make: MakeFake, fake: FakeOllama
) -> None:
    assessor = await make()
    await assessor.start()

    fake.drops_schema_at = [False]
    await assessor.self_test()
    await assessor.assess(facts())
    assert "think" not in fake.chats[-1]

    fake.enforces_schema = False
    with pytest.raises(AssessorUnavailableError, match="does not enforce"):
        await assessor.self_test()


async def test_no_default_of_an_engine_decides_the_answer(make: MakeFake, fake: FakeOllama) -> None:
    assessor = await make()
    await assessor.start()
    await assessor.assess(facts())

    for chat in fake.chats:
        options = chat["options"]
        assert (options["temperature"], options["seed"], options["repeat_penalty"]) == (0, 0, 1)
        assert (options["presence_penalty"], options["frequency_penalty"]) == (0, 0)
        assert chat["logprobs"] is True
    assert len({chat["options"]["num_ctx"] for chat in fake.chats}) == 1


async def test_a_model_that_always_thinks_has_room_and_a_warning(
    make: MakeFake, fake: FakeOllama, caplog: pytest.LogCaptureFixture
) -> None:
    fake.model = "qwen3:4b-thinking"
    with caplog.at_level(logging.WARNING):
        await (await make()).start()

    assert "always thinks" in caplog.text
    assert fake.chats[-1]["think"] is True
    assert fake.chats[-1]["options"]["num_predict"] > 1000


@pytest.mark.parametrize(
    ("model", "remote_host"), [("kimi:cloud", ""), (MODEL, "https://elsewhere.invalid")]
)
async def test_a_cloud_model_is_refused_unless_it_is_allowed(
    make: MakeFake, fake: FakeOllama, model: str, remote_host: str
) -> None:
    fake.model, fake.remote_host = model, remote_host

    with pytest.raises(AssessorUnavailableError, match="leave the house"):
        await (await make()).start()
    assert not fake.chats

    await (await make(allow_cloud=True)).start()
    assert fake.chats


@pytest.mark.parametrize("pinned", [DIGEST, DIGEST[:12]])
async def test_the_pinned_model_is_taken(make: MakeFake, pinned: str) -> None:
    assessor = await make(digest=pinned)

    await assessor.start()

    assert assessor.model_digest == DIGEST


async def test_a_model_that_was_replaced_is_refused(make: MakeFake, fake: FakeOllama) -> None:
    assessor = await make(digest=DIGEST[:12])
    await assessor.start()
    fake.digest = "cd34" * 16

    with pytest.raises(AssessorUnavailableError, match="NEMOTRON_DIGEST"):
        await assessor.check()


async def test_a_longer_context_that_is_in_use_is_adopted(make: MakeFake, fake: FakeOllama) -> None:
    assessor = await make()
    await assessor.start()
    assert fake.chats[-1]["options"]["num_ctx"] == CONTEXT_TOKENS

    fake.load(context=8192)  # as Home Assistant's own integration does
    await assessor.check()
    await assessor.assess(facts())

    assert fake.chats[-1]["options"]["num_ctx"] == 8192


async def test_a_shorter_context_is_not_adopted(make: MakeFake, fake: FakeOllama) -> None:
    fake.load(context=1024)
    assessor = await make()

    await assessor.start()

    assert fake.chats[-1]["options"]["num_ctx"] == CONTEXT_TOKENS


async def test_a_context_from_the_settings_stays(make: MakeFake, fake: FakeOllama) -> None:
    fake.load(context=32_768)
    assessor = await make(context_tokens=4096)

    await assessor.start()

    assert fake.chats[-1]["options"]["num_ctx"] == 4096


async def test_the_self_test_leaves_the_gpu_to_another_model(
    make: MakeFake, fake: FakeOllama
) -> None:
    assessor = await make()
    await assessor.start()
    asked = len(fake.chats)
    fake.unload()

    assert await assessor.self_test() is None
    assert len(fake.chats) == asked

    fake.load(context=CONTEXT_TOKENS)
    result = await assessor.self_test()
    assert result is not None
    assert result.gpu_share == 0.5
    assert len(fake.chats) == asked + 1


async def test_a_habit_is_taken_off_a_choice(make: MakeFake, fake: FakeOllama) -> None:
    fake.odds = {"lower": 0.1, "same": 0.2, "higher": 0.7}
    assessor = await make()
    await assessor.start()

    habitual = await assessor.assess(facts())
    fake.odds = {"lower": 0.6, "same": 0.2, "higher": 0.2}
    surprising = await assessor.assess(facts())

    assert habitual.suggested_points == 0
    assert surprising.suggested_points is not None
    assert surprising.suggested_points < -3
    assert habitual.risk_score == surprising.risk_score  # the points are not part of the score
