import { DOMAIN, type Connection } from "./hass";
import type { EventDetails, EventFilter, EventPage, Mark, SecurityEvent, Zone } from "./types";

const PAGE = 50; // events

/** The integration's commands, for one installation. */
export class Commands {
  constructor(
    private connection: Connection,
    private entryId: string | undefined,
  ) {}

  events(filter: EventFilter, cursor: string | null): Promise<EventPage> {
    return this.send("events", { ...filter, limit: PAGE, ...(cursor === null ? {} : { cursor }) });
  }

  event(eventId: string): Promise<EventDetails> {
    return this.send("event", { event_id: eventId });
  }

  mark(eventId: string, mark: Mark | "none", note: string): Promise<{ event: SecurityEvent }> {
    return this.send("mark", { event_id: eventId, mark, ...(note ? { note } : {}) });
  }

  zones(camera: string): Promise<{ zones: Zone[]; image_url: string | null }> {
    return this.send("zones/get", { subentry_id: camera });
  }

  setZones(camera: string, zones: Zone[]): Promise<{ zones: Zone[] }> {
    return this.send("zones/set", { subentry_id: camera, zones });
  }

  heat(camera: string): Promise<{ cells: number[][] }> {
    return this.send("zones/heat", { subentry_id: camera });
  }

  private send<T>(command: string, data: Record<string, unknown> = {}): Promise<T> {
    const entry = this.entryId ? { entry_id: this.entryId } : {};
    return this.connection.sendMessagePromise<T>({ type: `${DOMAIN}/${command}`, ...entry, ...data });
  }
}
