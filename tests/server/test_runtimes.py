"""Runtimes on the CPU are used only if they detect what torch detects."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from pathlib import Path

import openvino  # type: ignore[import-untyped] # no py.typed marker
import pytest
import torch

from inference_server.detection.base import Detector, DetectorLoadError, Parity
from inference_server.detection.checkpoint import Checkpoint, load_checkpoint
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.loading import load_detector
from inference_server.detection.runtimes.base import RawOutput, Runtime
from inference_server.detection.runtimes.openvino import OpenVinoRuntime
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.detection.selection.parity import ParityError, check_parity
from inference_server.detection.selection.reference import Reference
from inference_server.detection.selection.synthetic_images import synthetic_images
from inference_server.detection.service import DetectionService
from inference_server.settings import DetectorPrecision, DetectorRuntime, Device, Settings
from testbed.drawing.scenes import draw as draw_scene
from tests.server.detectors import make_random_detector
from tests.server.support import check_schema, encode, hide_packages, no_assessor, serve


@pytest.fixture(scope="module")
def on_openvino(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings whose state folder has the converted model from the first load on."""
    state = tmp_path_factory.mktemp("state")
    return replace(settings, detector_runtime=DetectorRuntime.AUTO, state_dir=state)


@pytest.fixture(scope="module")
def openvino_detector(on_openvino: Settings) -> Detector:
    return load_detector(on_openvino)


@pytest.fixture(scope="module")
def checkpoint(detector_folder: Path) -> Checkpoint:
    return load_checkpoint(detector_folder)


@pytest.fixture(scope="module")
def runtime(checkpoint: Checkpoint) -> TorchRuntime:
    return TorchRuntime(checkpoint)


def test_auto_selects_openvino_on_a_cpu(openvino_detector: Detector) -> None:
    assert openvino_detector.info.runtime.startswith("openvino 2")
    assert openvino_detector.info.device == "cpu"
    assert openvino_detector.info.fallback is None
    assert openvino_detector.info.precision == "fp32"
    assert openvino_detector.info.parity is not None
    assert openvino_detector.info.parity.score_difference < 1e-3


def test_openvino_detects_what_torch_detects(
    openvino_detector: Detector, detector: Detector
) -> None:
    compared = 0
    for seed in range(6):
        image = encode(draw_scene(seed).image.convert("RGB"), quality=90)
        [ours], [theirs] = (
            each.detect([each.prepare(image)], [0.3]) for each in (openvino_detector, detector)
        )
        compared += len(theirs.detections)
        for one, other in zip(ours.detections, theirs.detections, strict=True):
            assert one.label == other.label
            assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
            assert one.box == pytest.approx(other.box, abs=1e-3)
    assert compared


def test_a_batch_gives_the_detections_of_each_image(
    openvino_detector: Detector, detector: Detector
) -> None:
    images = [detector.prepare(encode(draw_scene(seed).image.convert("RGB"))) for seed in (1, 2, 3)]
    batched = openvino_detector.detect(images, [0.2] * 3)
    for image, found in zip(images, batched, strict=True):
        [alone] = openvino_detector.detect([image], [0.2])
        assert found.detections == alone.detections


def test_the_converted_model_is_cached_for_the_next_start(
    openvino_detector: Detector, on_openvino: Settings
) -> None:
    files = sorted((on_openvino.state_dir / "openvino").glob("*/model.xml"))
    before = [file.stat().st_mtime_ns for file in files]
    assert load_detector(on_openvino).info.runtime == openvino_detector.info.runtime
    assert [file.stat().st_mtime_ns for file in files] == before
    assert len(before) == 1


