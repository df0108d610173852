import type { Hass } from "./api/hass";
import { localizer } from "./texts";

interface StrategyConfig {
  type: string;
  entry_id?: string;
}

const VIEWS = [
  { path: "now", icon: "mdi:cctv", card: "custom:hsi-cameras-card", title: "view_now" },
  { path: "timeline", icon: "mdi:timeline-clock", card: "custom:hsi-timeline-card", title: "view_timeline" },
  { path: "zones", icon: "mdi:vector-polygon", card: "custom:hsi-zone-editor-card", title: "view_zones" },
] as const;

/** The whole dashboard; nothing has to be configured. */
export class HsiDashboardStrategy extends HTMLElement {
  static async generate(config: StrategyConfig, hass: Hass): Promise<object> {
    const localize = localizer(hass.language);
    const entry = config.entry_id ? { entry_id: config.entry_id } : {};
    return {
      title: "Home Security Intelligence",
      views: VIEWS.map(({ path, icon, card, title }) => ({
        title: localize(title),
        path,
        icon,
        type: "panel",
        cards: [{ type: card, ...entry }],
      })),
    };
  }
}
