"""The pipeline without Home Assistant: from a file in a camera folder to an assessed event."""
