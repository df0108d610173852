import { css, html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { LiveCard } from "../elements/base";
import { page, shared } from "../styles";
import { notice } from "./notice";

/** All cameras, with one line about the system; a new camera appears by itself. */
export class HsiCamerasCard extends LiveCard {
  static override styles = [
    shared,
    page,
    css`
      .cameras {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr));
        gap: 16px;
      }
    `,
  ];

  getCardSize(): number {
    return 12;
  }

  getGridOptions(): object {
    return { columns: "full" };
  }

  protected override render(): TemplateResult {
    const { overview, hass } = this;
    if (!overview) return notice(this.localize, this.failure);
    return html`
      <div class="page">
        <hsi-system-line .hass=${hass} .overview=${overview}></hsi-system-line>
        ${overview.cameras.length === 0 ? html`<p class="notice">${this.localize("no_cameras")}</p>` : ""}
        <div class="cameras">
          ${repeat(
            overview.cameras,
            (camera) => camera.subentry_id,
            (camera) => html`<hsi-camera .hass=${hass} .camera=${camera}></hsi-camera>`,
          )}
        </div>
      </div>
    `;
  }
}
