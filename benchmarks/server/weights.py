"""An RT-DETRv2 of the r18's shape with random weights; its speed is that of the trained one."""

import json
from pathlib import Path

import torch
from transformers import RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

_WIDTHS = [64, 128, 256, 512]
_LABELS = 80  # COCO's


def make_r18(folder: Path) -> None:
    """Write the checkpoint; the same one each time."""
    torch.manual_seed(18)
    names = {index: f"object {index}" for index in range(_LABELS)}
    config = RTDetrV2Config(  # type: ignore[call-arg] # its types lack arguments that every configuration takes
        backbone_config=RTDetrResNetConfig(  # type: ignore[call-arg] # as above
            hidden_sizes=_WIDTHS,
            depths=[2, 2, 2, 2],
            layer_type="basic",
            out_features=["stage2", "stage3", "stage4"],
        ),
        encoder_in_channels=_WIDTHS[1:],
        hidden_expansion=0.5,
        decoder_layers=3,
        num_denoising=0,
        num_labels=_LABELS,
        id2label=names,
        label2id={name: index for index, name in names.items()},
    )
    model = RTDetrV2ForObjectDetection(config)
    for part in model.modules():
        # The library's initial weights are for training: without trained batch statistics the signal
        # fades, every candidate scores the same, and a comparison of runtimes would show nothing.
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    model.save_pretrained(folder)
    preprocessor = {
        "image_processor_type": "RTDetrImageProcessor",
        "do_normalize": False,
        "do_pad": False,
        "size": {"height": 640, "width": 640},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
