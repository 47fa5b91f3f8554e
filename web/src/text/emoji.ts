/** Every emoji with its name and words to find it by.  The data is loaded when somebody first looks for one. */
import type { Language } from "@/i18n";

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
  readonly group: number;
  /** The same in five tones of skin, from light to dark; empty: it has none. */
  readonly tones: readonly string[];
  /** What it is found by, in lower case. */
  readonly words: string;
}

/** As the files of `emojibase-data` have it. */
interface Compact {
  hexcode: string;
  label: string;
  unicode: string;
  group?: number;
  tags?: string[];
  skins?: { unicode: string }[];
}

/** Parts of emoji, such as skin tones: nothing to send. */
const COMPONENTS = 2;

const TONES = 5;

const loaded = new Map<Language, Promise<readonly Emoji[]>>();

/** Return all emoji in the order people know from their phones. */
export function loadEmoji(language: Language): Promise<readonly Emoji[]> {
  let found = loaded.get(language);
  if (!found) {
    found = load(language).catch((thrown: unknown) => {
      // Tried again when it is wanted again.
      loaded.delete(language);
      throw thrown;
    });
    loaded.set(language, found);
  }
  return found;
}

async function load(language: Language): Promise<readonly Emoji[]> {
  const { default: english } = (await import("emojibase-data/en/compact.json")) as { default: Compact[] };
  if (language === "en") return made(english, english);
  const { default: chinese } = (await import("emojibase-data/zh/compact.json")) as { default: Compact[] };
  // English words find them too: many people who read Chinese know those.
  return made(chinese, english);
}

function made(shown: readonly Compact[], also: readonly Compact[]): Emoji[] {
  const other = new Map(also.map((each) => [each.unicode, each]));
  return shown
    .filter((each) => each.group !== undefined && each.group !== COMPONENTS)
    .map((each) => {
      const twin = other.get(each.unicode);
      const words = [each.label, ...(each.tags ?? []), twin?.label ?? "", ...(twin?.tags ?? [])];
      // Of those with two people there are as many as there are pairs.
      const tones = each.skins?.length === TONES ? each.skins.map((skin) => skin.unicode) : [];
      const found = { emoji: each.unicode, name: each.label, group: each.group ?? 0, tones };
      return { ...found, words: words.join(" ").toLowerCase() };
    });
}

let names: Promise<ReadonlyMap<string, string>> | undefined;

/** Return the emoji that a name between colons stands for everywhere (`tada`), if there is one. */
export async function emojiNamed(name: string): Promise<string | undefined> {
  names ??= loadNames().catch((thrown: unknown) => {
    names = undefined;
    throw thrown;
  });
  return (await names).get(name);
}

async function loadNames(): Promise<ReadonlyMap<string, string>> {
  const [{ default: codes }, { default: all }] = (await Promise.all([
    import("emojibase-data/en/shortcodes/github.json"),
    import("emojibase-data/en/compact.json"),
  ])) as [{ default: Record<string, string | string[]> }, { default: Compact[] }];
  return new Map(
    all.flatMap(({ hexcode, unicode }) => [codes[hexcode] ?? []].flat().map((name) => [name, unicode] as const)),
  );
}

/** Return it in a tone of skin, 1 to 5; 0 is none. */
export function toned(one: Emoji, tone: number): string {
  return one.tones[tone - 1] ?? one.emoji;
}

/** Those that all the words of a query are found in, best first. */
export function findEmoji(all: readonly Emoji[], query: string, limit = 64): Emoji[] {
  const parts = query
    .toLowerCase()
    .split(/[\s_]+/)
    .filter(Boolean);
  if (!parts.length) return [];
  const rank = (one: Emoji): number => {
    const name = one.name.toLowerCase();
    const first = parts[0] ?? "";
    return name === first ? 0 : name.startsWith(first) ? 1 : ` ${one.words}`.includes(` ${first}`) ? 2 : 3;
  };
  return all
    .filter((one) => parts.every((part) => one.words.includes(part)))
    .map((one, index) => ({ one, index, rank: rank(one) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, limit)
    .map(({ one }) => one);
}
