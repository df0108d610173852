"""Answers of OpenAI-compatible servers."""

import json

from tests.server.assessment.public import (
    JSON,
    OTHER,
    PRETTY,
    THOUGHT,
    Answer,
    call,
    openai,
)

OPENAI = [
    Answer(
        name="LM Studio: all of it in reasoning_content",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/1698",
        body=openai("", reasoning_content=PRETTY),
    ),
    Answer(
        name="vLLM: content is null, JSON in reasoning_content",
        source="vllm-project/vllm/issues/16182",
        body=openai(None, reasoning_content=JSON),
    ),
    Answer(
        name="vLLM: JSON in reasoning",
        source="vllm-project/vllm/issues/50948",
        body=openai(None, reasoning=f"\n{JSON}\n"),
    ),
    Answer(
        name="Ollama's /v1: prose in reasoning, nothing else",
        source="ollama/ollama/issues/15288",
        body=openai("", reasoning=THOUGHT),
        problem="assessor_invalid_output",
        says="is empty",
    ),
    Answer(
        name="thoughts with a draft of an answer are no answer",
        source="lfnovo/esperanto/issues/112",
        body=openai("", reasoning_content=f"{THOUGHT} I could say {JSON}, but is it so?"),
        problem="assessor_invalid_output",
        says="is empty",
    ),
    Answer(
        name="content goes before reasoning",
        source="vllm-project/vllm/pull/12955",
        body=openai(JSON, reasoning_content=OTHER),
    ),
    Answer(
        name="Ollama's /v1: fenced",
        source="ollama/ollama/issues/15540",
        body=openai(f"```json\n{PRETTY}\n```"),
    ),
    Answer(
        name="LM Studio: fenced on one line",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/2403",
        body=openai(f"```json {JSON}```"),
    ),
    Answer(
        name="fenced without a language, in prose",
        source="ollama/ollama/issues/15416",
        body=openai(f"Here is the assessment:\n\n```\n{JSON}\n```\n\nLet me know if it helps."),
    ),
    Answer(
        name="two different fenced answers",
        source="ollama/ollama/issues/15540",
        body=openai(f"```json\n{JSON}\n```\nor\n```json\n{OTHER}\n```"),
        problem="assessor_not_json",
    ),
    Answer(
        name="R1: thoughts in tags before",
        source="vllm-project/vllm/pull/12473",
        body=openai(f"<think>\n{THOUGHT}\n</think>\n\n{JSON}"),
    ),
    Answer(
        name="R1 and Qwen: the tag was opened by the template",
        source="vllm-project/vllm/issues/29408",
        body=openai(f"{THOUGHT}\n</think>\n\n{JSON}"),
    ),
    Answer(
        name="empty thoughts",
        source="ollama/ollama/issues/14645",
        body=openai(f"<think>\n\n</think>\n\n```json\n{JSON}\n```"),
    ),
    Answer(
        name="JSON in thoughts and after them",
        source="vllm-project/vllm/issues/18255",
        body=openai(f"<think>Maybe {OTHER}? No.</think>{JSON}"),
    ),
    Answer(
        name="thoughts that were never closed",
        source="ollama/ollama/issues/16184",
        body=openai(f"<think>{THOUGHT} {JSON}"),
        problem="assessor_not_json",
    ),
    Answer(
        name="Gemma 4: its channel of thoughts",
        source="ollama/ollama/issues/14645",
        body=openai(f"<|channel>thought\n{THOUGHT}<channel|>{JSON}"),
    ),
    Answer(
        name="gpt-oss: harmony's channels",
        source="vllm-project/vllm/issues/23837",
        body=openai(
            f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
            f"<|start|>assistant<|channel|>final<|message|>{JSON}"
        ),
    ),
    Answer(
        name="Magistral: a list of parts",
        source="NousResearch/hermes-agent/pull/4748",
        body=openai(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                {"type": "text", "text": JSON},
            ]
        ),
    ),
    Answer(
        name="Magistral: closed thoughts and a text in pieces",
        source="mistralai/client-python/issues/252",
        body=openai(
            [
                {
                    "type": "thinking",
                    "thinking": [{"type": "text", "text": THOUGHT}],
                    "closed": True,
                },
                {"type": "text", "text": JSON[:20]},
                {"type": "thinking", "thinking": []},
                {"type": "text", "text": JSON[20:]},
            ]
        ),
    ),
    Answer(
        name="parts of the type output_text",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/2403",
        body=openai([{"type": "output_text", "text": JSON, "annotations": []}]),
    ),
    Answer(name="Together: eos", source="openai/openai-dotnet/pull/267", body=openai(JSON, "eos")),
    Answer(
        name="eos_token",
        source="spring-projects/spring-ai/pull/4900",
        body=openai(JSON, "eos_token"),
    ),
    Answer(
        name="Bedrock and Claude: end_turn",
        source="aws-samples/bedrock-access-gateway/issues/11",
        body=openai(JSON, "end_turn"),
    ),
    Answer(
        name="Gemini: STOP in capitals",
        source="tidyverse/ellmer/issues/3",
        body=openai(JSON, "STOP"),
    ),
    Answer(
        name="Claude: stop_sequence",
        source="tidyverse/ellmer/issues/3",
        body=openai(JSON, "stop_sequence"),
    ),
    Answer(
        name="LMDeploy: none after an abort",
        source="InternLM/xtuner/pull/1755",
        body=openai(JSON[:30], None),
        problem="assessor_not_json",
    ),
    Answer(
        name="SGLang: abort",
        source="sgl-project/sglang/pull/2013",
        body=openai(JSON[:30], "abort"),
        problem="assessor_invalid_output",
        says="abort",
    ),
    Answer(
        name="Claude: max_tokens",
        source="tidyverse/ellmer/issues/3",
        body=openai(JSON[:-3], "max_tokens"),
        problem="assessor_truncated",
    ),
    Answer(
        name="Gemini: MAX_TOKENS",
        source="tidyverse/ellmer/issues/3",
        body=openai(JSON, "MAX_TOKENS"),
        problem="assessor_truncated",
    ),
    Answer(
        name="Gemini: SAFETY",
        source="tidyverse/ellmer/issues/3",
        body=openai(JSON, "SAFETY"),
        problem="assessor_invalid_output",
        says="SAFETY",
    ),
    Answer(
        name="LiteLLM: the schema as a tool",
        source="BerriAI/litellm/issues/8510",
        body=openai(None, "tool_calls", tool_calls=[call(JSON)]),
    ),
    Answer(
        name="two calls of tools",
        source="14790897/MiqroForge-Desktop/pull/1100",
        body=openai(None, "tool_calls", tool_calls=[call(JSON), call(OTHER)]),
        problem="assessor_invalid_output",
    ),
    Answer(
        name="JSON in a string of JSON",
        source="reVrost/go-openrouter/pull/21",
        body=openai(json.dumps(JSON)),
    ),
    Answer(
        name="a brace too many",
        source="ollama/ollama-python/issues/523",
        body=openai("{\n\n" + PRETTY + "\n\n  "),
    ),
    Answer(
        name="OpenRouter: a 200 with its provider's 429",
        source="BerriAI/litellm/issues/8448",
        body={
            **openai(None),
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {"raw": "error code: 1015", "provider_name": "Kluster"},
            },
        },
        problem="overloaded",
        says="error code: 1015",
    ),
    Answer(
        name="OpenRouter: a 200 with an error and no choices",
        source="Aider-AI/aider/issues/3550",
        body={"error": {"message": "Provider returned error", "code": 502}, "user_id": "user_1"},
        problem="assessor_unavailable",
        says="Provider returned error",
    ),
    Answer(
        name="OpenRouter: an error within the choice",
        source="open-webui/computer/issues/293",
        body=openai(
            "",
            "error",
            choice={
                "error": {
                    "message": "Provider returned error",
                    "code": 502,
                    "metadata": {"raw": "upstream idle timeout exceeded"},
                }
            },
        ),
        problem="assessor_unavailable",
        says="upstream idle timeout exceeded",
    ),
    Answer(
        name="9router: no choices and no reason",
        source="decolua/9router/issues/2727",
        body={"id": None, "choices": None, "object": "chat.completion"},
        problem="assessor_invalid_output",
        says="not a chat completion",
    ),
    Answer(
        name="llama.cpp: an error with the status 200",
        source="oobabooga/textgen/issues/7257",
        body={
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size. try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 14429,
                "n_ctx": 8192,
            }
        },
        problem="assessor_unavailable",
        says="exceeds the available context size",
    ),
    Answer(
        name="LM Studio: nothing, because the context is too small",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/2339",
        body=openai(""),
        problem="assessor_invalid_output",
        says="is empty",
    ),
]
