import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { Commands } from "../api/commands";
import { rowsInView, updated } from "../api/event-list";
import { errorText } from "../api/hass";
import type { Listener } from "../api/live";
import type { EventFilter, SecurityEvent } from "../api/types";
import { LiveCard, type CardConfig } from "../elements/base";
import { ROW_HEIGHT } from "../elements/event-row";
import { page, shared } from "../styles";
import { notice } from "./notice";

const AHEAD = 20; // rows before the end at which the next page is asked for

/** Events, newest first, live; each opens to its images and its mark. */
export class HsiTimelineCard extends LiveCard {
  @state() private events: SecurityEvent[] = [];
  @state() private filter: EventFilter = {};
  @state() private loading = false;
  @state() private problem: string | null = null;
  @state() private opened: string | null = null; // an event's id
  @state() private rows: [number, number] = [0, 0];
  @query("ol") private list?: HTMLOListElement;
  private cursor: string | null = null;
  private total = 0;
  private exact = true;
  private turn = 0; // a newer request makes an older one void
  private frame = 0;

  static override styles = [
    shared,
    page,
    css`
      ol {
        position: relative;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        position: absolute;
        inset-inline: 0;
        height: ${ROW_HEIGHT}px;
      }
    `,
  ];

  getCardSize(): number {
    return 12;
  }

  getGridOptions(): object {
    return { columns: "full" };
  }

  override setConfig(config: CardConfig): void {
    super.setConfig(config);
    this.filter = config.camera ? { camera: config.camera } : {};
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Whatever scrolls, the page or a part of it.
    document.addEventListener("scroll", this.moved, { capture: true, passive: true });
    window.addEventListener("resize", this.moved);
    window.addEventListener("location-changed", this.followLink);
    this.followLink();
    if (this.hasUpdated) void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("scroll", this.moved, { capture: true });
    window.removeEventListener("resize", this.moved);
    window.removeEventListener("location-changed", this.followLink);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  protected override firstUpdated(): void {
    void this.load();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("events") || changed.has("overview")) this.moved();
  }

  protected override listener(): Listener {
    return {
      event: (event) => (this.events = updated(this.events, event, this.filter)),
      resync: () => void this.load(),
    };
  }

  private get commands(): Commands {
    return new Commands(this.hass.connection, this.config.entry_id);
  }

  private async load(more = false): Promise<void> {
    const turn = ++this.turn;
    this.loading = true;
    try {
      const page = await this.commands.events(this.filter, more ? this.cursor : null);
      if (turn !== this.turn) return;
      this.events = more ? [...this.events, ...page.events] : page.events;
      [this.cursor, this.total, this.exact] = [page.cursor, page.total, page.total_is_exact];
      this.problem = null;
    } catch (error) {
      if (turn === this.turn) this.problem = errorText(error);
    } finally {
      if (turn === this.turn) this.loading = false;
    }
  }

  private moved = (): void => {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.list) return;
      const { top } = this.list.getBoundingClientRect();
      const [first, last] = rowsInView(top, window.innerHeight, ROW_HEIGHT, this.events.length);
      if (first !== this.rows[0] || last !== this.rows[1]) this.rows = [first, last];
      const near = last + AHEAD >= this.events.length;
      if (near && this.cursor !== null && !this.loading && !this.problem) void this.load(true);
    });
  };

  private followLink = (): void => {
    this.opened = new URLSearchParams(location.search).get("event");
  };

  private open(eventId: string | null): void {
    this.opened = eventId;
    const address = new URL(location.href);
    if (eventId === null) address.searchParams.delete("event");
    else address.searchParams.set("event", eventId);
    history.replaceState(history.state, "", address);
  }

  private filtered(filter: EventFilter): void {
    this.filter = filter;
    void this.load();
  }

  protected override render(): TemplateResult {
    const { overview, localize, hass, events } = this;
    if (!overview) return notice(localize, this.failure);
    const count = { count: this.total };
    return html`
      <div class="page">
        <hsi-event-filter .hass=${hass} .cameras=${overview.cameras} .filter=${this.filter} @hsi-filter=${(change: CustomEvent<EventFilter>) => this.filtered(change.detail)}></hsi-event-filter>
        <p class="secondary" role="status">
          ${this.loading && events.length === 0 ? localize("loading") : localize(this.exact ? "event_count" : "event_count_more", count)}${overview.unreviewed ? ` · ${localize("unreviewed_count", { count: overview.unreviewed })}` : ""}
        </p>
        ${this.problem ? html`<p class="error" role="alert">${this.problem} <button class="button" type="button" @click=${() => this.load()}>${localize("try_again")}</button></p>` : nothing}
        ${events.length === 0 && !this.loading && !this.problem ? html`<p class="notice">${localize("no_events")}</p>` : nothing}
        <ol role="list" style="height:${events.length * ROW_HEIGHT}px">
          ${repeat(
            events.slice(...this.rows),
            (event) => event.event_id,
            (event, index) => this.row(event, this.rows[0] + index),
          )}
        </ol>
      </div>
      ${this.opened === null
        ? nothing
        : html`<hsi-event-dialog
            .hass=${hass}
            .commands=${this.commands}
            .eventId=${this.opened}
            .version=${events.find((event) => event.event_id === this.opened)}
            @hsi-marked=${(marked: CustomEvent<SecurityEvent>) => (this.events = updated(events, marked.detail, this.filter))}
            @hsi-closed=${() => this.open(null)}
          ></hsi-event-dialog>`}
    `;
  }

  private row(event: SecurityEvent, index: number): TemplateResult {
    return html`
      <li style="top:${index * ROW_HEIGHT}px" aria-posinset=${index + 1} aria-setsize=${this.cursor === null ? this.events.length : -1}>
        <hsi-event-row .hass=${this.hass} .event=${event} @click=${() => this.open(event.event_id)}></hsi-event-row>
      </li>
    `;
  }
}
