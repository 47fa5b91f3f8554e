/** Names after an @ in what is being written. */

const NAME = /(?<![\p{L}\p{N}._@/-])@([\p{L}\p{N}][\p{L}\p{N}._-]{0,31})/gu;

/** Words by which everybody is mentioned. */
export const EVERYONE: readonly string[] = ["all", "所有人"];

/** Return the names a text mentions, each once. */
export function namesIn(text: string): string[] {
  const found = new Set<string>();
  for (const [, name] of text.matchAll(NAME)) if (name) found.add(name.replace(/[._-]+$/, ""));
  return [...found];
}

export interface Completion {
  /** `@` for people, `:` for emoji. */
  readonly sign: "@" | ":";
  readonly query: string;
  /** Where the sign stands. */
  readonly start: number;
}

/** Return what is being completed where the cursor stands. */
export function completionAt(text: string, cursor: number): Completion | null {
  const before = text.slice(0, cursor);
  const person = /(?:^|[\s(（,，。:：])@([\p{L}\p{N}._-]{0,32})$/u.exec(before);
  if (person) return { sign: "@", query: person[1] ?? "", start: cursor - (person[1]?.length ?? 0) - 1 };
  const emoji = /(?:^|\s):([\p{L}\p{N}_+-]{2,32}|\p{Lo})$/u.exec(before);
  if (emoji?.[1]) return { sign: ":", query: emoji[1], start: cursor - emoji[1].length - 1 };
  return null;
}

/** Return the name between colons that ends where the cursor stands, outside of code, and where its first colon is. */
export function nameClosedAt(text: string, cursor: number): { name: string; start: number } | null {
  const before = text.slice(0, cursor);
  const name = /(?:^|[\s(（,，。])(:([a-z0-9_+-]{1,40}):)$/.exec(before);
  if (!name?.[1] || !name[2] || (before.split("`").length - 1) % 2) return null;
  return { name: name[2], start: cursor - name[1].length };
}
