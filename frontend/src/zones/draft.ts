import type { Point, Zone } from "../api/types";

export const KINDS = [
  "entry_point", "other_door", "window", "gate", "driveway", "sidewalk", "yard", "restricted",
] as const;
export const MAX_ZONES = 20;
export const MAX_CORNERS = 30;
const MIN_CORNERS = 3;

const inside = (value: number): number => Math.min(1, Math.max(0, value));

/** Zones that are being edited, with the way back. */
export class Draft {
  private past: Zone[][] = [];

  constructor(public zones: Zone[]) {}

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  /** Remember the present zones: the changes until the next call are undone together. */
  remember(): void {
    this.past.push(this.zones);
  }

  undo(): void {
    this.zones = this.past.pop() ?? this.zones;
  }

  /** Add a rectangle in the middle. */
  add(name: string): void {
    const polygon: Point[] = [[0.35, 0.4], [0.65, 0.4], [0.65, 0.8], [0.35, 0.8]];
    this.zones = [...this.zones, { name, kind: "entry_point", polygon }];
  }

  remove(zone: number): void {
    this.zones = this.zones.filter((_, index) => index !== zone);
  }

  change(zone: number, change: Partial<Zone>): void {
    this.zones = this.zones.map((each, index) => (index === zone ? { ...each, ...change } : each));
  }

  moveCorner(zone: number, corner: number, [x, y]: Point): void {
    const polygon = this.polygon(zone).map(
      (each, index): Point => (index === corner ? [inside(x), inside(y)] : each),
    );
    this.change(zone, { polygon });
  }

  /** Move a whole zone, as far as the image goes. */
  move(zone: number, [dx, dy]: Point): void {
    const polygon = this.polygon(zone);
    const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
    const x = Math.min(1 - Math.max(...xs), Math.max(-Math.min(...xs), dx));
    const y = Math.min(1 - Math.max(...ys), Math.max(-Math.min(...ys), dy));
    this.change(zone, { polygon: polygon.map(([px, py]): Point => [px + x, py + y]) });
  }

  /** Add a corner in the middle of the edge after a corner. */
  split(zone: number, corner: number): void {
    const polygon = [...this.polygon(zone)];
    const [from, to] = [polygon[corner], polygon[(corner + 1) % polygon.length]];
    if (!from || !to || polygon.length >= MAX_CORNERS) return;
    polygon.splice(corner + 1, 0, [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
    this.change(zone, { polygon });
  }

  removeCorner(zone: number, corner: number): void {
    const polygon = this.polygon(zone).filter((_, index) => index !== corner);
    if (polygon.length >= MIN_CORNERS) this.change(zone, { polygon });
  }

  private polygon(zone: number): Point[] {
    return this.zones[zone]?.polygon ?? [];
  }
}
