import { css, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { showMoreInfo } from "../api/hass";
import { PRESENCES, type Camera, type Factor, type Presence } from "../api/types";
import { shared } from "../styles";
import { LocalizedElement } from "./base";

const ICONS: Record<Presence, string> = {
  person: "mdi:account",
  vehicle: "mdi:car",
  animal: "mdi:paw",
  package: "mdi:package-variant-closed",
};
const SHOWN_FACTORS = 3;

/** Return the factors that moved the score most. */
export function largest(factors: readonly Factor[], count: number): Factor[] {
  return [...factors]
    .filter((factor) => factor.points !== 0)
    .sort((one, other) => Math.abs(other.points) - Math.abs(one.points))
    .slice(0, count);
}

/** Return points with their sign. */
export function signed(points: number): string {
  return points > 0 ? `+${points}` : points < 0 ? `−${-points}` : "0";
}

/** A camera: its latest image, level, who is there, and why. */
export class HsiCamera extends LocalizedElement {
  @property({ attribute: false }) camera!: Camera;

  static override styles = [
    shared,
    css`
      ha-card {
        overflow: hidden;
        height: 100%;
        border-inline-start: 4px solid var(--level, var(--divider-color));
      }
      .image {
        display: block;
        position: relative;
        width: 100%;
        aspect-ratio: 16 / 9;
        padding: 0;
        border: 0;
        background: var(--secondary-background-color);
        color: var(--secondary-text-color);
      }
      div.image {
        display: grid;
        place-items: center;
      }
      .image:focus-visible {
        outline-offset: -3px;
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: cover;
        display: block;
      }
      .present {
        position: absolute;
        inset-inline-start: 8px;
        bottom: 8px;
        display: flex;
        gap: 6px;
      }
      .present span {
        display: inline-flex;
        padding: 4px;
        border-radius: 50%;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
        --mdc-icon-size: 20px;
      }
      .body {
        padding: 12px 16px 16px;
        display: grid;
        gap: 6px;
      }
      .title {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }
      h3 {
        margin: 0;
        font-size: 18px;
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      p {
        margin: 0;
        overflow-wrap: anywhere;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
        font-size: 14px;
      }
      li {
        display: grid;
        grid-template-columns: 3.2em 1fr;
      }
      li b {
        font-variant-numeric: tabular-nums;
        font-weight: 500;
      }
      a {
        color: var(--primary-text-color);
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { camera, localize, formats } = this;
    const { event } = camera;
    return html`
      <ha-card class=${camera.level}>
        ${this.image()}
        <div class="body">
          <div class="title">
            <h3>${camera.name}</h3>
            <span class="pill">${localize(`level_${camera.level}`)}${camera.score ? html` ${camera.score}` : nothing}</span>
          </div>
          ${camera.available ? nothing : html`<p class="error" role="status">${camera.reason ?? localize("unavailable")}</p>`}
          ${event
            ? html`
                <p>${event.narrative ?? event.summary ?? localize("event_open")}</p>
                <p class="secondary">
                  <time datetime=${event.last_activity_at} title=${formats.ago(event.last_activity_at)}>
                    ${formats.moment(event.last_activity_at)}
                  </time>
                </p>
                <ul aria-label=${localize("why")}>
                  ${largest(event.factors, SHOWN_FACTORS).map(
                    (factor) => html`<li><b>${signed(factor.points)}</b><span>${factor.reason}</span></li>`,
                  )}
                </ul>
              `
            : html`<p class="secondary">${localize("no_event_yet")}</p>`}
        </div>
      </ha-card>
    `;
  }

  private image(): TemplateResult {
    const { camera, localize, formats } = this;
    if (!camera.image_url || !camera.image_at) {
      return html`<div class="image notice">${localize("waiting_for_image")}</div>`;
    }
    const taken = formats.moment(camera.image_at);
    const present = PRESENCES.filter((each) => camera.presence[each]);
    return html`
      <button
        class="image"
        type="button"
        aria-label=${[localize("latest_image", { camera: camera.name, time: taken }), ...present.map((each) => localize(`present_${each}`))].join(". ")}
        @click=${this.open}
      >
        <img src=${this.hass.hassUrl(camera.image_url)} alt="" decoding="async" />
        <span class="present" aria-hidden="true">
          ${present.map((each) => html`<span title=${localize(`present_${each}`)}><ha-icon icon=${ICONS[each]}></ha-icon></span>`)}
        </span>
      </button>
    `;
  }

  private open(): void {
    const entity = this.camera.entities["camera"];
    if (entity) showMoreInfo(this, entity);
  }
}
