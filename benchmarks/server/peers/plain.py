"""A plain handler: the library's image processor and eager model per request."""

import io
from pathlib import Path
import sys

from aiohttp import web
from PIL import Image
import torch
from transformers import RTDetrImageProcessorPil, RTDetrV2ForObjectDetection

MAX_BODY = 20 * 1024 * 1024  # bytes
THRESHOLD = 0.5


class PlainDetector:
    """The checkpoint as its library's documentation uses it."""

    def __init__(self, folder: Path) -> None:
        self._processor = RTDetrImageProcessorPil.from_pretrained(folder)
        model = RTDetrV2ForObjectDetection.from_pretrained(folder, local_files_only=True)
        self._model = model.eval()  # type: ignore[no-untyped-call] # torch's types lack it

    def detect(self, bodies: list[bytes]) -> list[list[dict[str, object]]]:
        """Return the objects in each image of a batch."""
        images = [Image.open(io.BytesIO(body)).convert("RGB") for body in bodies]
        with torch.inference_mode():
            output = self._model(**self._processor(images=images, return_tensors="pt"))
        found = self._processor.post_process_object_detection(
            output,
            threshold=THRESHOLD,
            target_sizes=[(image.height, image.width) for image in images],
        )
        return [
            [
                {"label": int(label), "score": float(score), "box": box.tolist()}
                for label, score, box in zip(
                    each["labels"], each["scores"], each["boxes"], strict=True
                )
            ]
            for each in found
        ]


def main() -> None:
    """Serve the model in the folder named first on the port named second."""
    detector = PlainDetector(Path(sys.argv[1]))

    async def detect(request: web.Request) -> web.Response:
        [found] = detector.detect([await request.read()])
        return web.json_response(found)

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post("/detect", detect)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None, access_log=None)


if __name__ == "__main__":
    main()
