"""The real server with a runtime that returns at once: what the server itself costs."""

import asyncio
from pathlib import Path
import sys
from uuid import UUID

from aiohttp import web
import torch

from inference_server.app import create_app
from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.checkpoint import load_checkpoint
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.rtdetr import RtDetr
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.selection.selection import Selection
from inference_server.detection.service import DetectionService
from inference_server.http.runner import create_runner
from inference_server.observability.logs import configure
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings

_SURE = 3  # objects in each image, as one with some people in it has


class NoModel:
    """Answers with the same candidates whatever it is shown."""

    name = "none"
    device = "cpu"
    precision = "fp32"
    best_batch = 1

    def __init__(self, queries: int, classes: int) -> None:
        generator = torch.Generator().manual_seed(3)
        logits = torch.full((1, queries, classes), -6.0)
        logits[0, :_SURE, 0] = 2.0
        boxes = torch.rand(1, queries, 4, generator=generator) / 2 + 0.25
        self._output = RawOutput(
            logits=logits, boxes=boxes, candidates=torch.arange(queries)[None, :]
        )

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Return the output of one image."""
        if len(batch) != 1:
            raise ValueError("one image at a time")
        return self._output


async def serve(folder: Path, port: int) -> None:
    """Serve until ended."""
    settings = Settings(detector_model=folder, rate_limit=0)
    checkpoint = load_checkpoint(folder)
    runtime = NoModel(300, len(checkpoint.labels))
    detector = RtDetr(checkpoint, Selection(runtime=runtime), max_pixels=settings.max_pixels)
    metrics = Metrics()
    detectors = DetectorManager(
        lambda: detector, batch_wait=settings.batch_wait_ms / 1000, metrics=metrics
    )
    app = create_app(
        settings,
        instance_id=UUID(int=0),
        detection=DetectionService(detectors, queue_limit=settings.queue_limit),
        assessor_service=AssessorService(lambda: None, timeout=1),
        metrics=metrics,
    )
    runner = create_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    """Serve the shape of the model in the folder named first on the port named second."""
    configure(Settings().log_level)  # every request is logged, as it is in production
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
