"""Ultralytics' RT-DETR-l, its shape with random weights, behind a plain handler."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
import sys

from aiohttp import web
import cv2  # type: ignore[import-not-found] # in the peers' environment only
import numpy as np

from benchmarks.server.peers.operators import declare_missing

MAX_BODY = 20 * 1024 * 1024  # bytes


def main() -> None:
    """Serve the model on the port named second; the first, a folder, is another model's."""
    declare_missing()
    from ultralytics import RTDETR  # type: ignore[import-not-found] # noqa: PLC0415 - needs the declarations

    model = RTDETR("rtdetr-l.yaml")
    thread = ThreadPoolExecutor(1)

    def detect_one(body: bytes) -> list[list[float]]:
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        [found] = model.predict(image, device="cpu", verbose=False)
        return [list(map(float, box)) for box in found.boxes.data.tolist()]

    async def detect(request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response(
            await asyncio.get_running_loop().run_in_executor(thread, detect_one, body)
        )

    # warm-up
    detect_one(cv2.imencode(".jpg", np.zeros((640, 640, 3), np.uint8))[1].tobytes())
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post("/detect", detect)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None, access_log=None)


if __name__ == "__main__":
    main()
