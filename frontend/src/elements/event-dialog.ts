import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import type { Commands } from "../api/commands";
import { errorText } from "../api/hass";
import type { EventDetails, Mark, Point, SecurityEvent } from "../api/types";
import { shared } from "../styles";
import { LocalizedElement } from "./base";
import { largest, signed } from "./camera";
import { dialogStyles } from "./event-dialog.styles";
import { wordsOf } from "./event-row";

const MARKS: readonly Mark[] = ["true_alarm", "false_alarm", "missed"];

/** An event with all of its images, what it was judged by, and its mark.
 *
 * @fires hsi-marked - with the event, after a mark
 * @fires hsi-closed
 */
export class HsiEventDialog extends LocalizedElement {
  @property({ attribute: false }) commands!: Commands;
  @property({ attribute: false }) eventId!: string;
  @property({ attribute: false }) version: SecurityEvent | undefined; // a newer one asks again
  @state() private details: EventDetails | null = null;
  @state() private failure: string | null = null;
  @state() private shown: number | null = null; // an image's id
  @state() private overlay = true;
  @state() private busy = false;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("textarea") private note!: HTMLTextAreaElement;

  static override styles = [shared, dialogStyles];

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("eventId")) {
      this.details = null;
      this.shown = null;
    }
    if (changed.has("eventId") || (changed.has("version") && this.details)) void this.load();
  }

  private async load(): Promise<void> {
    const asked = this.eventId;
    try {
      const details = await this.commands.event(asked);
      if (asked !== this.eventId) return;
      this.details = details;
      this.failure = null;
    } catch (error) {
      if (asked === this.eventId) this.failure = errorText(error);
    }
  }

  protected override render(): TemplateResult {
    const { details, localize } = this;
    const title = details?.event.camera_name ?? localize("event");
    return html`
      <dialog aria-labelledby="title" @close=${this.closed} @click=${this.clicked}>
        <div class="content">
          <div class="head">
            <h2 id="title">${title}</h2>
            <button class="button close" type="button" autofocus aria-label=${localize("close")} @click=${() => this.dialog.close()}>
              <ha-icon icon="mdi:close"></ha-icon>
            </button>
          </div>
          ${this.failure ? html`<p class="error" role="alert">${this.failure}</p>` : nothing}
          ${details ? this.body(details) : this.failure ? nothing : html`<p class="notice">${localize("loading")}</p>`}
        </div>
      </dialog>
    `;
  }

  private body(details: EventDetails): TemplateResult {
    const { localize, formats } = this;
    const { event, why_not_higher: higher } = details;
    const names = higher?.largest.join(", ");
    return html`
      <p class="line">
        ${event.level ? html`<span class="pill ${event.level}">${localize(`level_${event.level}`)} ${event.risk_score}</span>` : nothing}
        <span class="secondary">${formats.moment(event.started_at)}${event.ended_at ? ` – ${formats.moment(event.ended_at)}` : ""}</span>
      </p>
      <p>${wordsOf(event) ?? localize("event_open")}</p>
      ${this.images(details)}
      <h3>${localize("why")}</h3>
      <ul>
        ${largest(event.factors, event.factors.length).map(
          (factor) => html`<li><b>${signed(factor.points)}</b><span>${factor.reason}</span></li>`,
        )}
      </ul>
      ${higher
        ? html`<p class="secondary">
            ${localize("why_not_higher", { count: higher.missing_points, level: localize(`level_${higher.next_level}`) })}
            ${names ? localize("lowered_by", { names }) : nothing}
          </p>`
        : nothing}
      <h3 id="verdict">${localize("your_verdict")}</h3>
      <div class="line" role="group" aria-labelledby="verdict">
        ${MARKS.map(
          (mark) => html`<button class="button" type="button" aria-pressed=${event.mark === mark ? "true" : "false"} ?disabled=${this.busy} @click=${() => this.mark(event.mark === mark ? "none" : mark)}>${localize(`mark_${mark}`)}</button>`,
        )}
      </div>
      <label>
        <span class="secondary">${localize("note")}</span>
        <textarea rows="2" maxlength="500" .value=${event.note ?? ""}></textarea>
      </label>
    `;
  }

  private images({ images, zones, path }: EventDetails): TemplateResult {
    const { localize, formats } = this;
    const image = images.find((each) => each.image_id === this.shown) ?? best(images);
    if (!image) return html`<p class="notice">${localize("image_gone")}</p>`;
    const paths = path.map((steps) => steps.map(([, x, y]): Point => [x, y]));
    return html`
      <hsi-event-image .hass=${this.hass} .image=${image} .zones=${zones} .paths=${paths} .overlay=${this.overlay}></hsi-event-image>
      <div class="line">
        <button class="button" type="button" aria-pressed=${this.overlay ? "true" : "false"} @click=${() => (this.overlay = !this.overlay)}>${localize("overlay")}</button>
        ${image.image_url ? html`<a class="button" target="_blank" rel="noopener" href=${this.hass.hassUrl(image.image_url)}>${localize("full_image")}</a>` : nothing}
      </div>
      ${images.length > 1
        ? html`<div class="strip" role="group" aria-label=${localize("images")} tabindex="-1">
            ${images.map(
              (each) => html`<button type="button" aria-pressed=${each === image ? "true" : "false"} aria-label=${formats.moment(each.captured_at)} @click=${() => (this.shown = each.image_id)}>
                ${each.thumbnail_url ? html`<img src=${this.hass.hassUrl(each.thumbnail_url)} alt="" loading="lazy" />` : nothing}
              </button>`,
            )}
          </div>`
        : nothing}
    `;
  }

  private async mark(mark: Mark | "none"): Promise<void> {
    this.busy = true;
    try {
      const { event } = await this.commands.mark(this.eventId, mark, this.note.value.trim());
      if (this.details) this.details = { ...this.details, event };
      this.failure = null;
      this.dispatchEvent(new CustomEvent("hsi-marked", { detail: event }));
    } catch (error) {
      this.failure = errorText(error);
    } finally {
      this.busy = false;
    }
  }

  private clicked(click: MouseEvent): void {
    if (click.target === this.dialog) this.dialog.close(); // beside the content
  }

  private closed(): void {
    this.dispatchEvent(new CustomEvent("hsi-closed"));
  }
}

/** Return the image with the surest object; without any, the first. */
function best(images: EventDetails["images"]): EventDetails["images"][number] | undefined {
  const sure = (image: EventDetails["images"][number]): number =>
    Math.max(0, ...image.detections.map(({ confidence }) => confidence));
  return [...images].sort((one, other) => sure(other) - sure(one))[0];
}
