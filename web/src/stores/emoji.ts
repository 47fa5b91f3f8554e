/**
 * The place's own emoji: what they are called, and where their pictures are.
 *
 * A message says `:name:`; whether that is a picture is looked at when it is drawn (protocol.md 10.20).  The list is read
 * with every connection and when the server says that it is another; the browser asks with the version it has.
 */
import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";

import { useSession } from "@/stores/session";

export interface OwnEmoji {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What it is sorted under; empty: nothing. */
  readonly pack: string;
  readonly picture: string;
  readonly moving: boolean;
}

interface EmojiList {
  readonly version: number;
  readonly emoji: readonly OwnEmoji[];
  /** What a picture's address needs, for a while. */
  readonly query: string;
}

/** All are told at once, and do not all ask at once. */
const SPREAD_MS = 2_000;

const NONE: EmojiList = { version: 0, emoji: [], query: "" };

export const useEmoji = defineStore("emoji", () => {
  const session = useSession();
  const list = shallowRef<EmojiList>(NONE);
  const all = computed(() => list.value.emoji);
  const byName = computed(() => {
    const found = new Map<string, OwnEmoji>();
    for (const one of list.value.emoji) for (const name of [one.name, ...one.aliases]) found.set(name, one);
    return found;
  });
  let turn = 0;

  async function read(): Promise<void> {
    const mine = (turn += 1);
    try {
      const found = await session.client.call<EmojiList>("GET", "/api/v1/emoji");
      if (mine === turn) list.value = found;
    } catch {
      // Asked for again with the next connection; names are shown until then.
    }
  }

  watch(
    () => session.current,
    (client, _, clean) => {
      let waits: ReturnType<typeof setTimeout> | undefined;
      const stop = client?.on("emoji", ({ version }) => {
        if (version === list.value.version) return;
        clearTimeout(waits);
        waits = setTimeout(() => void read(), Math.random() * SPREAD_MS);
      });
      clean(() => {
        clearTimeout(waits);
        stop?.();
      });
      if (client) return;
      turn += 1;
      list.value = NONE;
    },
    { immediate: true },
  );
  watch(
    () => session.stage === "in" && session.status.state === "online",
    (online) => online && void read(),
    { immediate: true },
  );

  /** Return the emoji that `:name:` means here. */
  function of(sign: string): OwnEmoji | undefined {
    return sign.length > 2 && sign.startsWith(":") && sign.endsWith(":")
      ? byName.value.get(sign.slice(1, -1))
      : undefined;
  }

  /** Where its picture is; `still`: one that does not move. */
  function address(one: OwnEmoji, still: boolean): string {
    return `${one.picture}?${list.value.query}${still && one.moving ? "&still=true" : ""}`;
  }

  /** Those that a word is found in, first those that begin with it. */
  function find(query: string, limit: number): OwnEmoji[] {
    const word = query.trim().toLowerCase().replaceAll(/\s+/g, "_");
    if (!word) return [];
    const rank = (one: OwnEmoji): number => {
      const names = [one.name, ...one.aliases];
      if (names.some((name) => name.startsWith(word))) return 0;
      return names.some((name) => name.includes(word)) ? 1 : one.pack.toLowerCase().includes(word) ? 2 : 3;
    };
    return all.value
      .map((one) => ({ one, rank: rank(one) }))
      .filter((each) => each.rank < 3)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, limit)
      .map((each) => each.one);
  }

  return { all, byName, of, address, find, read };
});
