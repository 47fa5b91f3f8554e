/** Live settings as people edit them: by room, as a switch, a choice, a number or a word. */
import type { ConfigVersion, Setting, Value } from "./api";

export type Kind = "switch" | "choice" | "number" | "text";

export interface Group {
  readonly name: string;
  readonly settings: readonly Setting[];
}

const ONE_OF = "one of ";

export function choicesOf(setting: Setting): readonly string[] {
  return setting.allowed.startsWith(ONE_OF) ? setting.allowed.slice(ONE_OF.length).split(", ") : [];
}

export function kindOf(setting: Setting): Kind {
  if (typeof setting.default === "boolean") return "switch";
  if (typeof setting.default === "number") return "number";
  return choicesOf(setting).length ? "choice" : "text";
}

/** The rooms of the settings, in the order the server names them; what has no room is the server's own. */
export function groupsOf(settings: readonly Setting[]): readonly Group[] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const room = setting.key.includes(".") ? setting.key.slice(0, setting.key.indexOf(".")) : "server";
    const there = groups.get(room);
    if (there) there.push(setting);
    else groups.set(room, [setting]);
  }
  return [...groups].map(([name, some]) => ({ name, settings: some }));
}

/** Settings with all the words in their key or their sentence. */
export function fitting(settings: readonly Setting[], text: string, said: (one: Setting) => string): Setting[] {
  const words = text.trim().toLowerCase().split(/\s+/);
  return settings.filter((one) => {
    const whole = `${one.key} ${said(one)}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** What somebody typed, as a value of this setting; undefined while it is none. */
export function valueOf(setting: Setting, typed: string): Value | undefined {
  const text = typed.trim();
  if (kindOf(setting) !== "number") return text || undefined;
  const number = Number(text.replaceAll(",", ""));
  return text && Number.isFinite(number) ? number : undefined;
}

export interface Change {
  readonly key: string;
  /** undefined: its default. */
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** What a version changed, given the one before it. */
export function changesOf(version: ConfigVersion, before: ConfigVersion | undefined): readonly Change[] {
  const old = before?.values ?? {};
  const keys = [...new Set([...Object.keys(old), ...Object.keys(version.values)])].sort();
  return keys
    .filter((key) => old[key] !== version.values[key])
    .map((key) => ({ key, before: old[key], after: version.values[key] }));
}
