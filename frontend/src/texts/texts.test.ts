import { describe, expect, it } from "vitest";

import { Formats, labelText, languageOf, localizer } from ".";
import en from "./en.json";

const files = import.meta.glob<Record<string, string>>("./*.json", { eager: true, import: "default" });
const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

describe("texts", () => {
  it.each(Object.keys(files))("%s has every text with its placeholders, and no other", (file) => {
    const texts = files[file] ?? {};
    const plural = (key: string): boolean => /_(zero|one|two|few|many)$/.test(key);
    expect(Object.keys(texts).filter((key) => !plural(key)).sort()).toEqual(
      Object.keys(en).filter((key) => !plural(key)).sort(),
    );
    for (const [key, text] of Object.entries(en)) {
      if (key in texts) expect([key, names(texts[key] ?? "")]).toEqual([key, names(text)]);
    }
  });

  it("falls back from a region to its language, and else to English", () => {
    expect(["de-CH", "de", "xx", "en-GB"].map(languageOf)).toEqual(["de", "de", "en", "en"]);
  });

  it("picks the plural", () => {
    const localize = localizer("de");
    expect(localize("unreviewed_count", { count: 1 })).toBe("1 Ereignis zu prüfen");
    expect(localize("unreviewed_count", { count: 0 })).toBe("0 Ereignisse zu prüfen");
  });

  it("shows a label that has no name as the detector wrote it", () => {
    expect(labelText(localizer("en"), "garden gnome")).toBe("Garden gnome");
  });
});

describe("formats", () => {
  const formats = (time_format: "12" | "24", language = "en"): Formats =>
    new Formats({
      locale: { language, time_format, time_zone: "server" },
      config: { time_zone: "Europe/Berlin" },
    });
  const now = new Date("2026-11-30T20:00:00Z");

  it("shows the time in the home's zone, and the date only on another day", () => {
    expect(formats("24").moment("2026-11-30T17:05:09Z", now)).toBe("18:05:09");
    expect(formats("12").moment("2026-11-30T17:05:09Z", now)).toMatch(/^6:05:09\sPM$/);
    expect(formats("24", "de").moment("2026-11-29T23:30:00Z", now)).toBe("00:30:00");
    expect(formats("24", "de").moment("2026-11-28T23:30:00Z", now)).toBe("29.11.2026, 00:30:00");
  });

  it("shows how long ago in the largest unit", () => {
    const ago = (iso: string): string => formats("24").ago(iso, now.getTime());
    expect(ago("2026-11-30T19:59:30Z")).toBe("30 seconds ago");
    expect(ago("2026-11-30T17:00:00Z")).toBe("3 hours ago");
    expect(ago("2026-11-29T19:00:00Z")).toBe("yesterday");
  });

  it("shows bytes in the fitting unit", () => {
    expect([0, 999, 1_000, 1_540_000_000].map((each) => formats("24").bytes(each))).toEqual([
      "0 byte", "999 byte", "1 kB", "1.5 GB",
    ]);
  });
});
