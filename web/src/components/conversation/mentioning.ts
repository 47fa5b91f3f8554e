/** Whom a text calls by name. */
import type { Kind } from "@/client";
import { usePeople } from "@/stores/people";
import { EVERYONE, namesIn } from "@/text/mentions";

/** So many one message may mention (protocol.md 17). */
const MOST = 100;

export function useMentions() {
  const people = usePeople();

  return (text: string, kind: Kind): { mentions: string[]; mentionAll: boolean } => {
    const names = namesIn(text);
    const mentions = names.map((name) => people.byName.get(name.toLowerCase())).filter((id) => id !== undefined);
    return {
      mentions: [...new Set(mentions)].slice(0, MOST),
      mentionAll: kind !== "direct" && names.some((name) => EVERYONE.includes(name.toLowerCase())),
    };
  };
}
