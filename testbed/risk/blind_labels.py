"""A second author's labels: scenes as text without their labels, and how far two authors agree.

`python -m testbed.risk.blind_labels write FOLDER` writes a fifth of each author's scenes,
`python -m testbed.risk.blind_labels read FOLDER` compares the labels that were written beside them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import sys
from typing import Final

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.models import Detection, Image, RiskLevel  # isort: skip
from hsi_core.domain.zones import Zone  # isort: skip

from testbed.risk.measures import Share, share_text
from testbed.risk.pools import SCENARIOS, Pool, read_pools
from testbed.risk.scenarios import Scenario
from testbed.risk.variants import without_home_events

_SEED: Final = "second author"
_PART: Final = 5  # one of so many scenes
_WITHOUT: Final = "-without-home"  # sets whose scenes tell nothing of the home
_LINES: Final = 32  # of a scene, at most about so many
_UNSURE: Final = 0.45  # a detection of less confidence gets a question mark
_HEADER: Final = """\
{count} scenes of home cameras: still images in which a detector marked objects.
For each scene: should a sensible homeowner be alarmed (yes or no), and which level fits at the end
of the story: low, medium, high or critical? A position is given as part of the image: x from left
to right, y from top to bottom, for the middle of the object's lower edge; h is its height.
Write one line a scene into {labels}: KEY LEVEL yes|no
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What an author thinks of a scene."""

    level: RiskLevel
    incident: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Write the texts or compare the labels; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="blind-labels", description=__doc__)
    parser.add_argument("action", choices=["write", "read"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenarios", type=Path, default=SCENARIOS, metavar="DIR")
    parser.add_argument("--authors", default="e,f,g,h,i,j,k,l")
    options = parser.parse_args(argv)
    wanted = set(options.authors.split(","))
    pools = [pool for pool in read_pools(options.scenarios) if pool.author in wanted]
    if options.action == "write":
        options.folder.mkdir(parents=True, exist_ok=True)
        for name, scenes in _sets(pools):
            labels = f"{name}.labels"
            text = _HEADER.format(count=len(scenes), labels=labels)
            text += "".join(f"\n{scene_text(scene)}" for scene in scenes)
            (options.folder / f"{name}.txt").write_text(text, "utf-8")
            print(f"{len(scenes)} scenes in {options.folder / name}.txt")
        return 0
    return _compare(options.folder, pools)


def key_of(scene: Scenario) -> str:
    """Return a scene's name that tells nothing about it."""
    return hashlib.sha256(f"{_SEED} {scene.id}".encode()).hexdigest()[:8]


def scene_text(scene: Scenario) -> str:
    """Describe what is known of a scene, without what its author makes of it."""
    context = scene.context
    zone = context.time_zone
    known = [
        f"placement {context.placement or 'unknown'}",
        f"alarm {_alarm(scene)}",
        f"residents {context.occupancy or 'unknown'}",
    ]
    lines = [
        f"== {key_of(scene)}",
        f"camera {scene.camera}; {'; '.join(known)}",
        f"{scene.images[0].captured_at.astimezone(zone):%A %Y-%m-%d %H:%M:%S}",
    ]
    lines += [f"zone {area.name} ({area.kind}): {_extent(area)}" for area in context.zones]
    if context.usual:
        rates = ", ".join(f"{label} {rate:g}" for label, rate in context.usual.items())
        lines.append(f"usual events an hour at this time: {rates}")
    lines += [f"home {e.at.astimezone(zone):%H:%M:%S}: {e.name}" for e in context.home_events]
    if context.reported and not context.home_events:
        lines.append("home: nothing reported")
    lines += [
        f"camera {e.camera} {e.at.astimezone(zone):%H:%M:%S}: {e.label}" for e in context.elsewhere
    ]
    lines += _images(scene)
    return "\n".join(lines) + "\n"


def agreement(mine: Sequence[int], theirs: Sequence[int], kinds: int) -> tuple[float, float]:
    """Return the share of equal labels and Cohen's kappa."""
    count = len(mine)
    raw = sum(a == b for a, b in zip(mine, theirs, strict=True)) / count
    chance = sum(mine.count(k) * theirs.count(k) for k in range(kinds)) / count**2
    return raw, (raw - chance) / (1 - chance) if chance < 1 else 1.0


