import { css, html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import type { EventImage, Point, Zone } from "../api/types";
import { shared } from "../styles";
import { labelText } from "../texts";
import { LocalizedElement } from "./base";

/** An image with the boxes of its objects, zones, and the paths of people. */
export class HsiEventImage extends LocalizedElement {
  @property({ attribute: false }) image!: EventImage;
  @property({ attribute: false }) zones: Zone[] = [];
  @property({ attribute: false }) paths: Point[][] = [];
  @property({ attribute: false }) overlay = true;

  static override styles = [
    shared,
    css`
      div {
        position: relative;
        background: var(--secondary-background-color);
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
        direction: ltr;
      }
      svg * {
        fill: none;
        vector-effect: non-scaling-stroke;
        stroke-width: 2;
      }
      .box {
        stroke: #ffeb3b;
      }
      .zone {
        stroke: #4fc3f7;
        fill: rgb(79 195 247 / 15%);
        stroke-dasharray: 6 4;
      }
      .path {
        stroke: #ff5252;
        stroke-width: 3;
        stroke-linejoin: round;
      }
      .label {
        position: absolute;
        padding: 0 6px;
        font-size: 12px;
        line-height: 18px;
        white-space: nowrap;
        background: #212121;
        color: #fff;
        direction: ltr;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { image, localize, formats, overlay } = this;
    if (!image.image_url) return html`<p class="notice">${image.damaged ?? localize("image_gone")}</p>`;
    const found = image.detections.map(
      ({ label, confidence }) => `${labelText(localize, label)} ${formats.percent(confidence)}`,
    );
    return html`
      <div>
        <img
          src=${this.hass.hassUrl(image.image_url)}
          width=${image.width}
          height=${image.height}
          style="height:auto"
          alt=${[formats.moment(image.captured_at), ...found].join(", ")}
        />
        ${overlay ? this.drawing(found) : nothing}
      </div>
    `;
  }

  private drawing(found: string[]): TemplateResult {
    const { detections } = this.image;
    return html`
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        ${this.zones.map((zone) => svg`<polygon class="zone" points=${points(zone.polygon)}></polygon>`)}
        ${this.paths.map((path) => svg`<polyline class="path" points=${points(path)}></polyline>`)}
        ${detections.map(({ box }): SVGTemplateResult => svg`<rect class="box" x=${box[0]} y=${box[1]} width=${box[2] - box[0]} height=${box[3] - box[1]}></rect>`)}
      </svg>
      ${this.zones.map((zone) => label(zone.polygon[0] ?? [0, 0], zone.name))}
      ${detections.map(({ box }, index) => label([box[0], box[1]], found[index] ?? ""))}
    `;
  }
}

function points(corners: Point[]): string {
  return corners.map((corner) => corner.join(",")).join(" ");
}

function label([x, y]: Point, text: string): TemplateResult {
  const left = Math.min(x, 0.8) * 100;
  return html`<span class="label" aria-hidden="true" style="left:${left}%;top:${Math.min(y, 0.95) * 100}%">${text}</span>`;
}
