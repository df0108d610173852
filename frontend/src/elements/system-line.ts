import { css, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import type { Overview } from "../api/types";
import { shared } from "../styles";
import { LocalizedElement } from "./base";

/** One line: whether everything works, and what waits. */
export class HsiSystemLine extends LocalizedElement {
  @property({ attribute: false }) overview!: Overview;

  static override styles = [
    shared,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { overview, localize } = this;
    const away = overview.server.filter((server) => server.connected === false);
    const { waiting, running } = overview.queue;
    return html`
      <div role="status">
        ${overview.database ? nothing : pill("critical", localize("database_away"))}
        ${away.map((server) => pill("critical", localize("server_away", { name: server.name })))}
        ${overview.database && away.length === 0 ? pill("low", localize("all_well")) : nothing}
        ${waiting + running > 0 ? pill("", localize("queue_count", { count: waiting + running })) : nothing}
        ${overview.unreviewed ? pill("medium", localize("unreviewed_count", { count: overview.unreviewed })) : nothing}
        ${overview.dead_letters ? pill("high", localize("dead_letter_count", { count: overview.dead_letters })) : nothing}
      </div>
    `;
  }
}

function pill(kind: string, text: string): TemplateResult {
  return html`<span class="pill ${kind}">${text}</span>`;
}