def read_labels(file: Path) -> dict[str, Label]:
    """Read the labels of a set; raises ValueError."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        key, level, incident = words[:3]
        if incident not in {"yes", "no"}:
            raise ValueError(f"{file}: {line}: the third word is neither yes nor no")
        found[key] = Label(level=RiskLevel(level), incident=incident == "yes")
    return found


def _compare(folder: Path, pools: Sequence[Pool]) -> int:
    text = []
    for title, chosen in (("with home events", False), ("without home events", True)):
        pairs: list[tuple[Scenario, Label]] = []
        for name, scenes in _sets(pools):
            file = folder / f"{name}.labels"
            if name.endswith(_WITHOUT) is chosen and file.exists():
                labels = read_labels(file)
                pairs += [(s, labels[key_of(s)]) for s in scenes if key_of(s) in labels]
        if pairs:
            text += [f"{title}: {len(pairs)} scenes labelled twice", *_lines(pairs)]
    print("\n".join(text) or f"there are no labels in {folder}")
    return 0 if text else 1


def _lines(pairs: Sequence[tuple[Scenario, Label]]) -> Iterator[str]:
    mine = [int(scene.incident) for scene, _ in pairs]
    theirs = [int(label.incident) for _, label in pairs]
    raw, kappa = agreement(mine, theirs, 2)
    yield f"  incident or not: same {raw:.2f}, kappa {kappa:.2f}"
    fits = sum(label.level in scene.levels for scene, label in pairs)
    yield f"  level among those accepted  {share_text(Share(count=fits, of=len(pairs)))}"
    for name, kind in (("incidents", 1), ("benign scenes", 0)):
        some = [t for m, t in zip(mine, theirs, strict=True) if m == kind]
        share = Share(count=sum(some), of=len(some))
        yield f"  {name} labelled as incidents  {share_text(share)}"
    for scene, label in pairs:
        if scene.incident is not label.incident:
            yield f"  {'incident' if scene.incident else 'benign'} {scene.id}: {label.level}"


def _sets(pools: Sequence[Pool]) -> Iterator[tuple[str, tuple[Scenario, ...]]]:
    """Yield a fifth of each author's scenes, and another fifth without home events."""
    for pool in pools:
        order = sorted(pool.scenes, key=key_of)
        size = len(order) // _PART
        yield pool.author, tuple(order[:size])
        stripped = tuple(without_home_events(scene) for scene in order[size : 2 * size])
        yield f"{pool.author}{_WITHOUT}", stripped


def _images(scene: Scenario) -> Iterator[str]:
    """Describe the images; neighbours in which nothing moves far are one line."""
    start = scene.images[0].captured_at
    runs: list[list[Image]] = []
    for image in scene.images:
        if runs and _coarse(runs[-1][0]) == _coarse(image):
            runs[-1].append(image)
        else:
            runs.append([image])
    step = -(-len(runs) // _LINES)  # of a long scene only every so many lines
    for run in runs[::step]:
        first, last = (run[k].captured_at for k in (0, -1))
        span = f"{(first - start).total_seconds():.0f} s"
        if len(run) > 1:
            span += f" to {(last - start).total_seconds():.0f} s"
        objects = sorted(_object(each, scene.context.zones) for each in run[0].detections)
        yield f"  {span}: {'; '.join(objects) or 'nothing'}"


def _coarse(image: Image) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        sorted(
            (d.label, round(_foot(d)[0] * 12), round(_foot(d)[1] * 12)) for d in image.detections
        )
    )


def _object(seen: Detection, zones: Sequence[Zone]) -> str:
    x, y = _foot(seen)
    inside = [area.name for area in zones if _inside(x, y, area)]
    place = f" in {', '.join(inside)}" if inside else ""
    unsure = "?" if seen.confidence < _UNSURE else ""
    return f"{seen.label}{unsure} x{x:.2f} y{y:.2f} h{seen.box.y2 - seen.box.y1:.2f}{place}"


def _foot(seen: Detection) -> tuple[float, float]:
    return (seen.box.x1 + seen.box.x2) / 2, seen.box.y2


def _inside(x: float, y: float, area: Zone) -> bool:
    found = False
    corners = area.polygon
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found


def _extent(area: Zone) -> str:
    xs, ys = [x for x, _ in area.polygon], [y for _, y in area.polygon]
    return f"x {min(xs):.2f}-{max(xs):.2f}, y {min(ys):.2f}-{max(ys):.2f}"


def _alarm(scene: Scenario) -> str:
    if scene.context.alarm is not None:
        return str(scene.context.alarm)
    return {None: "unknown", True: "armed", False: "disarmed"}[scene.context.armed]


if __name__ == "__main__":
    sys.exit(main())
