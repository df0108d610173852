"""From image bytes to labelled boxes."""

import sys

# OpenVINO reports its import to a third party through this package; it works without it.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # so it is not found