def parity_of(checkpoint: Checkpoint, runtime: Runtime) -> Parity:
    return check_parity(Reference(checkpoint), runtime, synthetic_images(checkpoint.size)[:1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A runtime with altered outputs."""

    runtime: Runtime
    alter: Callable[[RawOutput], RawOutput]
    name: str = "altered"
    device: str = "cpu"
    precision: str = "fp32"
    best_batch: int = 1

    def infer(self, batch: torch.Tensor) -> RawOutput:
        return self.alter(self.runtime.infer(batch))


def test_parity_reports_the_differences(checkpoint: Checkpoint, runtime: Runtime) -> None:
    parity = parity_of(checkpoint, runtime)
    assert parity.pictures == 1
    assert parity.score_difference < 1e-4
    assert parity.least_iou > 0.999


def test_the_order_of_candidates_does_not_matter(checkpoint: Checkpoint, runtime: Runtime) -> None:
    def reordered(out: RawOutput) -> RawOutput:
        return RawOutput(
            logits=out.logits.flip(1), boxes=out.boxes.flip(1), candidates=out.candidates.flip(1)
        )

    parity_of(checkpoint, Altered(runtime=runtime, alter=reordered))


@pytest.fixture(scope="module")
def tied_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Return a model that scores all candidates equally, so that any choice is as good."""
    folder = tmp_path_factory.mktemp("models") / "ties"
    make_random_detector(folder)
    checkpoint = load_checkpoint(folder)
    torch.nn.init.zeros_(checkpoint.model.get_parameter("model.enc_score_head.weight"))
    return checkpoint


def test_a_runtime_may_choose_other_equal_candidates(
    tied_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    images = synthetic_images(tied_checkpoint.size)[:1]
    on_openvino = OpenVinoRuntime(tied_checkpoint, tmp_path)
    on_torch = TorchRuntime(tied_checkpoint)
    theirs, ours = (each.infer(images[0][None]) for each in (on_torch, on_openvino))
    assert set(ours.candidates[0].tolist()) != set(theirs.candidates[0].tolist())
    check_parity(Reference(tied_checkpoint), on_openvino, images)


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        pytest.param(
            lambda out: replace(out, boxes=out.boxes * 0.9), "differs in", id="moved boxes"
        ),
        pytest.param(
            lambda out: replace(out, logits=out.logits.roll(1, 2)), "differs in", id="other labels"
        ),
        pytest.param(
            lambda out: replace(out, logits=out.logits + 3), "differs in", id="higher scores"
        ),
        pytest.param(
            lambda out: replace(out, boxes=out.boxes * torch.nan),
            "not finite",
            id="values not finite",
        ),
        pytest.param(
            lambda out: RawOutput(
                logits=out.logits[:, :2], boxes=out.boxes[:, :2], candidates=out.candidates
            ),
            "another shape",
            id="fewer objects",
        ),
        pytest.param(
            lambda out: replace(out, candidates=out.candidates.flip(1)),
            "differs in",
            id="mislabelled candidates",
        ),
        pytest.param(
            lambda out: replace(out, candidates=torch.zeros_like(out.candidates)),
            "chooses a candidate twice",
            id="one candidate only",
        ),
    ],
)
def test_a_runtime_with_other_outputs_fails_the_parity_gate(
    checkpoint: Checkpoint,
    runtime: Runtime,
    alter: Callable[[RawOutput], RawOutput],
    message: str,
) -> None:
    with pytest.raises(ParityError, match=f"altered.*{message}"):
        parity_of(checkpoint, Altered(runtime=runtime, alter=alter))


@pytest.mark.parametrize("part", ["model.enc_score_head", "model.decoder.layers.0.encoder_attn"])
def test_a_model_with_one_wrong_part_fails_the_parity_gate(
    checkpoint: Checkpoint, detector_folder: Path, part: str
) -> None:
    broken = load_checkpoint(detector_folder)
    with torch.no_grad():
        for weights in broken.model.get_submodule(part).parameters():
            weights.neg_()
    with pytest.raises(ParityError):
        parity_of(checkpoint, TorchRuntime(broken))


async def test_a_fallback_is_logged_and_reported_in_health(
    on_openvino: Settings,
    openvino_detector: Detector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    infer = OpenVinoRuntime.infer

    def shifted(self: OpenVinoRuntime, batch: torch.Tensor) -> RawOutput:
        output = infer(self, batch)
        return replace(output, boxes=output.boxes * 0.9)

    monkeypatch.setattr(OpenVinoRuntime, "infer", shifted)
    service = DetectionService(DetectorManager(lambda: load_detector(on_openvino)), queue_limit=4)
    client = await serve(on_openvino, service, no_assessor())
    await service.detectors.settled.wait()
    health = await (await client.get("/v1/health")).json()
    await client.close()
    check_schema("Health", health)
    assert health["detector"]["state"] == "ready"
    assert health["detector"]["runtime"].startswith("torch 2")
    assert "differs from torch" in health["detector"]["fallback"]
    errors = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
    assert health["detector"]["fallback"] in errors
    assert health["detector"]["error"] is None


def test_a_state_folder_that_is_not_writable_falls_back_to_torch(
    on_openvino: Settings, tmp_path: Path
) -> None:
    (tmp_path / "openvino").write_text("in the way")
    info = load_detector(replace(on_openvino, state_dir=tmp_path)).info
    assert info.runtime.startswith("torch 2")
    assert info.fallback
    assert "OpenVINO in fp32 failed to run" in info.fallback


def test_a_requested_runtime_that_is_not_available_is_refused(
    on_openvino: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = replace(on_openvino, detector_runtime=DetectorRuntime.OPENVINO)
    with pytest.raises(DetectorLoadError, match="DEVICE=cuda asks for the GPU"):
        load_detector(replace(named, device=Device.CUDA))
    hide_packages(monkeypatch, "openvino", "onnxruntime")
    with pytest.raises(DetectorLoadError, match="openvino is not installed"):
        load_detector(named)
    assert load_detector(on_openvino).info.fallback is None  # auto does not request it


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for seed in (3, 14, 15):
        (folder / f"{seed}.jpg").write_bytes(encode(draw_scene(seed).image.convert("RGB")))
    (folder / "torn.jpg").write_bytes(encode(draw_scene(3).image.convert("RGB"))[:5000])
    (folder / "notes.txt").write_text("no image")
    return folder


def test_the_users_images_are_compared_too(
    on_openvino: Settings, scenes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parity = load_detector(replace(on_openvino, parity_images=scenes)).info.parity
    assert parity is not None
    assert parity.pictures == len(synthetic_images(InputSize())) + 3
    assert parity.objects >= 3
    assert "Skipped torn.jpg" in caplog.text


def test_a_folder_without_images_fails_the_load(on_openvino: Settings, tmp_path: Path) -> None:
    with pytest.raises(DetectorLoadError, match="contains no image"):
        load_detector(replace(on_openvino, parity_images=tmp_path))


def test_bf16_without_openvino_is_reported(
    on_openvino: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    requested = replace(on_openvino, detector_precision=DetectorPrecision.BF16)
    hide_packages(monkeypatch, "openvino", "onnxruntime")
    info = load_detector(requested).info
    assert info.precision == "fp32"
    assert info.runtime.startswith("torch")
    assert info.fallback
    assert "DETECTOR_PRECISION=bf16 is not available with torch on the CPU" in info.fallback
    assert info.fallback in caplog.text


def test_requested_bf16_is_used_if_it_passes_the_parity_gate(
    on_openvino: Settings, scenes: Path
) -> None:
    requested = replace(
        on_openvino, detector_precision=DetectorPrecision.BF16, parity_images=scenes
    )
    info = load_detector(requested).info
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert info.precision == "fp32"
        assert "does not support bf16" in (info.fallback or "")
    elif info.precision == "bf16":
        assert info.parity is not None
        assert info.parity.score_difference > 1e-4  # another precision than the reference
        assert info.fallback is None
    else:
        assert "OpenVINO in bf16 differs from torch" in (info.fallback or "")


@pytest.mark.slow  # half a minute: the r18's real size
def test_an_r18_at_its_real_size_passes_the_parity_gate(
    on_openvino: Settings, tmp_path: Path
) -> None:
    from benchmarks.server.weights import make_r18

    make_r18(tmp_path / "r18")
    info = load_detector(
        replace(on_openvino, detector_model=tmp_path / "r18", state_dir=tmp_path)
    ).info
    assert info.runtime.startswith("openvino 2")
    assert info.fallback is None
    assert info.parity is not None
    assert info.parity.score_difference < 1e-3


def test_auto_selects_onnxruntime_if_openvino_is_not_installed(
    on_openvino: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    hide_packages(monkeypatch, "openvino")
    auto = replace(on_openvino, state_dir=tmp_path)
    info = load_detector(auto).info
    assert info.runtime.startswith("onnxruntime 1")
    assert info.fallback is None
    assert info.parity is not None
    assert info.parity.score_difference < 1e-3
    [file] = (tmp_path / "onnxruntime").glob("*/model.onnx")
    made_at = file.stat().st_mtime_ns
    named = replace(auto, detector_runtime=DetectorRuntime.ONNXRUNTIME)
    assert load_detector(named).info.runtime == info.runtime
    assert file.stat().st_mtime_ns == made_at
