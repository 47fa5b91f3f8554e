/** What stands for a person or a conversation where there is no picture. */

/** One of the eight hues, always the same for one id. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return sum % 8;
}

/** One or two letters of a name; one Chinese character. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean);
  const first = Array.from(words[0] ?? "?");
  if (/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(first[0] ?? "")) {
    // The given name stands last, and is what one calls a person.
    return first.at(-1) ?? "?";
  }
  const second = words.length > 1 ? Array.from(words.at(-1) ?? "")[0] : undefined;
  return ((first[0] ?? "?") + (second ?? "")).toLocaleUpperCase();
}
