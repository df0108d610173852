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
from inference_server.detection.selection import candidates
from inference_server.detection.selection.parity import check_parity
from inference_server.detection.selection.reference import Reference
from inference_server.detection.selection.synthetic_images import synthetic_images
from inference_server.settings import DetectorRuntime, Device, Settings

CARD = Card(name="NVIDIA L4", capability=(8, 9), driver="580.95.05", tensorrt="11.4.0.106")


@pytest.fixture
def asked(settings: Settings) -> Settings:
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
def test_an_engine_is_for_one_card_driver_tensorrt_and_precision(other: Card) -> None:
    assert engine_version(CARD, "fp16") != engine_version(other, "fp16")
    assert engine_version(CARD, "fp16") != engine_version(CARD, "fp32")


def test_the_driver_is_asked_for_its_version(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("580.95.05\n")
    assert driver_version(tmp_path / "version") == "580.95.05"
    assert driver_version(tmp_path / "none") == "unknown"


def test_without_a_gpu_the_cpu_works_and_it_is_told(
    asked: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(candidates, "find_spec", lambda _: None)
    info = load_detector(asked).info
    assert info.device == "cpu"
    assert "DETECTOR_RUNTIME=tensorrt is not available: it needs an NVIDIA GPU" in str(
        info.fallback
    )
    assert str(info.fallback) in caplog.text


def test_without_the_package_torch_on_cuda_is_next(
    asked: Settings, detector_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "find_spec", lambda _: None)
    first, second, *_ = candidates.gpu_candidates(load_checkpoint(detector_folder), asked)
    with pytest.raises(RuntimeUnavailableError, match="tensorrt is not installed"):
        first.create()
    assert second.description == "torch in fp16 with CUDA graphs on the GPU"


class OnOnnxRuntime:
    """Computes the file that TensorRT would be given, on the CPU."""

    name, device, precision, best_batch = "the file", "cpu", "fp16", 3

    def __init__(self, checkpoint: Checkpoint, file: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped,unused-ignore] # optional

        save_onnx(checkpoint, file, batches=True, numbers=torch.float16)
        self._session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def infer(self, batch: torch.Tensor) -> RawOutput:
        outputs = self._session.run(None, {INPUT: to_float(batch).numpy()})
        logits, boxes, candidates = map(torch.from_numpy, outputs)
        return RawOutput(logits=logits.float(), boxes=boxes.float(), candidates=candidates)


def test_the_model_it_is_given_passes_the_gate_in_fp16_and_in_batches(
    detector_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    checkpoint = load_checkpoint(detector_folder)
    runtime = OnOnnxRuntime(checkpoint, tmp_path / "model.onnx")
    parity = check_parity(Reference(checkpoint), runtime, synthetic_images(checkpoint.size)[2:])
    assert 1e-5 < parity.score_difference < 0.03  # it really is another precision


def test_the_real_package_has_what_is_used_of_it() -> None:
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
def test_on_a_gpu_it_passes_the_gate_and_the_engine_is_kept(
    asked: Settings, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt", exc_type=ImportError)
    settings = replace(asked, device=Device.CUDA, state_dir=tmp_path)
    info = load_detector(settings).info
    assert info.fallback is None
    assert info.runtime.startswith("tensorrt")
    [file] = (tmp_path / "tensorrt").glob("*/model.engine")
    made_at = file.stat().st_mtime_ns
    assert load_detector(settings).info == info
    assert file.stat().st_mtime_ns == made_at
