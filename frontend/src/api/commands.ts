import { DOMAIN, type Connection } from "./hass";
import type { EventDetails, EventFilter, EventPage, Mark, SecurityEvent } from "./types";

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

  private send<T>(command: string, data: Record<string, unknown> = {}): Promise<T> {
    const entry = this.entryId ? { entry_id: this.entryId } : {};
    return this.connection.sendMessagePromise<T>({ type: `${DOMAIN}/${command}`, ...entry, ...data });
  }
}
