import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { en } from "@/i18n/en";
import { zh } from "@/i18n/zh";

const SOURCES = join(import.meta.dirname, "../../src");

function keysOf(messages: object, prefix = ""): string[] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === "string" ? [prefix + key] : keysOf(value as object, `${prefix}${key}.`),
  );
}

function look(messages: object, key: string): unknown {
  return key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], messages);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : /\.(vue|ts)$/.test(name) ? [path] : [];
  });
}

const sources = filesBelow(SOURCES)
  .filter((path) => !path.includes("/i18n/"))
  .map((path) => readFileSync(path, "utf8"));

describe("the words of the app", () => {
  test("are the same in both languages", () => {
    expect(keysOf(zh).sort()).toEqual(keysOf(en).sort());
  });

  test("have the same places to fill in", () => {
    const places = (text: unknown): string[] => [...new Set(String(text).match(/\{\w+\}/g) ?? [])].sort();
    for (const key of keysOf(en)) expect([key, places(look(zh, key))]).toEqual([key, places(look(en, key))]);
  });

  test("are there wherever one is asked for", () => {
    const asked = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*"([\w.]+)"/g)].map((found) => found[1]!));
    expect(asked.length).toBeGreaterThan(100);
    for (const key of asked) expect([key, typeof look(en, key)]).toEqual([key, "string"]);
  });

  /** Keys that are put together: what stands before and after the part that varies. */
  const patterns = sources.flatMap((source) =>
    [...source.matchAll(/\bt\(\s*`([\w.]+)\$\{[^}]*\}([\w.]*)`/g)].map(([, before = "", after = ""]) => ({ before, after })),
  );
  const fits = (key: string): boolean =>
    patterns.some(({ before, after }) => key.startsWith(before) && key.endsWith(after));

  test("are there wherever a key is put together", () => {
    for (const { before, after } of patterns) {
      const found = keysOf(en).some((key) => key.startsWith(before) && key.endsWith(after));
      expect([before, after, found]).toEqual([before, after, true]);
    }
  });

  test("are all said somewhere", () => {
    const quoted = new Set(sources.flatMap((source) => [...source.matchAll(/["'`]([\w]+(?:\.[\w]+)+)["'`]/g)].map((found) => found[1]!)));
    expect(keysOf(en).filter((key) => !quoted.has(key) && !fits(key))).toEqual([]);
  });
});
