"""Make small real RT-DETRv2 checkpoints with random weights."""

import json
from pathlib import Path

LABELS = ("person", "motorbike", "dog", "package")


def make_random_detector(folder: Path, *, seed: int = 7) -> None:
    """Write a checkpoint of the test detector's shape."""
    import torch
    from transformers import RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

    torch.manual_seed(seed)
    widths = [16, 24, 32, 48]
    config = RTDetrV2Config(  # type: ignore[call-arg] # more arguments than the stubs know
        backbone_config=RTDetrResNetConfig(  # type: ignore[call-arg] # more than the stubs know
            embedding_size=16,
            hidden_sizes=widths,
            depths=[1, 1, 1, 1],
            layer_type="basic",
            out_features=["stage2", "stage3", "stage4"],
        ),
        encoder_in_channels=widths[1:],
        encoder_hidden_dim=32,
        encoder_ffn_dim=64,
        encoder_attention_heads=4,
        d_model=32,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=64,
        decoder_attention_heads=4,
        decoder_layers=2,
        num_queries=30,
        num_denoising=0,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
        hsi_test_model=True,
    )
    RTDetrV2ForObjectDetection(config).save_pretrained(folder)
    preprocessor = {
        "image_processor_type": "RTDetrImageProcessor",
        "do_normalize": False,
        "do_pad": False,
        "do_rescale": True,
        "do_resize": True,
        "resample": 2,
        "rescale_factor": 1 / 255,
        "size": {"height": 256, "width": 256},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
