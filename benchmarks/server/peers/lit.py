"""LitServe with the plain detector and LitServe's own batching."""

from pathlib import Path
import sys

from fastapi import Request  # type: ignore[import-not-found] # as the next
import litserve  # type: ignore[import-not-found] # in the peers' environment only

from benchmarks.server.peers.operators import declare_missing

declare_missing()  # before transformers imports torchvision
from benchmarks.server.peers.plain import PlainDetector  # noqa: E402

BATCH = 8
BATCH_WAIT = 0.05  # seconds, as in LitServe's own examples


class Detect(litserve.LitAPI):  # type: ignore[misc] # as above
    """The model as LitServe's API."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=BATCH_WAIT, api_path="/detect")
        self._folder = folder
        self._detector: PlainDetector | None = None

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        self._detector = PlainDetector(self._folder)

    def decode_request(self, request: Request) -> bytes:
        """Take the image out of the form."""
        return bytes(request["image"].file.read())  # LitServe has parsed the form

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        """Keep the images separate: the detector decodes each."""
        return inputs

    def predict(self, bodies: list[bytes]) -> list[list[dict[str, object]]]:
        """Detect in a batch."""
        if self._detector is None:
            raise RuntimeError("LitServe did not set this up")
        return self._detector.detect(bodies)

    def unbatch(self, output: list[list[dict[str, object]]]) -> list[list[dict[str, object]]]:
        """Return one result a request."""
        return output

    def encode_response(self, output: list[dict[str, object]]) -> dict[str, object]:
        """Return the body as JSON values."""
        return {"detections": output}


def main() -> None:
    """Serve the model in the folder named first on the port named second."""
    server = litserve.LitServer(Detect(Path(sys.argv[1])), accelerator="cpu", timeout=False)
    server.run(
        host="127.0.0.1", port=int(sys.argv[2]), log_level="error", generate_client_file=False
    )


if __name__ == "__main__":
    main()
