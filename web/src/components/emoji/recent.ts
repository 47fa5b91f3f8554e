/** The emoji one used lately, on this device. */
import { readStored, store } from "@/platform/storage";

const FIRST = ["👍", "❤️", "😂", "🎉", "🙏", "👀", "🔥", "✅"];
const KEPT = 24;

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Return them, the last one first; `isOwn` says of a `:name:` whether it is an emoji here and now. */
export function recentEmoji(isOwn: (sign: string) => boolean = () => false): string[] {
  const used = readStored("emoji", [], isList).filter((each) => !each.startsWith(":") || isOwn(each));
  return [...used, ...FIRST.filter((each) => !used.includes(each))].slice(0, KEPT);
}

export function usedEmoji(emoji: string): void {
  const used = readStored("emoji", [], isList);
  store("emoji", [emoji, ...used.filter((each) => each !== emoji)].slice(0, KEPT));
}
