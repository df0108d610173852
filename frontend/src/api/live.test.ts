import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Connection } from "./hass";
import { live, merged } from "./live";
import type { Camera, Message, Overview } from "./types";

const camera = (id: string, score: number): Camera => ({ subentry_id: id, score }) as Camera;
const whole = { entry_id: "one", cameras: [camera("a", 1), camera("b", 2)], dead_letters: 0 } as Overview;
const first: Message = { type: "overview", ...whole };

/** A connection that refuses a number of subscriptions, and keeps the accepted ones. */
function connect(refusals = 0) {
  const sends: ((message: Message) => void)[] = [];
  const ready = new Set<() => void>();
  const ended = vi.fn(async () => undefined);
  const subscribeMessage = vi.fn(async (send: (message: Message) => void) => {
    if (refusals-- > 0) throw { code: "not_found", message: "Not loaded." };
    sends.push(send);
    return ended;
  });
  const connection = {
    subscribeMessage,
    addEventListener: (_: string, call: () => void) => ready.add(call),
    removeEventListener: (_: string, call: () => void) => ready.delete(call),
  } as unknown as Connection;
  return { connection, sends, ready, ended, subscribeMessage };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe("the overview", () => {
  it("takes over what has changed, and keeps the cameras' order", () => {
    const change = { cameras: [camera("a", 9)], dead_letters: 3 };
    const after = merged(whole, change);
    expect(after?.cameras.map(({ score }) => score)).toEqual([9, 2]);
    expect(after?.dead_letters).toBe(3);
  });

  it("is replaced by a whole one: a removed camera goes, a new one appears", () => {
    expect(merged(whole, { ...whole, cameras: [camera("c", 5)] })?.cameras).toHaveLength(1);
  });

  it("does not start with a part", () => {
    expect(merged(null, { dead_letters: 3 })).toBeNull();
  });
});

describe("the stream", () => {
  it("is shared: one subscription, and the last overview for a late card", async () => {
    const { connection, sends, subscribeMessage, ended } = connect();
    const late = vi.fn();
    const leave = live(connection).listen({});
    await settle();
    sends[0]?.(first);
    const leaveToo = live(connection).listen({ overview: late });
    expect(late).toHaveBeenCalledWith(expect.objectContaining({ entry_id: "one" }));
    expect(subscribeMessage).toHaveBeenCalledTimes(1);
    leave();
    expect(ended).not.toHaveBeenCalled();
    leaveToo();
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("is tried again while the integration is not loaded, and says why it waits", async () => {
    const { connection, sends } = connect(2);
    const error = vi.fn();
    live(connection).listen({ error });
    await settle();
    expect(error).toHaveBeenLastCalledWith("Not loaded.");
    await vi.advanceTimersByTimeAsync(10_000);
    sends[0]?.(first);
    expect(error).toHaveBeenLastCalledWith(null);
  });

  it("starts again after a lost connection, and asks the cards to load anew", async () => {
    const { connection, sends, ready } = connect();
    const resync = vi.fn();
    const event = vi.fn();
    live(connection).listen({ resync, event });
    await settle();
    ready.forEach((call) => call());
    await settle();
    expect(resync).toHaveBeenCalledTimes(1);
    expect(sends).toHaveLength(2);
    const message = { type: "event", phase: "closed", event: { event_id: "x" } } as Message;
    sends[0]?.(message); // of the old connection
    expect(event).not.toHaveBeenCalled();
    sends[1]?.(message);
    expect(event).toHaveBeenCalledTimes(1);
  });
});
