import { css, html, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { LEVELS, type Camera, type EventFilter } from "../api/types";
import { shared } from "../styles";
import { labelText } from "../texts";
import { LocalizedElement } from "./base";

const LABELS = ["person", "car", "truck", "bicycle", "motorcycle", "dog", "cat", "package"];
const MARKS = ["unreviewed", "true_alarm", "false_alarm", "missed"] as const;
const TYPING_PAUSE = 300; // milliseconds

/** The fields that filter events.
 *
 * @fires hsi-filter - with the new filter
 */
export class HsiEventFilter extends LocalizedElement {
  @property({ attribute: false }) cameras: Camera[] = [];
  @property({ attribute: false }) filter: EventFilter = {};
  private timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    shared,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      select,
      input {
        min-height: 40px;
        max-width: 100%;
        padding: 0 12px;
        border: 1px solid var(--divider-color);
        border-radius: 20px;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
      }
      input[type="search"] {
        flex: 1 1 180px;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { localize, filter } = this;
    return html`
      <div role="search" aria-label=${localize("filter")}>
        <input type="search" maxlength="200" placeholder=${localize("search")} aria-label=${localize("search")} .value=${filter.text ?? ""} @input=${this.typed} />
        ${this.select("camera", localize("all_cameras"), this.cameras.map(({ folder, name }) => [folder, name]))}
        ${this.select("min_level", localize("all_levels"), LEVELS.slice(1).map((level) => [level, localize("from_level", { level: localize(`level_${level}`) })]))}
        ${this.select("label", localize("all_labels"), LABELS.map((label) => [label, labelText(localize, label)]))}
        ${this.select("mark", localize("all_marks"), MARKS.map((mark) => [mark, localize(`mark_${mark}`)]))}
        <input type="date" aria-label=${localize("day")} .value=${localDay(filter.since)} @change=${this.dayPicked} />
      </div>
    `;
  }

  private select(name: keyof EventFilter, all: string, options: [string, string][]): TemplateResult {
    return html`
      <select aria-label=${all} @change=${(change: Event) => this.set({ [name]: (change.target as HTMLSelectElement).value })}>
        <option value="">${all}</option>
        ${options.map(([value, text]) => html`<option value=${value} ?selected=${this.filter[name] === value}>${text}</option>`)}
      </select>
    `;
  }

  private typed(input: Event): void {
    clearTimeout(this.timer);
    const text = (input.target as HTMLInputElement).value.trim();
    this.timer = setTimeout(() => this.set({ text }), TYPING_PAUSE);
  }

  private dayPicked(change: Event): void {
    const day = (change.target as HTMLInputElement).value;
    if (!day) return this.set({ since: "", until: "" });
    const start = new Date(`${day}T00:00`);
    const end = new Date(start.getFullYear(), start.getMonth(), start.getDate() + 1);
    this.set({ since: start.toISOString(), until: end.toISOString() });
  }

  private set(change: Record<string, string>): void {
    const all = { ...this.filter, ...change };
    const detail = Object.fromEntries(Object.entries(all).filter(([, value]) => value));
    this.dispatchEvent(new CustomEvent("hsi-filter", { detail }));
  }
}

function localDay(iso: string | undefined): string {
  return iso ? new Intl.DateTimeFormat("en-CA").format(new Date(iso)) : "";
}
