"""/v1/models/pull: download the configured language model."""

from dataclasses import asdict

from aiohttp import web

from inference_server.assessment.model_download import ModelDownload


class PullHandler:
    """Start a download and report its progress."""

    def __init__(self, pull: ModelDownload) -> None:
        self._pull = pull

    async def post(self, _: web.Request) -> web.Response:
        """Start a download, or return the running one."""
        return web.json_response(asdict(self._pull.start()), status=202)

    async def get(self, _: web.Request) -> web.Response:
        """Return the last download."""
        status = self._pull.status
        return web.json_response({"pull": asdict(status) if status else None})
