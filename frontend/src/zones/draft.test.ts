import { expect, it } from "vitest";

import type { Zone } from "../api/types";
import { Draft } from "./draft";

const square: Zone = { name: "Door", kind: "gate", polygon: [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]] };
const draft = (): Draft => new Draft([square]);
const polygon = (of: Draft): number[][] | undefined =>
  of.zones[0]?.polygon.map(([x, y]) => [Number(x.toFixed(4)), Number(y.toFixed(4))]);

it("moves a corner, but not out of the image", () => {
  const edited = draft();
  edited.moveCorner(0, 1, [1.3, -0.2]);
  expect(polygon(edited)?.[1]).toEqual([1, 0]);
});

it("moves a zone with its shape, as far as the image goes", () => {
  const edited = draft();
  edited.move(0, [-0.5, 0.2]);
  expect(polygon(edited)).toEqual([[0, 0.3], [0.3, 0.3], [0.3, 0.6], [0, 0.6]]);
});

it("adds a corner between two, also between the last and the first", () => {
  const edited = draft();
  edited.split(0, 3);
  expect(polygon(edited)?.[4]).toEqual([0.1, 0.25]);
});

it("keeps three corners", () => {
  const edited = draft();
  edited.removeCorner(0, 0);
  edited.removeCorner(0, 0);
  expect(polygon(edited)).toHaveLength(3);
});

it("undoes step by step, back to what was stored", () => {
  const edited = draft();
  edited.remember();
  edited.moveCorner(0, 0, [0.2, 0.2]);
  edited.moveCorner(0, 0, [0.3, 0.3]); // of the same drag
  edited.remember();
  edited.remove(0);
  edited.undo();
  expect(polygon(edited)?.[0]).toEqual([0.3, 0.3]);
  edited.undo();
  expect(edited.zones).toEqual([square]);
  expect(edited.canUndo).toBe(false);
});
