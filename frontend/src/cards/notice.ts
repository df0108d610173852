import { html, type TemplateResult } from "lit";

import type { Localize } from "../texts";

/** Return what a card shows before its data has come: that it loads, or why it does not. */
export function notice(localize: Localize, failure: string | null): TemplateResult {
  return failure === null
    ? html`<ha-card><p class="notice" role="status">${localize("loading")}</p></ha-card>`
    : html`<ha-card><p class="error" role="alert">${failure} ${localize("trying_again")}</p></ha-card>`;
}
