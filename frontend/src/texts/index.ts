import type { Hass } from "../api/hass";
import en from "./en.json";

export type Key = keyof typeof en;
type Texts = Record<string, string>;

// A further language is one more file.
const languages: Record<string, Texts> = Object.fromEntries(
  Object.entries(import.meta.glob<Texts>("./*.json", { eager: true, import: "default" })).map(
    ([file, texts]) => [file.slice(2, -5), texts],
  ),
);

export type Localize = (key: Key, values?: Record<string, string | number>) => string;

/** Return the language of the texts for a user's language: its own, the base's or English. */
export function languageOf(language: string): string {
  const base = language.split("-")[0] ?? "en";
  return [language, base].find((each) => each in languages) ?? "en";
}

/** Return a function that looks texts up; `count` among the values picks the plural. */
export function localizer(language: string): Localize {
  const found = languageOf(language);
  const texts: Texts = { ...(en as Texts), ...languages[found] };
  const plurals = new Intl.PluralRules(found);
  return (key, values = {}) => {
    const count = values["count"];
    const plural = typeof count === "number" ? texts[`${key}_${plurals.select(count)}`] : undefined;
    return (plural ?? texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) =>
      String(values[name] ?? ""),
    );
  };
}

/** Return a detector's label in the user's language where it has a name there. */
export function labelText(localize: Localize, label: string): string {
  const key = `label_${label.replace(/ /g, "_")}`;
  const found = localize(key as Key);
  return found === key ? label.charAt(0).toUpperCase() + label.slice(1) : found;
}

/** Formats times and numbers as the user set them in Home Assistant. */
export class Formats {
  private clock: Intl.DateTimeFormat;
  private date: Intl.DateTimeFormat;
  private day: Intl.DateTimeFormat;
  private relative: Intl.RelativeTimeFormat;
  private language: string;

  constructor(hass: Pick<Hass, "locale" | "config">) {
    const { language, time_format: format, time_zone: zone } = hass.locale;
    this.language = language;
    const timeZone = zone === "server" ? hass.config.time_zone : undefined;
    const hour12 = format === "12" ? true : format === "24" ? false : undefined;
    const where = format === "system" ? undefined : language;
    this.clock = new Intl.DateTimeFormat(where, { timeStyle: "medium", hour12, timeZone });
    this.date = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone });
    this.day = new Intl.DateTimeFormat("en-CA", { timeZone });
    this.relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  }

  /** Return the time; of another day, with its date. */
  moment(iso: string, now = new Date()): string {
    const time = new Date(iso);
    const clock = this.clock.format(time);
    return this.day.format(time) === this.day.format(now) ? clock : `${this.date.format(time)}, ${clock}`;
  }

  /** Return how long ago it was, in the largest unit that is at least one. */
  ago(iso: string, now = Date.now()): string {
    const seconds = (new Date(iso).getTime() - now) / 1000;
    const units: [Intl.RelativeTimeFormatUnit, number][] = [
      ["day", 86_400], ["hour", 3_600], ["minute", 60],
    ];
    const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
    return this.relative.format(Math.round(seconds / size), unit);
  }

  number(value: number, digits = 0): string {
    return value.toLocaleString(this.language, { maximumFractionDigits: digits });
  }

  percent(value: number): string {
    return value.toLocaleString(this.language, { style: "percent" });
  }

  bytes(value: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    const index = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
    return (value / 1000 ** index).toLocaleString(this.language, {
      style: "unit", unit: units[index], unitDisplay: "short", maximumFractionDigits: 1,
    });
  }
}
