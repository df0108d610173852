"""/v1/models: list models; load, reload and unload the detector while running."""

import asyncio

from aiohttp import web

from inference_server.api.body import read_json
from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.catalog import ModelCatalog
from inference_server.detection.detector_manager import DetectorManager
from inference_server.errors import InvalidRequestError

_MAX_BODY_BYTES = 4096


class ModelsHandler:
    """List the models and change the loaded detector."""

    def __init__(
        self, detectors: DetectorManager, assessor_service: AssessorService, catalog: ModelCatalog
    ) -> None:
        self._detectors = detectors
        self._assessor_service = assessor_service
        self._catalog = catalog

    async def get(self, _: web.Request) -> web.Response:
        """Return the available models and those in use."""
        return await self._answer()

    async def load(self, request: web.Request) -> web.Response:
        """Load a detector by name; the previous one finishes the images in progress."""
        body = await read_json(request, max_bytes=_MAX_BODY_BYTES)
        if not isinstance(body, dict) or set(body) != {"name"} or not isinstance(body["name"], str):
            raise InvalidRequestError('The body must be {"name": "..."}, a name of GET /v1/models.')
        load = await asyncio.to_thread(self._catalog.loader, body["name"])
        await self._detectors.switch(load)
        return await self._answer()

    async def reload(self, _: web.Request) -> web.Response:
        """Load the same detector again from disk."""
        await self._detectors.switch()
        return await self._answer()

    async def unload(self, _: web.Request) -> web.Response:
        """Free the detector's memory; images are refused until a detector is loaded."""
        await self._detectors.unload()
        return await self._answer()

    async def _answer(self) -> web.Response:
        available = await asyncio.to_thread(self._catalog.available)
        runner = self._detectors.runner
        return web.json_response(
            {
                "detector": {
                    "state": self._detectors.status.state,
                    "loaded": runner.info.model if runner else None,
                    "available": [
                        {"name": each.name, "test_model": each.test_model} for each in available
                    ],
                },
                "assessor": {
                    "state": self._assessor_service.status.state,
                    "backend": self._assessor_service.backend,
                    "model": self._assessor_service.model,
                },
            }
        )
