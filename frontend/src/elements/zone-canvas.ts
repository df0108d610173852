import { css, html, nothing, svg, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import type { Point, Zone } from "../api/types";
import { shared } from "../styles";
import type { Draft } from "../zones/draft";
import { LocalizedElement } from "./base";

const STEP = 0.01; // of the image, for an arrow key
const ARROWS: Record<string, Point> = {
  ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP],
};

/** Zones on an image, moved by mouse, finger or arrow keys.
 *
 * @fires hsi-edited - after each change of the draft
 * @fires hsi-chosen - with a zone's index
 */
export class HsiZoneCanvas extends LocalizedElement {
  @property({ attribute: false }) image!: string;
  @property({ attribute: false }) draft!: Draft;
  @property({ attribute: false }) zones: Zone[] = []; // the draft's, so that a change is noticed
  @property({ attribute: false }) chosen = -1;
  @property({ attribute: false }) heat: number[][] | null = null;

  static override styles = [
    shared,
    css`
      :host {
        position: relative;
        direction: ltr;
        user-select: none;
      }
      img {
        display: block;
        width: 100%;
      }
      svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      polygon {
        fill: rgb(79 195 247 / 20%);
        stroke: #4fc3f7;
        stroke-width: 2;
        vector-effect: non-scaling-stroke;
        cursor: move;
        touch-action: none;
      }
      polygon.chosen {
        fill: rgb(255 193 7 / 25%);
        stroke: #ffc107;
      }
      rect {
        fill: #ff5252;
        pointer-events: none;
      }
      button {
        position: absolute;
        width: 28px;
        height: 28px;
        margin: -14px;
        padding: 0;
        border: 2px solid #212121;
        border-radius: 50%;
        background: #ffc107;
        color: #212121;
        touch-action: none;
        cursor: grab;
      }
      button.middle {
        width: 24px;
        height: 24px;
        margin: -12px;
        line-height: 16px;
        background: #fff;
        opacity: 0.85;
        cursor: copy;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const polygon = this.zones[this.chosen]?.polygon ?? [];
    return html`
      <img src=${this.hass.hassUrl(this.image)} alt="" draggable="false" />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        ${this.heat ? heatmap(this.heat) : nothing}
        ${this.zones.map(
          (zone, index) => svg`<polygon class=${index === this.chosen ? "chosen" : ""} points=${zone.polygon.map((corner) => corner.join(",")).join(" ")} @pointerdown=${(down: PointerEvent) => this.dragZone(down, index)}></polygon>`,
        )}
      </svg>
      ${polygon.map((corner, index) => this.middle(polygon, corner, index))}
      ${polygon.map(
        ([x, y], index) => html`<button type="button" style="left:${x * 100}%;top:${y * 100}%" aria-label=${this.localize("corner", { number: index + 1 })} @pointerdown=${(down: PointerEvent) => this.dragCorner(down, index)} @keydown=${(key: KeyboardEvent) => this.pressed(key, index)}></button>`,
      )}
    `;
  }

  private middle(polygon: Point[], [x, y]: Point, index: number): TemplateResult {
    const [nextX, nextY] = polygon[(index + 1) % polygon.length] ?? [x, y];
    const add = (): void => this.edit(() => this.draft.split(this.chosen, index));
    return html`<button class="middle" type="button" style="left:${(x + nextX) * 50}%;top:${(y + nextY) * 50}%" aria-label=${this.localize("add_corner", { number: index + 1 })} @click=${add}>+</button>`;
  }

  private dragCorner(down: PointerEvent, corner: number): void {
    this.drag(down, (at) => this.draft.moveCorner(this.chosen, corner, at));
  }

  private dragZone(down: PointerEvent, zone: number): void {
    this.dispatchEvent(new CustomEvent("hsi-chosen", { detail: zone }));
    let before = this.place(down);
    this.drag(down, (at) => {
      this.draft.move(zone, [at[0] - before[0], at[1] - before[1]]);
      before = at;
    });
  }

  private drag(down: PointerEvent, move: (at: Point) => void): void {
    const target = down.currentTarget as Element;
    target.setPointerCapture(down.pointerId);
    let remembered = false;
    const moved = (event: Event): void => {
      if (!remembered) this.draft.remember();
      remembered = true;
      move(this.place(event as PointerEvent));
      this.edited();
    };
    const end = (): void => {
      target.removeEventListener("pointermove", moved);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
    };
    target.addEventListener("pointermove", moved);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  }

  private pressed(key: KeyboardEvent, corner: number): void {
    const step = ARROWS[key.key];
    const [x, y] = this.zones[this.chosen]?.polygon[corner] ?? [0, 0];
    if (step) this.edit(() => this.draft.moveCorner(this.chosen, corner, [x + step[0], y + step[1]]));
    else if (key.key === "Delete" || key.key === "Backspace")
      this.edit(() => this.draft.removeCorner(this.chosen, corner));
    else return;
    key.preventDefault();
  }

  private edit(change: () => void): void {
    this.draft.remember();
    change();
    this.edited();
  }

  private edited(): void {
    this.dispatchEvent(new CustomEvent("hsi-edited"));
  }

  private place(event: PointerEvent): Point {
    const { left, top, width, height } = this.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }
}

function heatmap(cells: number[][]): TemplateResult[] {
  const most = Math.max(1, ...cells.flat());
  const height = 1 / cells.length;
  return cells.flatMap((row, y) =>
    row.map((count, x) => {
      const width = 1 / row.length;
      const opacity = count === 0 ? 0 : 0.2 + (0.6 * count) / most;
      return svg`<rect x=${x * width} y=${y * height} width=${width} height=${height} opacity=${opacity}></rect>` as TemplateResult;
    }),
  );
}
