"""From picture bytes to labelled boxes."""
