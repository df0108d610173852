import { HsiCameraCard } from "./cards/camera-card";
import { HsiCamerasCard } from "./cards/cameras-card";
import { HsiTimelineCard } from "./cards/timeline-card";
import { HsiZoneEditorCard } from "./cards/zone-editor-card";
import { HsiCamera } from "./elements/camera";
import { HsiEventDialog } from "./elements/event-dialog";
import { HsiEventFilter } from "./elements/event-filter";
import { HsiEventImage } from "./elements/event-image";
import { HsiEventRow } from "./elements/event-row";
import { HsiSystemLine } from "./elements/system-line";
import { HsiZoneCanvas } from "./elements/zone-canvas";
import { HsiDashboardStrategy } from "./strategy";
import { localizer } from "./texts";

interface Registries extends Window {
  customCards?: { type: string; name: string; description: string; preview?: boolean }[];
  customStrategies?: {
    type: string;
    strategyType: string;
    name: string;
    description: string;
    documentationURL?: string;
  }[];
}

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "hsi-camera": HsiCamera,
  "hsi-event-dialog": HsiEventDialog,
  "hsi-event-filter": HsiEventFilter,
  "hsi-event-image": HsiEventImage,
  "hsi-event-row": HsiEventRow,
  "hsi-system-line": HsiSystemLine,
  "hsi-camera-card": HsiCameraCard,
  "hsi-cameras-card": HsiCamerasCard,
  "hsi-timeline-card": HsiTimelineCard,
  "hsi-zone-canvas": HsiZoneCanvas,
  "hsi-zone-editor-card": HsiZoneEditorCard,
  "ll-strategy-dashboard-hsi": HsiDashboardStrategy,
};

// After an update, a page may load the module a second time under another address.
for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}

const localize = localizer(document.documentElement.lang || navigator.language);
const registries = window as Registries;

registries.customCards ??= [];
for (const [type, key] of [
  ["hsi-camera-card", "card_camera"],
  ["hsi-cameras-card", "card_cameras"],
  ["hsi-timeline-card", "card_timeline"],
  ["hsi-zone-editor-card", "card_zones"],
] as const) {
  if (registries.customCards.some((card) => card.type === type)) continue;
  registries.customCards.push({
    type,
    name: localize(key),
    description: localize(`${key}_description`),
    preview: true,
  });
}

registries.customStrategies ??= [];
if (!registries.customStrategies.some((strategy) => strategy.type === "hsi")) {
  registries.customStrategies.push({
    type: "hsi",
    strategyType: "dashboard",
    name: "Home Security Intelligence",
    description: localize("dashboard_description"),
  });
}
