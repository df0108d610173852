// The parts of Home Assistant's frontend that the cards use.

export interface Connection {
  sendMessagePromise<T>(message: Record<string, unknown>): Promise<T>;
  subscribeMessage<T>(
    callback: (message: T) => void,
    message: Record<string, unknown>,
    options?: { resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

export interface Locale {
  language: string;
  time_format: "language" | "system" | "12" | "24";
  time_zone?: "local" | "server";
}

export interface Hass {
  connection: Connection;
  language: string;
  locale: Locale;
  config: { time_zone: string };
  user?: { is_admin: boolean };
  hassUrl(path: string): string;
}

export const DOMAIN = "home_security_intelligence";

/** Return the translated text of a failed command. */
export function errorText(error: unknown): string {
  if (error && typeof error === "object" && "message" in error) return String(error.message);
  return String(error);
}

/** Open Home Assistant's dialog of an entity. */
export function showMoreInfo(target: EventTarget, entityId: string): void {
  target.dispatchEvent(
    new CustomEvent("hass-more-info", { detail: { entityId }, bubbles: true, composed: true }),
  );
}

/** Go to a page of Home Assistant without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
}
