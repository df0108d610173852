"""Heavy packages are imported when they are used, so that the server starts at once."""

import subprocess
import sys

from tests.server.support import ROOT

HEAVY = "PIL llama_cpp numpy ollama onnx onnxruntime openvino pynvml simplejpeg tensorrt torch transformers xllamacpp"


def test_the_app_imports_nothing_heavy() -> None:
    program = (
        "import sys, inference_server.app, inference_server.serve, inference_server.__main__;"
        f"print(*sorted(set({HEAVY.split()}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
