import { LEVELS, type EventFilter, type SecurityEvent } from "./types";

/** Return whether an event passes the filter; null if only the integration can tell. */
export function passes(event: SecurityEvent, filter: EventFilter): boolean | null {
  if (filter.camera && event.camera !== filter.camera) return false;
  if (filter.label && !event.labels.includes(filter.label)) return false;
  if (filter.min_level) {
    if (event.level === null) return false;
    if (LEVELS.indexOf(event.level) < LEVELS.indexOf(filter.min_level)) return false;
  }
  if (filter.mark === "unreviewed" ? event.mark !== null : filter.mark && event.mark !== filter.mark)
    return false;
  if (filter.since && Date.parse(event.started_at) < Date.parse(filter.since)) return false;
  if (filter.until && Date.parse(event.started_at) >= Date.parse(filter.until)) return false;
  return filter.text ? null : true;
}

/** Return the list, newest first, with an event's new version in it. */
export function updated(
  events: readonly SecurityEvent[],
  event: SecurityEvent,
  filter: EventFilter,
): SecurityEvent[] {
  const rest = events.filter((each) => each.event_id !== event.event_id);
  const was = rest.length < events.length;
  const fits = passes(event, filter);
  // A mark does not make an event vanish under the user's hand; the next load drops it.
  if (!was && fits !== true) return rest;
  const start = Date.parse(event.started_at);
  const place = rest.findIndex((each) => Date.parse(each.started_at) <= start);
  // Beyond the last loaded one, it comes with its page.
  if (!was && place === -1 && rest.length > 0) return rest;
  rest.splice(place === -1 ? rest.length : place, 0, event);
  return rest;
}

/** Return the first row to draw and the one after the last: those in view and a few around. */
export function rowsInView(
  top: number,
  viewport: number,
  rowHeight: number,
  count: number,
  around = 6,
): [number, number] {
  const first = Math.max(0, Math.floor(-top / rowHeight) - around);
  const last = Math.min(count, Math.ceil((viewport - top) / rowHeight) + around);
  return [Math.min(first, count), Math.max(last, 0)];
}
