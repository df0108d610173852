import { LitElement } from "lit";
import { property } from "lit/decorators.js";

import type { Hass } from "../api/hass";
import { live, type Listener, type Live } from "../api/live";
import type { Overview } from "../api/types";
import { Formats, languageOf, localizer, type Localize } from "../texts";

/** An element with the user's language and formats. */
export abstract class LocalizedElement extends LitElement {
  protected localize: Localize = localizer("en");
  protected formats!: Formats;
  private current?: Hass;

  // Home Assistant sets it at every change of any state.
  get hass(): Hass {
    return this.current as Hass;
  }
  set hass(hass: Hass) {
    const before = this.current;
    this.current = hass;
    if (before && before.locale === hass.locale && before.language === hass.language) return;
    this.localize = localizer(hass.language);
    this.formats = new Formats(hass);
    this.lang = languageOf(hass.language);
    this.requestUpdate();
  }
}

export interface CardConfig {
  type: string;
  entry_id?: string;
  camera?: string; // a camera's folder
}

/** A card that follows an installation. */
export abstract class LiveCard<Config extends CardConfig = CardConfig> extends LocalizedElement {
  @property({ attribute: false }) protected overview: Overview | null = null;
  @property({ attribute: false }) protected failure: string | null = null;
  protected config!: Config;
  private leave?: () => void;

  /** Called by Home Assistant with the card's configuration. */
  setConfig(config: Config): void {
    this.leave?.();
    this.leave = undefined;
    this.config = config;
    this.follow();
    this.requestUpdate();
  }

  override get hass(): Hass {
    return super.hass;
  }
  override set hass(hass: Hass) {
    super.hass = hass;
    this.follow();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave?.();
    this.leave = undefined;
  }

  /** Return what else is done when something arrives. */
  protected listener(): Listener {
    return {};
  }

  private follow(): void {
    if (this.leave || !this.isConnected || !this.hass || !this.config) return;
    const stream: Live = live(this.hass.connection, this.config.entry_id);
    this.failure = stream.error;
    this.leave = stream.listen({
      ...this.listener(),
      overview: (overview) => (this.overview = overview),
      error: (text) => (this.failure = text),
    });
  }
}
