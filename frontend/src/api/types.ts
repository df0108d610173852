// What the integration's WebSocket commands return; docs/dashboards.md describes it.

export type Level = "low" | "medium" | "high" | "critical";
export type Mark = "true_alarm" | "false_alarm" | "missed";
export type Presence = "person" | "vehicle" | "animal" | "package";
export type Point = [number, number]; // 0-1 of the image

export const LEVELS: readonly Level[] = ["low", "medium", "high", "critical"];
export const PRESENCES: readonly Presence[] = ["person", "vehicle", "animal", "package"];

export interface Zone {
  name: string;
  kind: string;
  polygon: Point[];
}

export interface Factor {
  name: string;
  points: number;
  reason: string;
  label: string;
}

export interface SecurityEvent {
  event_id: string;
  camera: string;
  camera_name: string;
  state: "open" | "closed";
  started_at: string;
  last_activity_at: string;
  ended_at: string | null;
  labels: string[];
  image_count: number;
  image_damaged: string | null;
  risk_score: number | null;
  level: Level | null;
  factors: Factor[];
  narrative: string | null;
  summary: string | null;
  mark: Mark | null;
  note: string | null;
  marked_at: string | null;
  thumbnail_url: string | null;
  image_url: string | null;
}

export interface Detection {
  label: string;
  confidence: number;
  box: [number, number, number, number]; // left, top, right, bottom, 0-1 of the image
}

export interface EventImage {
  image_id: number;
  captured_at: string;
  damaged: string | null;
  width: number;
  height: number;
  thumbnail_url: string | null;
  image_url: string | null;
  detections: Detection[];
}

export interface EventDetails {
  event: SecurityEvent;
  images: EventImage[];
  zones: Zone[];
  path: [number, number, number][][]; // of each person: seconds since the first image, x, y
  why_not_higher: { next_level: Level; missing_points: number; largest: string[] } | null;
  history: { at: string; phase: string; level: Level | null; score: number | null }[];
}

export interface Camera {
  subentry_id: string;
  folder: string;
  name: string;
  available: boolean;
  reason: string | null;
  area: string | null;
  entities: Record<string, string>;
  level: Level;
  score: number;
  event: SecurityEvent | null;
  image_url: string | null;
  thumbnail_url: string | null;
  image_at: string | null;
  zones: Zone[];
  presence: Record<Presence, boolean | null>;
}

export interface Component {
  state: string | null;
  model: string | null;
  error: string | null;
  fallback?: string | null;
  device?: string | null;
  runtime?: string | null;
  test_model?: boolean;
}

export interface Gpu {
  name: string;
  utilization_percent: number | null;
  memory_used_bytes: number | null;
  memory_total_bytes: number | null;
  temperature_c: number | null;
  power_w: number | null;
}

export interface Server {
  name: string;
  address: string;
  connected: boolean | null;
  reason: string | null;
  detector: Component;
  assessor: Component;
  gpu: Gpu | null;
}

export interface Overview {
  entry_id: string;
  title: string;
  version: string;
  cameras: Camera[];
  server: Server[];
  queue: { waiting: number; running: number; oldest_age_s: number | null };
  dead_letters: number;
  database: boolean;
  storage: { images: number; bytes: number } | null;
  unreviewed: number | null;
}

export interface EventPage {
  events: SecurityEvent[];
  cursor: string | null;
  total: number;
  total_is_exact: boolean;
}

export interface EventFilter {
  camera?: string;
  min_level?: Level;
  label?: string;
  mark?: Mark | "unreviewed";
  text?: string;
  since?: string;
  until?: string;
}

export type Message =
  | ({ type: "overview" } & Partial<Overview>)
  | { type: "event"; phase: string; event: SecurityEvent }
  | { type: "resync" };
