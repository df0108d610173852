"""/v1/models: list models; load, reload and unload the detector while running."""

import asyncio

from aiohttp import web

from inference_server.api.body import read_json
from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.catalog import ModelCatalog
from inference_server.detection.engine_manager import EngineManager
from inference_server.errors import InvalidRequestError

_MAX_BODY_BYTES = 4096


class ModelsHandler:
    """List the models and change the loaded detector."""

    def __init__(
        self, engines: EngineManager, assessor_service: AssessorService, catalog: ModelCatalog
    ) -> None:
        self._engines = engines
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
        await self._engines.switch(load)
        return await self._answer()

    async def reload(self, _: web.Request) -> web.Response:
        """Load the same detector again from disk."""
        await self._engines.switch()
        return await self._answer()

    async def unload(self, _: web.Request) -> web.Response:
        """Free the detector's memory; images are refused until a detector is loaded."""
        await self._engines.unload()
        return await self._answer()

    async def _answer(self) -> web.Response:
        available = await asyncio.to_thread(self._catalog.available)
        engine = self._engines.engine
        return web.json_response(
            {
                "detector": {
                    "state": self._engines.status.state,
                    "loaded": engine.info.model if engine else None,
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
