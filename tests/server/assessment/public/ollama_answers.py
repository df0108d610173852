"""Answers of Ollama."""

from tests.server.assessment.public import JSON, PRETTY, THOUGHT, Answer, ollama

OLLAMA = [
    Answer(
        name="qwen3-next: JSON in thinking",
        source="HarperFast/harper/issues/1805",
        body=ollama("", thinking=JSON),
    ),
    Answer(
        name="fenced JSON in thinking",
        source="zammad/zammad/issues/5984",
        body=ollama("", thinking=f"```json\n{PRETTY}\n```"),
    ),
    Answer(
        name="gemma4: thoughts took all tokens",
        source="ollama/ollama/issues/16184",
        body=ollama("", "length", thinking=THOUGHT),
        problem="assessor_truncated",
    ),
    Answer(
        name="gemma4: fenced, with think: low",
        source="ollama/ollama/issues/15416",
        body=ollama(f"```json\n{PRETTY}\n```", thinking=THOUGHT),
    ),
    Answer(
        name="gemma4: prose, with think: false",
        source="ollama/ollama/issues/15260",
        body=ollama("The car belongs to a resident, so this needs no attention."),
        problem="assessor_not_json",
    ),
    Answer(
        name="gemma4 on MLX: markdown",
        source="ollama/ollama/issues/16776",
        body=ollama("**because:** night\n**change:** lower"),
        problem="assessor_not_json",
    ),
    Answer(
        name="deepseek-r1: thoughts in tags",
        source="ollama/ollama/issues/11545",
        body=ollama(f"<think>\n{THOUGHT}\n</think>\n\n{JSON}"),
    ),
    Answer(
        name="a second brace and spaces",
        source="ollama/ollama-python/issues/523",
        body=ollama("{\n\n" + PRETTY + "\n\n  ", thinking=None),
    ),
    Answer(
        name="an error of the runner in a 200",
        source="ollama/ollama/issues/14093",
        body={
            "error": "model runner has unexpectedly stopped, this may be due to resource "
            "limitations or an internal error, check ollama server logs for details"
        },
        problem="assessor_crashed",
        says="unexpectedly stopped",
    ),
    Answer(
        name="an error as an object",
        source="continuedev/continue/issues/9649",
        body={
            "error": {"message": "model requires more system memory (5.3 GiB) than is available"}
        },
        problem="assessor_unavailable",
        says="more system memory",
    ),
    Answer(
        name="only loaded",
        source="ollama/ollama/issues/11421",
        body=ollama("", "load"),
        problem="assessor_invalid_output",
        says="ended early",
    ),
]
