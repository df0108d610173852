"""Write the table of factors in docs/risk.md from the evidence and its fitted weights."""

from pathlib import Path
import re
import sys

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.risk.evidence import KINDS  # isort: skip
from hsi_core.risk.llm_adjustment import MAX_LLM_MOVE  # isort: skip
from hsi_core.risk.weights import BASE, WEIGHTS  # isort: skip

PAGE = Path(__file__).resolve().parents[2] / "docs/risk.md"
HEAD = "| factor | points | when |\n|---|---|---|\n"


def updated(text: str) -> str:
    """Return the page with the present factors, points and base."""
    before, _, rest = text.partition(HEAD)
    after = rest.partition("\n\n")[2]
    rows = [
        f"| {each.name} | {round(WEIGHTS.get(each.name, 0.0)):+d} | {each.when} |" for each in KINDS
    ]
    rows.append(
        f"| language model | up to ±{MAX_LLM_MOVE} | "
        "its score differs from the rules', within the range |"
    )
    page = before + HEAD + "\n".join(rows) + "\n\n" + after
    return re.sub(r"\*\*[+-]\d+ points\*\*", f"**{round(BASE):+d} points**", page)


def main() -> int:
    """Write the page, or with --check return 1 if it is out of date."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        if text == updated(text):
            return 0
        print(f"{PAGE.name} is out of date: run scripts/docs", file=sys.stderr)
        return 1
    PAGE.write_text(updated(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
