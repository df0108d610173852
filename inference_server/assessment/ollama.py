"""Assess with a model on an Ollama server."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict
import logging
from time import perf_counter
from typing import Final

from inference_server.assessment.base import (
    AssessmentResult,
    Downloader,
    DownloadProgress,
    SelfTestResult,
    Timings,
    token_rate,
)
from inference_server.assessment.change_odds import TOP_TOKENS, Odds, read_odds
from inference_server.assessment.explanation import explain, wants_note
from inference_server.assessment.facts import Facts
from inference_server.assessment.images import MAX_IMAGES
from inference_server.assessment.model_family import (
    NEEDED_OLLAMA,
    Thinking,
    is_cloud,
    other_ways,
    thinking_of,
)
from inference_server.assessment.ollama_api import OllamaApi
from inference_server.assessment.ollama_reply import ChatReply, LoadedModel, read_chat, read_loaded
from inference_server.assessment.prompt import (
    IMAGES_PROMPT_VERSION,
    MAX_PROMPT_TOKENS,
    PROMPT_VERSION,
    build_messages,
    empty_messages,
    shown_factors,
)
from inference_server.assessment.schema import (
    MAX_ANSWER_TOKENS,
    TRIAL_QUESTION,
    TRIAL_SCHEMA,
    TRIAL_TOKENS,
    answer_schema,
    keeps_to_schema,
    parse_answer,
)
from inference_server.errors import AssessorInvalidOutputError, AssessorUnavailableError

_LOG = logging.getLogger(__name__)

# Ollama silently truncates a longer prompt; MAX_PROMPT_TOKENS and an answer always fit.
CONTEXT_TOKENS: Final = 2048
# Room for one image and its description in the prompt. Gemma 3 uses 256 tokens an image, LLaVA 1.6
# up to 2,880, Mistral Small 3.1 up to 3,080.
IMAGE_TOKENS: Final = 4096
# The model stays loaded: events are rare, and loading takes longer than answering.
KEEP_ALIVE: Final = -1
LOAD_TIMEOUT: Final = 300.0  # seconds; gigabytes from a slow disk; Ollama's own timeout
PULL_SILENCE: Final = 120.0  # seconds without progress after which a download has failed


class OllamaAssessor:
    """Assess with a model on an Ollama server."""

    backend: Final = "ollama"

    def __init__(
        self,
        *,
        url: str,
        model: str,
        connect_timeout: float,
        timeout: float,
        api_key: str | None = None,
        context_tokens: int | None = None,
        digest: str | None = None,
        allow_cloud: bool = False,
    ) -> None:
        """`context_tokens` None chooses a length, and adopts a longer one that is in use.

        `digest` is the start of the only SHA-256 that the model may have.
        """
        self.model: Final = model
        self.model_digest: str | None = None
        self.vision: bool | None = None
        self._api = OllamaApi(
            url=url, model=model, api_key=api_key, connect_timeout=connect_timeout
        )
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._fixed_context = context_tokens
        self._context = context_tokens or CONTEXT_TOKENS
        self._digest = digest
        self._allow_cloud = allow_cloud
        self._thinking = Thinking(think=False)
        self._ways: dict[str | None, Thinking] = {}  # that keep to a schema, by the model's digest
        self._prior: Odds | None = None

    async def start(self) -> None:
        """Check the model, load it, find how it keeps to a schema, and learn its habit."""
        self._ways.clear()
        await self.check()
        await self._choose_way()
        reply = await self._ask_nothing(max(LOAD_TIMEOUT, self._timeout))
        self._prior = read_odds(reply.tokens)

    async def check(self) -> None:
        """Check that the model is the expected one; read its digest, abilities and context.

        A model that was replaced is asked again whether it keeps to a schema.
        """
        shown = await self._api.post(
            "/api/show", {"model": self.model}, timeout=self._connect_timeout
        )
        if not self._allow_cloud and is_cloud(self.model, shown):
            raise AssessorUnavailableError(
                f"{self.model} is a cloud model: facts and images would leave the house. "
                "Choose a local model (NEMOTRON_MODEL), or set NEMOTRON_ALLOW_CLOUD=true."
            )
        able = shown.get("capabilities")  # reported since Ollama 0.6.4
        abilities = [str(each) for each in able] if isinstance(able, list) else None
        self.vision = None if abilities is None else "vision" in abilities
        await self._check_digest()
        known = self._ways.get(self.model_digest)
        self._thinking = known or thinking_of(self.model, abilities)
        loaded = await self._loaded()
        self._context = self._choose_context(loaded)
        if self._ways and known is None:
            await self._choose_way()

    async def self_test(self) -> SelfTestResult | None:
        """Have the loaded model generate a few tokens, and read its share of GPU memory.

        None if another model has taken its place: loading ours would take the GPU from the one in
        use, such as that of Home Assistant's Assist.
        """
        if await self._loaded() is None:
            return None
        reply = await self._ask_nothing(self._timeout)
        try:
            parse_answer(reply.text, reply.finish_reason, factors=(), note=False)
        except AssessorInvalidOutputError:
            await self._choose_way()  # Ollama may have been updated
        loaded = await self._loaded()
        return SelfTestResult(
            tokens_per_second=token_rate(reply.usage.completion_tokens, reply.generate_ms),
            gpu_share=loaded.gpu_share if loaded else None,
        )

    def downloader(self) -> Downloader:
        """Return a function that has Ollama download the model; completed parts are kept."""
        return self._download

    async def _download(self, on_progress: Callable[[DownloadProgress], None]) -> None:
        parts: dict[str, tuple[int, int]] = {}
        async for progress in self._api.stream(
            "/api/pull", {"model": self.model}, silence=PULL_SILENCE
        ):
            digest, total, done = (
                progress.get("digest"),
                progress.get("total"),
                progress.get("completed"),
            )
            if isinstance(digest, str) and isinstance(total, int) and total:
                parts[digest] = (done if isinstance(done, int) else 0, total)
            if progress.get("status") == "success":
                # A part's last progress may be missing.
                parts = {digest: (total, total) for digest, (_, total) in parts.items()}
            on_progress(
                DownloadProgress(
                    completed_bytes=sum(done for done, _ in parts.values()),
                    total_bytes=sum(total for _, total in parts.values()),
                )
            )

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it closes the request, which stops the model."""
        images = facts.pictures[: self._image_room] if self.vision else ()
        note, factors = wants_note(facts, self.model), shown_factors(facts)
        chat: list[dict[str, object]] = [
            {**each} for each in build_messages(facts, images=len(images))
        ]
        if images:
            chat[-1]["images"] = [b64encode(image).decode() for image in images]
        started = perf_counter()
        reply = await self._chat(
            chat,
            schema=answer_schema(factors, note=note),
            max_tokens=MAX_ANSWER_TOKENS,
            timeout=self._timeout,
        )
        answer = parse_answer(reply.text, reply.finish_reason, factors=factors, note=note)
        explained = explain(facts, answer, odds=read_odds(reply.tokens), prior=self._prior)
        return AssessmentResult(
            **asdict(explained),
            backend=self.backend,
            model=self.model,
            model_digest=self.model_digest,
            prompt_version=IMAGES_PROMPT_VERSION if images else PROMPT_VERSION,
            usage=reply.usage,
            timings_ms=Timings(
                load=reply.load_ms,
                prefill=reply.prefill_ms,
                generate=reply.generate_ms,
                total=(perf_counter() - started) * 1000,
            ),
            pictures_used=len(images),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def _choose_way(self) -> None:
        """Find how the model keeps to a schema, and remember it; raises AssessorUnavailableError."""
        first = self._thinking
        if await self._try_schema():
            return
        for self._thinking in other_ways(first):
            self._context = self._choose_context(await self._loaded())
            try:
                if await self._try_schema():
                    return
            except AssessorUnavailableError:  # some builds refuse a way
                continue
        self._thinking = first
        self._ways.pop(self.model_digest, None)
        raise AssessorUnavailableError(
            f"Ollama at {self._api.url} does not enforce the answer's schema for "
            f"{self.model}: update it to {NEEDED_OLLAMA} or later ({await self._version()} "
            "is running), or choose another model (NEMOTRON_MODEL)."
        )

    async def _try_schema(self) -> bool:
        reply = await self._chat(
            [{"role": "user", "content": TRIAL_QUESTION}],
            schema=TRIAL_SCHEMA,
            max_tokens=TRIAL_TOKENS,
            timeout=max(LOAD_TIMEOUT, self._timeout),
        )
        if not keeps_to_schema(reply.text):
            return False
        if self._thinking.warning and self._ways.get(self.model_digest) != self._thinking:
            _LOG.warning("%s", self._thinking.warning)
        self._ways[self.model_digest] = self._thinking
        return True

    async def _version(self) -> str:
        version = (await self._api.get("/api/version", timeout=self._connect_timeout)).get(
            "version"
        )
        return str(version)[:30]

    async def _check_digest(self) -> None:
        tags = await self._api.get("/api/tags", timeout=self._connect_timeout)
        mine = _named(tags, self.model)
        digest = mine.get("digest") if mine else None
        self.model_digest = digest if isinstance(digest, str) else None
        if self._digest and not (self.model_digest or "").startswith(self._digest):
            raise AssessorUnavailableError(
                f"{self.model} has the digest {self.model_digest or 'unknown'}, not "
                f"{self._digest} (NEMOTRON_DIGEST): it was replaced by another version."
            )

    async def _loaded(self) -> LoadedModel | None:
        """Return how our model is loaded; None if it is not."""
        running = await self._api.get("/api/ps", timeout=self._connect_timeout)
        mine = _named(running, self.model)
        return read_loaded(mine) if mine else None

    def _choose_context(self, loaded: LoadedModel | None) -> int:
        """Return the context's length; Ollama loads the model again whenever it changes."""
        if self._fixed_context:
            return self._fixed_context
        needed = CONTEXT_TOKENS + self._thinking.room
        if self.vision:
            needed += MAX_IMAGES * IMAGE_TOKENS
        in_use = loaded.context_tokens if loaded else None
        return max(needed, in_use or 0)

    @property
    def _image_room(self) -> int:
        """The number of images that fit into the context."""
        text = MAX_PROMPT_TOKENS + MAX_ANSWER_TOKENS + self._thinking.room
        return max(0, self._context - text) // IMAGE_TOKENS

    async def _ask_nothing(self, timeout: float) -> ChatReply:
        # The same prefix as for every event: it stays in the runner's prefix cache.
        return await self._chat(
            [{**each} for each in empty_messages()],
            schema=answer_schema((), note=False),
            max_tokens=MAX_ANSWER_TOKENS,
            timeout=timeout,
        )

    async def _chat(
        self,
        messages: Sequence[dict[str, object]],
        *,
        schema: dict[str, object],
        max_tokens: int,
        timeout: float,
    ) -> ChatReply:
        think = self._thinking.think
        body: dict[str, object] = {
            "model": self.model,
            "messages": [*messages],
            "stream": False,
            "format": schema,
            "options": {
                "num_ctx": self._context,
                "num_predict": max_tokens + self._thinking.room,
                # Engines differ in their defaults; these leave the most likely answer.
                "temperature": 0,
                "seed": 0,
                "repeat_penalty": 1.0,
                "presence_penalty": 0.0,
                "frequency_penalty": 0.0,
            },
            "keep_alive": KEEP_ALIVE,
            "logprobs": True,
            "top_logprobs": TOP_TOKENS,
            **({} if think is None else {"think": think}),
        }
        return read_chat(await self._api.post("/api/chat", body, timeout=timeout))


def _named(listing: dict[str, object], asked: str) -> dict[str, object] | None:
    # Ollama adds a missing tag and ignores case.
    whole = asked if ":" in asked.rpartition("/")[2] else f"{asked}:latest"
    models = listing.get("models")
    for each in models if isinstance(models, list) else ():
        name = each.get("model") or each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str) and name.lower() == whole.lower():
            return dict(each)
    return None
