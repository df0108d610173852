"""Hands prepared pictures to the detector, one batch at a time, off the event loop."""

import asyncio
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass

from .base import Detector, Found, Prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Job:
    picture: Prepared
    threshold: float
    answer: asyncio.Future[Found]


class InferenceQueue:
    """The pictures that wait for the detector; a batch holds one picture."""

    def __init__(self, detector: Detector, thread: Executor) -> None:
        self._detector = detector
        self._thread = thread
        self._jobs: deque[_Job] = deque()
        self._arrived = asyncio.Event()

    async def detect(self, picture: Prepared, threshold: float) -> Found:
        """Wait for the picture's turn; a cancelled caller leaves the queue at once."""
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        job = _Job(picture=picture, threshold=threshold, answer=answer)
        self._jobs.append(job)
        self._arrived.set()
        try:
            return await answer
        finally:
            if job in self._jobs:
                self._jobs.remove(job)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._arrived.wait()
            while self._jobs:
                await self._work([self._jobs.popleft()])
            self._arrived.clear()

    async def _work(self, batch: list[_Job]) -> None:
        pictures = [job.picture for job in batch]
        thresholds = [job.threshold for job in batch]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._thread, self._detector.detect, pictures, thresholds
            )
            answers = list(zip(batch, found, strict=True))
        except Exception as err:  # noqa: BLE001 - whoever waits for the answer gets it
            for job in batch:
                if not job.answer.done():
                    job.answer.set_exception(err)
        else:
            for job, answer in answers:
                if not job.answer.done():
                    job.answer.set_result(answer)
