"""A registry that a real Ollama downloads from: it hands out another Ollama's models."""

import asyncio
import contextlib
from pathlib import Path
import re
import ssl
import subprocess
from typing import Self

from aiohttp import web

LIBRARY = "registry.ollama.ai/library"


class Registry:
    """Serves over TLS, as Ollama wants it; of a large part the second half waits for `go`."""

    def __init__(self, models: Path, folder: Path) -> None:
        """`models` is the folder in which an Ollama keeps its models."""
        self.go = asyncio.Event()
        self.certificate = folder / "registry.pem"
        self._key = folder / "registry.key"
        self._models = models
        self._runner: web.AppRunner | None = None
        self._port = 0

    def name(self, model: str) -> str:
        """Return a model's name by which Ollama asks here."""
        return f"localhost:{self._port}/library/{model}"

    async def __aenter__(self) -> Self:
        subprocess.run(  # noqa: ASYNC221 # nothing else runs yet
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                *("-keyout", self._key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        app = web.Application()
        app.router.add_get("/v2/library/{model}/manifests/{tag}", self._manifest)
        app.router.add_head("/v2/library/{model}/blobs/{digest}", self._blob)
        app.router.add_get("/v2/library/{model}/blobs/{digest}", self._elsewhere, allow_head=False)
        app.router.add_get("/data/{digest}", self._blob)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.go.set()
        if self._runner:
            await self._runner.cleanup()

    async def _manifest(self, request: web.Request) -> web.StreamResponse:
        path = self._models / "manifests" / LIBRARY / request.match_info["model"]
        file = path / request.match_info["tag"]
        if not file.is_file():
            raise web.HTTPNotFound
        return web.Response(body=file.read_bytes(), content_type="application/json")

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        # As Ollama's own registry, which keeps large parts on another host; Ollama insists on that.
        location = f"https://127.0.0.1:{self._port}/data/{request.match_info['digest']}"
        return web.Response(status=307, headers={"Location": location})

    async def _blob(self, request: web.Request) -> web.StreamResponse:
        content = (
            self._models / "blobs" / request.match_info["digest"].replace(":", "-")
        ).read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if wanted:
            content = content[int(wanted[1]) : int(wanted[2]) + 1]
        response = web.StreamResponse(status=206 if wanted else 200)
        response.content_length = len(content)
        await response.prepare(request)
        if request.method == "GET":
            half = len(content) // 2
            with contextlib.suppress(ConnectionError):  # the client may have gone away
                await response.write(content[:half])
                if len(content) > 1_000_000:
                    await self.go.wait()
                await response.write(content[half:])
        return response
