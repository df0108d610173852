"""How each family of models is kept from thinking, and which models leave the house."""

import pytest

from inference_server.assessment.model_family import is_cloud, thinking_of

THINKS = ["completion", "thinking"]


@pytest.mark.parametrize(
    ("model", "capabilities", "think", "has_room", "is_warned"),
    [
        ("nemotron-3-nano:4b", THINKS, False, False, False),
        ("nemotron-3-nano:4b", None, False, False, False),  # an old Ollama
        ("qwen3:4b", THINKS, False, False, False),
        ("gemma4:e4b-it-qat", THINKS, False, False, False),
        ("deepseek-r1:8b", THINKS, False, False, False),
        ("llama3.2:3b", ["completion"], None, False, False),
        ("gemma3:4b", ["completion", "vision"], None, False, False),
        ("gpt-oss:20b", THINKS, "low", True, False),
        ("gpt-oss", THINKS, "low", True, False),
        ("hub.example/someone/gpt-oss:20b", THINKS, "low", True, False),
        ("qwen3:4b-thinking-2507-q4_K_M", THINKS, True, True, True),
        ("magistral:24b", THINKS, True, True, True),
        ("qwq", THINKS, True, True, True),
        ("phi4-mini-reasoning:3.8b", THINKS, True, True, True),
    ],
)
def test_thinking_by_family(
    model: str,
    capabilities: list[str] | None,
    think: bool | str | None,
    has_room: bool,
    is_warned: bool,
) -> None:
    found = thinking_of(model, capabilities)

    assert (found.think, found.room > 0, found.warning is not None) == (think, has_room, is_warned)


@pytest.mark.parametrize(
    ("model", "shown", "cloud"),
    [
        ("gpt-oss:120b-cloud", {}, True),
        ("kimi-k2:cloud", {}, True),
        ("harmless:4b", {"remote_host": "https://ollama.example"}, True),
        ("harmless:4b", {"remote_host": ""}, False),
        ("cloudy:4b", {}, False),
        ("nemotron-3-nano:4b", {}, False),
    ],
)
def test_a_cloud_model_is_known(model: str, shown: dict[str, object], cloud: bool) -> None:
    assert is_cloud(model, shown) is cloud
