import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";

import { Commands } from "../api/commands";
import { errorText } from "../api/hass";
import type { Zone } from "../api/types";
import { LiveCard } from "../elements/base";
import { page, shared } from "../styles";
import type { Key } from "../texts";
import { Draft, KINDS, MAX_ZONES } from "../zones/draft";
import { notice } from "./notice";

/** Draws a camera's zones on its latest image. */
export class HsiZoneEditorCard extends LiveCard {
  @state() private camera: string | null = null; // a subentry's id
  @state() private zones: Zone[] = []; // the draft's
  @state() private image: string | null = null;
  @state() private chosen = -1;
  @state() private heat: number[][] | null = null;
  @state() private message: string | null = null;
  @state() private problem: string | null = null;
  private draft = new Draft([]);

  static override styles = [
    shared,
    page,
    css`
      .page {
        max-width: 1100px;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      select,
      input {
        min-height: 40px;
        min-width: 0;
        padding: 0 12px;
        border: 1px solid var(--divider-color);
        border-radius: 20px;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
      }
      input {
        flex: 1 1 140px;
      }
    `,
  ];

  getCardSize(): number {
    return 12;
  }

  getGridOptions(): object {
    return { columns: "full" };
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("overview") || !this.overview || this.camera !== null) return;
    const folder = this.config.camera ?? new URLSearchParams(location.search).get("camera");
    const { cameras } = this.overview;
    const camera = cameras.find((each) => each.folder === folder) ?? cameras[0];
    if (camera) void this.choose(camera.subentry_id);
  }

  private get commands(): Commands {
    return new Commands(this.hass.connection, this.config.entry_id);
  }

  private async choose(camera: string): Promise<void> {
    this.camera = camera;
    this.heat = this.message = null;
    await this.attempt(async () => {
      const stored = await this.commands.zones(camera);
      if (camera !== this.camera) return;
      this.image = stored.image_url;
      this.start(stored.zones);
    });
  }

  private start(zones: Zone[]): void {
    this.draft = new Draft(zones);
    this.chosen = zones.length > 0 ? 0 : -1;
    this.edited();
  }

  private edited(): void {
    this.zones = this.draft.zones;
    this.message = null;
  }

  private edit(change: (draft: Draft) => void): void {
    this.draft.remember();
    change(this.draft);
    this.edited();
  }

  private async save(): Promise<void> {
    const camera = this.camera;
    if (camera === null) return;
    await this.attempt(async () => {
      const { zones } = await this.commands.setZones(camera, this.draft.zones);
      this.start(zones);
      this.message = this.localize("zones_saved");
    });
  }

  private async toggleHeat(): Promise<void> {
    if (this.heat) this.heat = null;
    else if (this.camera !== null) {
      const { camera } = this;
      await this.attempt(async () => void (this.heat = (await this.commands.heat(camera)).cells));
    }
  }

  private async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.problem = null;
    } catch (error) {
      this.problem = errorText(error);
    }
  }

  protected override render(): TemplateResult {
    const { overview, localize, hass } = this;
    if (!overview) return notice(localize, this.failure);
    const isAdmin = hass.user?.is_admin ?? false;
    return html`
      <div class="page">
        <div class="line">
          <select aria-label=${localize("camera")} @change=${(change: Event) => this.choose((change.target as HTMLSelectElement).value)}>
            ${overview.cameras.map((each) => html`<option value=${each.subentry_id} ?selected=${each.subentry_id === this.camera}>${each.name}</option>`)}
          </select>
          <button class="button" type="button" ?disabled=${this.zones.length >= MAX_ZONES} @click=${this.add}>${localize("new_zone")}</button>
          <button class="button" type="button" ?disabled=${!this.draft.canUndo} @click=${this.undo}>${localize("undo")}</button>
          <button class="button" type="button" aria-pressed=${this.heat ? "true" : "false"} @click=${this.toggleHeat}>${localize("heat")}</button>
          ${isAdmin ? html`<button class="button" type="button" ?disabled=${!this.draft.canUndo} @click=${this.save}>${localize("save")}</button>` : nothing}
        </div>
        ${isAdmin ? nothing : html`<p class="secondary">${localize("admins_only")}</p>`}
        ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
        <p class="secondary" role="status">${this.message ?? localize("zones_help")}</p>
        ${this.image
          ? html`<hsi-zone-canvas .hass=${hass} .image=${this.image} .draft=${this.draft} .zones=${this.zones} .chosen=${this.chosen} .heat=${this.heat} @hsi-edited=${this.edited} @hsi-chosen=${(chosen: CustomEvent<number>) => (this.chosen = chosen.detail)}></hsi-zone-canvas>`
          : html`<p class="notice">${localize("waiting_for_image")}</p>`}
        ${this.zones.map((zone, index) => this.row(zone, index))}
      </div>
    `;
  }

  private row(zone: Zone, index: number): TemplateResult {
    const { localize } = this;
    const value = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;
    const choose = (): void => void (this.chosen = index);
    return html`
      <div class="line" role="group" aria-label=${zone.name} @focusin=${choose}>
        <button class="button" type="button" aria-pressed=${index === this.chosen ? "true" : "false"} @click=${choose}>${localize("choose")}</button>
        <input maxlength="60" aria-label=${localize("zone_name")} .value=${zone.name} @change=${(event: Event) => this.edit((draft) => draft.change(index, { name: value(event) }))} />
        <select aria-label=${localize("zone_kind")} @change=${(event: Event) => this.edit((draft) => draft.change(index, { kind: value(event) }))}>
          ${KINDS.map((kind) => html`<option value=${kind} ?selected=${zone.kind === kind}>${localize(`kind_${kind}` as Key)}</option>`)}
        </select>
        <button class="button" type="button" @click=${() => this.removeZone(index)}>${localize("remove")}</button>
      </div>
    `;
  }

  private add(): void {
    this.edit((draft) => draft.add(this.localize("zone_number", { number: this.zones.length + 1 })));
    this.chosen = this.zones.length - 1;
  }

  private removeZone(index: number): void {
    this.edit((draft) => draft.remove(index));
    this.chosen = Math.min(this.chosen, this.zones.length - 1);
  }

  private undo(): void {
    this.draft.undo();
    this.chosen = Math.min(this.chosen, this.draft.zones.length - 1);
    this.edited();
  }
}
