import { html, type TemplateResult } from "lit";

import { LiveCard, type CardConfig } from "../elements/base";
import { shared } from "../styles";
import { notice } from "./notice";

/** The card of one camera; without a folder, of the first. */
export class HsiCameraCard extends LiveCard {
  static override styles = shared;

  static getStubConfig(): Partial<CardConfig> {
    return {};
  }

  static getConfigForm(): object {
    return { schema: [{ name: "camera", selector: { text: {} } }] };
  }

  getCardSize(): number {
    return 6;
  }

  getGridOptions(): object {
    return { columns: 12, min_columns: 6 };
  }

  protected override render(): TemplateResult {
    const { overview, config } = this;
    if (!overview) return notice(this.localize, this.failure);
    const camera = overview.cameras.find((each) => !config.camera || each.folder === config.camera);
    if (!camera) {
      const text = this.localize("camera_unknown", { camera: config.camera ?? "" });
      return html`<ha-card><p class="error">${text}</p></ha-card>`;
    }
    return html`<hsi-camera .hass=${this.hass} .camera=${camera}></hsi-camera>`;
  }
}
