"""/v1/models/pull: downloads the language model that the server is set up with."""

from dataclasses import asdict

from aiohttp import web

from inference_server.assessment.model_download import ModelDownload


class PullHandler:
    """Starts a download and says how far it is."""

    def __init__(self, pull: ModelDownload) -> None:
        self._pull = pull

    async def post(self, _: web.Request) -> web.Response:
        """Begin, or answer with the one that runs."""
        return web.json_response(asdict(self._pull.start()), status=202)

    async def get(self, _: web.Request) -> web.Response:
        """Answer with the last download."""
        status = self._pull.status
        return web.json_response({"pull": asdict(status) if status else None})
