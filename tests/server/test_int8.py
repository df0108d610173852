"""int8 is calibrated with the owner's pictures, kept, and used where it passes the gate, only."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference_server.detection import int8
from inference_server.detection.base import DetectorInfo, UnavailableError
from inference_server.detection.checkpoint import load_checkpoint
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.detection.int8 import int8_model
from inference_server.detection.loading import load_detector
from inference_server.detection.selection.calibration_images import own_pictures, to_calibrate_with
from inference_server.settings import DetectorPrecision, DetectorRuntime, Settings
from testbed.drawing.scenes import draw as draw_scene
from tests.server.support import encode


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(8):
        scene = draw_scene(seed).image.convert("RGB")
        (folder / f"{seed:02}.jpg").write_bytes(encode(scene, quality=90))
    return folder


@pytest.fixture(scope="module")
def asked(settings: Settings, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return replace(
        settings,
        detector_runtime=DetectorRuntime.AUTO,
        detector_precision=DetectorPrecision.INT8,
        parity_pictures=pictures,
        state_dir=tmp_path_factory.mktemp("state"),
    )


@pytest.fixture(scope="module")
def info(asked: Settings) -> DetectorInfo:
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    return load_detector(asked).info


@pytest.mark.slow  # calibrates: a minute and more
def test_it_is_used_where_it_passes_and_told_where_it_does_not(info: DetectorInfo) -> None:
    assert info.runtime.startswith("openvino")
    if info.precision == "int8":
        assert info.fallback is None
        assert info.parity is not None
        assert info.parity.score_difference > 1e-4  # it really is another precision
    else:
        assert info.precision in {"bf16", "fp32"}
        assert info.fallback
        assert "OpenVINO in int8 does not compute what torch computes" in info.fallback


@pytest.mark.slow  # calibrates: a minute and more
def test_backbone_and_encoder_are_quantized_and_the_decoder_is_not(
    info: DetectorInfo, asked: Settings
) -> None:
    import openvino  # type: ignore[import-untyped,unused-ignore] # no py.typed marker

    [file] = (asked.state_dir / "openvino-int8").glob("*/model.xml")
    model = openvino.Core().read_model(file)
    whole_numbers = {openvino.Type.i8, openvino.Type.u8}
    quantized = {
        operation.get_friendly_name()
        for operation in model.get_ops()
        if operation.get_type_name() == "Constant"
        and operation.get_output_element_type(0) in whole_numbers
        and "__module" in operation.get_friendly_name()
    } | {
        consumer.get_node().get_friendly_name()
        for operation in model.get_ops()
        if operation.get_type_name() == "FakeQuantize"
        for consumer in operation.output(0).get_target_inputs()
    }
    assert any("backbone" in name for name in quantized)
    assert any("encoder.fpn_blocks" in name for name in quantized)
    assert not any("model.decoder." in name or "enc_score_head" in name for name in quantized)


@pytest.mark.slow  # calibrates: a minute and more
def test_a_restart_does_not_calibrate_again(
    info: DetectorInfo, asked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: object) -> None:
        raise AssertionError("calibrated again")

    monkeypatch.setattr(int8, "_quantize", again)
    assert load_detector(asked).info == info


@pytest.mark.slow  # calibrates: a minute and more
def test_other_pictures_calibrate_anew(
    info: DetectorInfo, asked: Settings, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def anew(*_: object) -> None:
        raise RuntimeError("calibrates anew")

    monkeypatch.setattr(int8, "_quantize", anew)
    (pictures / "another.jpg").write_bytes((pictures / "00.jpg").read_bytes())
    fallback = load_detector(asked).info.fallback
    assert "calibrates anew" in (fallback or "")


def test_without_pictures_it_is_fp32_and_told(asked: Settings) -> None:
    pytest.importorskip("openvino")
    info = load_detector(replace(asked, parity_pictures=None)).info
    assert info.precision == "fp32"
    assert info.runtime.startswith("openvino")
    assert "name it in PARITY_PICTURES" in (info.fallback or "")


def test_what_is_missing_is_told_with_what_to_do(
    asked: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load_checkpoint(asked.detector_model)
    model, cache = tmp_path / "model.xml", tmp_path / "cache"
    sound = encode(draw_scene(1).image.convert("RGB"))
    (tmp_path / "0.jpg").write_bytes(sound)
    few = replace(asked, parity_pictures=tmp_path)
    with pytest.raises(UnavailableError, match=r"takes 8 pictures at least.* has 1\."):
        int8_model(checkpoint, few, model, cache)
    monkeypatch.setattr(int8, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="Install the server with its int8 extra"):
        int8_model(checkpoint, asked, model, cache)


@pytest.mark.slow  # NNCF alone takes many seconds to import
def test_pictures_that_cannot_be_decoded_are_told(asked: Settings, tmp_path: Path) -> None:
    pytest.importorskip("nncf")
    torn = encode(draw_scene(1).image.convert("RGB"))[:4000]
    for number in range(9):
        (tmp_path / f"{number}.jpg").write_bytes(torn)
    settings = replace(asked, parity_pictures=tmp_path)
    checkpoint = load_checkpoint(asked.detector_model)
    with pytest.raises(RuntimeError, match="Only 0 of the pictures can be decoded"):
        int8_model(checkpoint, settings, tmp_path / "model.xml", tmp_path / "cache")


def test_it_is_compared_with_pictures_it_was_not_calibrated_with(tmp_path: Path) -> None:
    scene = draw_scene(1).image.convert("RGB")
    for number in range(40):
        (tmp_path / f"{number:02}.jpg").write_bytes(encode(scene))
    calibrated = to_calibrate_with(tmp_path)
    assert len(calibrated) == 26
    assert len(own_pictures(tmp_path, InputSize(height=64, width=64), max_pixels=10**6)) == 14
    for file in calibrated[:20]:
        file.unlink()
    assert len(to_calibrate_with(tmp_path)) >= 8
