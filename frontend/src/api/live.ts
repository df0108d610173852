import { DOMAIN, errorText, type Connection } from "./hass";
import type { Message, Overview, SecurityEvent } from "./types";

const RETRY_DELAY = 5_000; // milliseconds; the integration may still be loading

export interface Listener {
  overview?(overview: Overview): void;
  event?(event: SecurityEvent, phase: string): void;
  resync?(): void;
  error?(text: string | null): void;
}

/** One stream of an installation, shared by all cards of a page. */
export class Live {
  overview: Overview | null = null;
  error: string | null = null;
  private listeners = new Set<Listener>();
  private stop: (() => Promise<void>) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0; // a newer one makes an older one void

  constructor(
    private connection: Connection,
    private entryId: string | undefined,
  ) {}

  /** Add a listener; return the function that removes it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) {
      this.connection.addEventListener("ready", this.restart);
      void this.start();
    } else if (this.overview) {
      listener.overview?.(this.overview);
    }
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.end();
    };
  }

  private async start(): Promise<void> {
    const attempt = ++this.attempt;
    const entry = this.entryId ? { entry_id: this.entryId } : {};
    try {
      // Home Assistant's own resubscribing gives up when the integration is not loaded yet.
      const stop = await this.connection.subscribeMessage<Message>(
        (message) => attempt === this.attempt && this.take(message),
        { type: `${DOMAIN}/subscribe_events`, ...entry },
        { resubscribe: false },
      );
      if (attempt === this.attempt) this.stop = stop;
      else void stop().catch(() => undefined);
    } catch (error) {
      if (attempt !== this.attempt) return;
      this.report(errorText(error));
      this.timer = setTimeout(() => void this.start(), RETRY_DELAY);
    }
  }

  private restart = (): void => {
    clearTimeout(this.timer);
    this.stop = null; // the old socket took it along
    for (const each of this.listeners) each.resync?.();
    void this.start();
  };

  private end(): void {
    this.attempt++;
    clearTimeout(this.timer);
    this.connection.removeEventListener("ready", this.restart);
    void this.stop?.().catch(() => undefined);
    this.stop = null;
    this.overview = null;
  }

  private take(message: Message): void {
    if (message.type === "resync") {
      for (const each of this.listeners) each.resync?.();
    } else if (message.type === "event") {
      for (const each of this.listeners) each.event?.(message.event, message.phase);
    } else {
      this.overview = merged(this.overview, message);
      if (this.overview === null) return;
      this.report(null);
      for (const each of this.listeners) each.overview?.(this.overview);
    }
  }

  private report(error: string | null): void {
    if (error === this.error) return;
    this.error = error;
    for (const each of this.listeners) each.error?.(error);
  }
}

const streams = new WeakMap<Connection, Map<string, Live>>();

/** Return the stream of an installation; without an id, of the only one. */
export function live(connection: Connection, entryId?: string): Live {
  const byEntry = streams.get(connection) ?? new Map<string, Live>();
  streams.set(connection, byEntry);
  const key = entryId ?? "";
  const found = byEntry.get(key) ?? new Live(connection, entryId);
  byEntry.set(key, found);
  return found;
}

/** Return the overview with what has changed in it; the first message is a whole one. */
export function merged(overview: Overview | null, change: Partial<Overview>): Overview | null {
  if (change.entry_id !== undefined) return change as Overview;
  if (overview === null) return null;
  const changed = new Map((change.cameras ?? []).map((camera) => [camera.subentry_id, camera]));
  const cameras = overview.cameras.map((camera) => changed.get(camera.subentry_id) ?? camera);
  return { ...overview, ...change, cameras };
}
