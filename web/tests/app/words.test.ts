import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { en as adminEn } from "@/i18n/admin/en";
import { zh as adminZh } from "@/i18n/admin/zh";
import { en as appEn } from "@/i18n/en";
import { zh as appZh } from "@/i18n/zh";

/** The console's words come with it, under a name of their own. */
const en = { ...appEn, admin: adminEn };
const zh = { ...appZh, admin: adminZh };

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

  /** What stands in the place of `${…}` where a key is put together, by what stands before it. */
  const VARIED: Readonly<Record<string, string>> = {
    "admin.act.": keysOf(adminEn.act).join(" "),
    "admin.audit.kind.": Object.keys(adminEn.audit.kind).join(" "),
    "admin.can.": keysOf(adminEn.can).join(" "),
    "admin.choice.": keysOf(adminEn.choice).join(" "),
    "admin.node.": "up starting draining suspect dead",
    "admin.page.": Object.keys(adminEn.page).join(" "),
    "admin.reports.": "dismissed acted",
    "admin.role.": "owner admin moderator member guest",
    "admin.room.": Object.keys(adminEn.room).join(" "),
    "admin.scope.": Object.keys(adminEn.scope).join(" "),
    "admin.setting.": keysOf(adminEn.setting).join(" "),
    "admin.words.": "refuse mask hold pass",
    "admin.standing.": Object.keys(adminEn.standing).join(" "),
    "arrange.for.": "hour hours tomorrow ever",
    "create.": "direct group channel",
    "emoji.group": "0 1 3 4 5 6 7 8 9",
    "emoji.tone": "0 1 2 3 4 5",
    "info.": "owner admin",
    "later.": "hour evening tomorrow monday",
    "message.": "waiting sent delivered read failed",
    "nav.": "all unread direct groups",
    "ownRole.may.": "send speak_always recall pin settings invite remove mute",
    "ownRole.short.": "send speak_always recall pin settings invite remove mute",
    "remind.": "minutes hour hours tomorrow monday",
    "report.": "spam abuse violence illegal other",
    "search.way.": "from in before file",
    "settings.": "profile account security devices appearance notifications about",
    "status.": "connecting resyncing online waiting ended",
    "welcome.": "pointOrder pointOffline pointYours",
  };
  const varied = Object.entries(VARIED).flatMap(([before, ends]) => ends.split(" ").map((end) => before + end));

  test("are there wherever a key is put together", () => {
    const begun = sources.flatMap((source) =>
      [...source.matchAll(/\bt\(\s*`([\w.]+)\$\{[^}]*\}`/g)].map((found) => found[1]!),
    );
    expect([...new Set(begun)].sort()).toEqual(Object.keys(VARIED).sort());
    for (const key of varied) expect([key, typeof look(en, key)]).toEqual([key, "string"]);
  });

  test("are all said somewhere", () => {
    const whole = sources.flatMap((source) =>
      [...source.matchAll(/["'`](\w+(?:\.\w+)+)["'`]/g)].map((found) => found[1]!),
    );
    const said = new Set([...whole, ...varied]);
    expect(keysOf(en).filter((key) => !said.has(key))).toEqual([]);
  });

  test("have one for whatever the server permits, remembers and lets be set", () => {
    const repository = join(SOURCES, "../..");
    const read = (path: string): string => readFileSync(join(repository, path), "utf8");
    const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((one) => one[1]!);
    const [table = ""] = read("docs/permissions.md").split("## Operations");
    expect(keysOf(adminEn.can).sort()).toEqual(
      found(table, /^\| `([a-z.]+)` \| [A-Z]/gm)
        .filter((one) => !(one in adminEn.scope))
        .sort(),
    );
    const acts = read("src/hubbub/auth/audit.py").split("class By")[0] ?? "";
    expect(keysOf(adminEn.act).sort()).toEqual(found(acts, /^ {4}[A-Z_]+ = "([a-z_.]+)"$/gm).sort());
    const settings = read("src/hubbub/cluster/live_settings.py").split("flags: dict")[0] ?? "";
    expect(
      keysOf(adminEn.setting)
        .filter((key) => key !== "drain_s")
        .sort(),
    ).toEqual(found(settings, /name="([a-z_.]+)"/g).sort());
    const choices = found(settings, /Literal\[([^\]]+)\]/g).flatMap((one) => found(one, /"(\w+)"/g));
    expect(keysOf(adminEn.choice).sort()).toEqual([...new Set(choices)].sort());
  });
});
