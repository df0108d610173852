"""From picture bytes to labelled boxes."""

import sys

# It reports to a third party that OpenVINO was imported, or NNCF used; both go without it.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # so it is not found
