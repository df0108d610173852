"""The TensorRT candidate: its ONNX model passes the parity check, and torch is the fallback."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference_server.detection.base import RuntimeUnavailableError
from inference_server.detection.checkpoint import Checkpoint, load_checkpoint
from inference_server.detection.decoding.preprocess import to_float
from inference_server.detection.loading import load_detector
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.runtimes.onnx_export import INPUT, save_onnx
from inference_server.detection.runtimes.tensorrt import Card, driver_version, engine_version
from inference_server.detection.selection.candidates import gpu_candidates
from inference_server.detection.selection.parity import check_parity
from inference_server.detection.selection.reference import Reference
from inference_server.detection.selection.synthetic_images import synthetic_images
from inference_server.settings import DetectorRuntime, Device, Settings
from tests.server.support import hide_packages

CARD = Card(name="NVIDIA L4", capability=(8, 9), driver="580.95.05", tensorrt="11.4.0.106")


@pytest.fixture
def tensorrt(settings: Settings) -> Settings:
    return replace(settings, detector_runtime=DetectorRuntime.TENSORRT, device=Device.AUTO)


@pytest.mark.parametrize(
    "other",
    [
        replace(CARD, name="NVIDIA L40"),
        replace(CARD, capability=(9, 0)),
        replace(CARD, driver="590.1"),
        replace(CARD, tensorrt="11.5.0"),
    ],
)
def test_an_engine_is_specific_to_card_driver_tensorrt_and_precision(other: Card) -> None:
    assert engine_version(CARD, "fp16") != engine_version(other, "fp16")
    assert engine_version(CARD, "fp16") != engine_version(CARD, "fp32")


def test_the_drivers_version_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("580.95.05\n")
    assert driver_version(tmp_path / "version") == "580.95.05"
    assert driver_version(tmp_path / "none") == "unknown"


def test_without_a_gpu_the_cpu_is_used_and_reported(
    tensorrt: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    hide_packages(monkeypatch, "openvino", "onnxruntime", "tensorrt")
    info = load_detector(tensorrt).info
    assert info.device == "cpu"
    assert "DETECTOR_RUNTIME=tensorrt is not available: it needs an NVIDIA GPU" in str(
        info.fallback
    )
    assert str(info.fallback) in caplog.text


def test_without_the_package_torch_on_cuda_is_the_next_candidate(
    tensorrt: Settings, detector_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_packages(monkeypatch, "tensorrt")
    first, second, *_ = gpu_candidates(load_checkpoint(detector_folder), tensorrt)
    with pytest.raises(RuntimeUnavailableError, match="tensorrt is not installed"):
        first.create()
    assert second.description == "torch in fp16 with CUDA graphs on the GPU"


class OnOnnxRuntime:
    """Runs the ONNX file that TensorRT gets, on the CPU."""

    name, device, precision, best_batch = "the file", "cpu", "fp16", 3

    def __init__(self, checkpoint: Checkpoint, file: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped,unused-ignore] # optional

        save_onnx(checkpoint, file, batches=True, numbers=torch.float16)
        self._session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def infer(self, batch: torch.Tensor) -> RawOutput:
        outputs = self._session.run(None, {INPUT: to_float(batch).numpy()})
        logits, boxes, candidates = map(torch.from_numpy, outputs)
        return RawOutput(logits=logits.float(), boxes=boxes.float(), candidates=candidates)


def test_the_exported_model_passes_the_parity_gate_in_fp16_and_in_batches(
    detector_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    checkpoint = load_checkpoint(detector_folder)
    runtime = OnOnnxRuntime(checkpoint, tmp_path / "model.onnx")
    parity = check_parity(Reference(checkpoint), runtime, synthetic_images(checkpoint.size)[2:])
    assert 1e-5 < parity.score_difference < 0.03  # another precision than the reference


def test_the_real_package_has_the_members_in_use() -> None:
    trt = pytest.importorskip("tensorrt", exc_type=ImportError)
    used = {
        trt.Builder: (
            "build_serialized_network",
            "create_builder_config",
            "create_network",
            "create_optimization_profile",
        ),
        trt.OnnxParser: ("get_error", "num_errors", "parse_from_file"),
        trt.IBuilderConfig: ("add_optimization_profile",),
        trt.IOptimizationProfile: ("set_shape",),
        trt.Runtime: ("deserialize_cuda_engine",),
        trt.ICudaEngine: ("create_execution_context", "get_tensor_dtype"),
        trt.IExecutionContext: (
            "execute_async_v3",
            "get_tensor_shape",
            "set_input_shape",
            "set_optimization_profile_async",
            "set_tensor_address",
        ),
        trt.DataType: ("BF16", "FLOAT", "HALF", "INT32", "INT64"),
        trt.Logger: ("ERROR",),
    }
    for kind, names in used.items():
        assert not set(names) - set(dir(kind)), kind


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
def test_tensorrt_passes_the_parity_gate_and_its_engine_is_cached(
    tensorrt: Settings, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt", exc_type=ImportError)
    settings = replace(tensorrt, device=Device.CUDA, state_dir=tmp_path)
    info = load_detector(settings).info
    assert info.fallback is None
    assert info.runtime.startswith("tensorrt")
    [file] = (tmp_path / "tensorrt").glob("*/model.engine")
    made_at = file.stat().st_mtime_ns
    assert load_detector(settings).info == info
    assert file.stat().st_mtime_ns == made_at
