import { css, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import type { SecurityEvent } from "../api/types";
import { shared } from "../styles";
import { labelText } from "../texts";
import { LocalizedElement } from "./base";

export const ROW_HEIGHT = 104; // pixels

/** Return an event in words: its sentences, else what was seen. */
export function wordsOf(event: SecurityEvent): string | null {
  return event.narrative ?? event.summary;
}

/** An event in the list. */
export class HsiEventRow extends LocalizedElement {
  @property({ attribute: false }) event!: SecurityEvent;

  static override styles = [
    shared,
    css`
      button {
        display: grid;
        grid-template-columns: 136px 1fr;
        gap: 12px;
        width: 100%;
        height: ${ROW_HEIGHT - 8}px;
        padding: 0;
        overflow: hidden;
        text-align: start;
        border: 1px solid var(--divider-color);
        border-inline-start: 4px solid var(--level, var(--divider-color));
        border-radius: 12px;
        background: var(--card-background-color, #fff);
      }
      img,
      .none {
        width: 136px;
        height: 100%;
        object-fit: cover;
        background: var(--secondary-background-color);
      }
      .text {
        min-width: 0;
        padding-block: 8px;
        padding-inline-end: 12px;
        display: grid;
        gap: 2px;
        align-content: start;
      }
      .line {
        display: flex;
        align-items: center;
        gap: 8px;
        min-width: 0;
      }
      .name {
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        flex: 1;
      }
      .words {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        font-size: 14px;
        line-height: 18px;
      }
      .secondary {
        font-size: 13px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      @media (max-width: 600px) {
        button {
          grid-template-columns: 96px 1fr;
        }
        img,
        .none {
          width: 96px;
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { event, localize, formats } = this;
    const labels = event.labels.map((each) => labelText(localize, each)).join(", ");
    return html`
      <button type="button" class=${event.level ?? ""}>
        ${event.thumbnail_url
          ? html`<img src=${this.hass.hassUrl(event.thumbnail_url)} alt="" loading="lazy" decoding="async" />`
          : html`<span class="none"></span>`}
        <span class="text">
          <span class="line">
            <span class="name">${event.camera_name}</span>
            ${event.level ? html`<span class="pill">${localize(`level_${event.level}`)} ${event.risk_score}</span>` : nothing}
          </span>
          <span class="secondary">
            ${formats.moment(event.started_at)}${event.mark ? ` · ${localize(`mark_${event.mark}`)}` : ""}${labels ? ` · ${labels}` : ""}
          </span>
          <span class="words">${wordsOf(event) ?? localize("event_open")}</span>
        </span>
      </button>
    `;
  }
}
