"""Leave one author out: each author's scenes are judged by weights that never saw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from testbed.risk.evidence_table import Floats, Table
from testbed.risk.fit_model import Model, choose_penalty, data_of, fit_model


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """For each author the weights that were fitted to all others."""

    models: Mapping[str, Model]
    penalties: Mapping[str, float]

    def log_odds(self, table: Table) -> Floats:
        """Return the log-odds of a table's rows, each by the model that never saw its author."""
        by_row = np.array(table.authors)[table.scene]
        found = np.zeros(len(table.scene))
        for author, model in self.models.items():
            rows = by_row == author
            if rows.any():
                found[rows] = model.log_odds(table)[rows]
        return found


def leave_one_author_out(
    tables: Sequence[Table], signs: Mapping[str, int], penalty: float | None = None
) -> LeftOut:
    """Fit once without each author; a penalty that is None is chosen within the others' scenes."""
    data = data_of(tables)
    authors = sorted(set(tables[0].authors))
    models, penalties = {}, {}
    for number, author in enumerate(authors):
        train = data.author != number
        chosen = choose_penalty(data, train, signs) if penalty is None else penalty
        models[author] = fit_model(data, train, signs, chosen)
        penalties[author] = chosen
    return LeftOut(models=models, penalties=penalties)
