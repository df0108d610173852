import { describe, expect, it } from "vitest";

import { passes, updated, rowsInView } from "./event-list";
import type { SecurityEvent } from "./types";

const event = (id: string, minute: number, changes: Partial<SecurityEvent> = {}): SecurityEvent =>
  ({
    event_id: id, camera: "yard", labels: ["person"], level: "medium", mark: null,
    started_at: `2026-11-30T10:${String(minute).padStart(2, "0")}:00+00:00`, ...changes,
  }) as SecurityEvent;
const ids = (events: SecurityEvent[]): string => events.map((each) => each.event_id).join("");
const list = [event("c", 30), event("b", 20), event("a", 10)];

describe("the filter", () => {
  it.each([
    [{}, true],
    [{ camera: "yard" }, true],
    [{ camera: "door" }, false],
    [{ min_level: "medium" }, true],
    [{ min_level: "high" }, false],
    [{ label: "car" }, false],
    [{ mark: "unreviewed" }, true],
    [{ mark: "missed" }, false],
    [{ since: "2026-11-30T11:00:00+01:00" }, true],
    [{ since: "2026-11-30T11:06:00+01:00" }, false],
    [{ until: "2026-11-30T10:05:00Z" }, false],
    [{ text: "anything" }, null],
  ] as const)("%o: %s", (filter, expected) => {
    expect(passes(event("x", 5), filter)).toBe(expected);
  });
});

describe("the list", () => {
  it("takes a new event in at its time", () => {
    expect(ids(updated(list, event("d", 40), {}))).toBe("dcba");
    expect(ids(updated(list, event("x", 25), {}))).toBe("cxba");
    expect(ids(updated([], event("x", 25), {}))).toBe("x");
  });

  it("replaces an event in its place, also when it no longer passes", () => {
    const marked = event("b", 20, { mark: "false_alarm" });
    const after = updated(list, marked, { mark: "unreviewed" });
    expect(ids(after)).toBe("cba");
    expect(after[1]?.mark).toBe("false_alarm");
  });

  it("leaves out what does not pass, what only a search can tell, and what is further down", () => {
    expect(ids(updated(list, event("x", 50), { camera: "door" }))).toBe("cba");
    expect(ids(updated(list, event("x", 50), { text: "car" }))).toBe("cba");
    expect(ids(updated(list, event("x", 5), {}))).toBe("cba");
  });
});

describe("the drawn rows", () => {
  it("are those in view and a few around, however long the list", () => {
    expect(rowsInView(0, 1000, 100, 1_000_000)).toEqual([0, 16]);
    expect(rowsInView(-50_000_000, 1000, 100, 1_000_000)).toEqual([499_994, 500_016]);
    expect(rowsInView(300, 1000, 100, 3)).toEqual([0, 3]);
    expect(rowsInView(-9_000, 1000, 100, 3)).toEqual([3, 3]);
  });
});
