// @vitest-environment happy-dom
/** Emoji of the place: found by name, drawn where they are written, and where arrows lead among them. */
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { nextTick } from "vue";

import type { Client, Listener } from "@/client";
import { recentEmoji, usedEmoji } from "@/components/emoji/recent";
import { stepFrom } from "@/components/emoji/steps";
import { useEmoji, type OwnEmoji } from "@/stores/emoji";
import { useSession } from "@/stores/session";
import { emojiNamed, loadEmoji, toned } from "@/text/emoji";
import { isJustEmoji, parseMarkdown, plainText, type Inline } from "@/text/markdown";
import { completionAt, nameClosedAt } from "@/text/mentions";

function inlines(text: string): Inline[] {
  const [first] = parseMarkdown(text);
  return first?.kind === "paragraph" ? first.children : [];
}

function names(text: string): string[] {
  return inlines(text).flatMap((node) => (node.kind === "emoji" ? [node.name] : []));
}

describe("a name between colons", () => {
  test("is an emoji's, in any script and beside another", () => {
    expect(inlines("so :party-parrot: :点赞:!")).toEqual([
      { kind: "text", text: "so " },
      { kind: "emoji", name: "party-parrot" },
      { kind: "text", text: " " },
      { kind: "emoji", name: "点赞" },
      { kind: "text", text: "!" },
    ]);
    expect(names("好:赞::a_b_c:**:x2:**")).toEqual(["赞", "a_b_c"]);
  });

  test("is none in times, links, code and words", () => {
    expect(names("at 10:30:45, foo:bar:baz")).toEqual([]);
    expect(names("`:rose:` https://a.example/:rose: [:rose:](https://b.example)")).toEqual([]);
    expect(names(": a: :a b: :-): ::")).toEqual([]);
  });

  test("is kept as it was written where no picture is drawn", () => {
    expect(plainText("so :party-parrot:!")).toBe("so :party-parrot:!");
  });

  test("is shown large alone, if it is one here", () => {
    const own = (name: string): boolean => name === "rose";
    expect(isJustEmoji(":rose: :rose:😀", own)).toBe(true);
    expect(isJustEmoji(":thorn:", own)).toBe(false);
    expect(isJustEmoji("a :rose:", own)).toBe(false);
  });

  test("is completed from two letters, or one that is a word", () => {
    expect(completionAt("so :pa", 6)).toEqual({ sign: ":", query: "pa", start: 3 });
    expect(completionAt(":赞", 2)).toEqual({ sign: ":", query: "赞", start: 0 });
    expect(completionAt(":p", 2)).toBeNull();
  });
});

describe("the place's own", () => {
  const rose: OwnEmoji = { name: "rose", aliases: ["花"], pack: "Verona", picture: "/p/1", moving: true };
  const thorn: OwnEmoji = { name: "rose_thorn", aliases: [], pack: "", picture: "/p/2", moving: false };
  let emoji: ReturnType<typeof useEmoji>;
  let answer: { version: number; emoji: OwnEmoji[]; query: string };
  let asked: string[];
  let tell: Listener<"emoji">;

  beforeEach(async () => {
    vi.useFakeTimers();
    setActivePinia(createPinia());
    asked = [];
    answer = { version: 1, emoji: [thorn, rose], query: "user=x" };
    const session = useSession();
    session.current = {
      on: (_: string, listener: Listener<"emoji">) => {
        tell = listener;
        return () => undefined;
      },
      call: (_: string, path: string) => {
        asked.push(path);
        return Promise.resolve(answer);
      },
    } as unknown as Client;
    emoji = useEmoji();
    session.stage = "in";
    session.status = { state: "online", error: null, retryAtMs: 0 };
    await nextTick();
    await vi.runAllTimersAsync();
  });

  test("are read with a connection, and again when the server says they are others", async () => {
    expect(asked).toEqual(["/api/v1/emoji"]);
    tell({ version: 1 });
    await vi.runAllTimersAsync();
    expect(asked).toHaveLength(1);
    answer = { version: 2, emoji: [thorn], query: "user=x" };
    tell({ version: 2 });
    tell({ version: 2 });
    await vi.runAllTimersAsync();
    expect(asked).toHaveLength(2);
    expect(emoji.of(":rose:")).toBeUndefined();
  });

  test("go by each of their names, and stand still where one wants that", () => {
    expect(emoji.of(":rose:")).toEqual(rose);
    expect(emoji.of(":花:")).toEqual(rose);
    expect([emoji.of("rose"), emoji.of("::"), emoji.of("😀")]).toEqual([undefined, undefined, undefined]);
    expect(emoji.address(rose, false)).toBe("/p/1?user=x");
    expect(emoji.address(rose, true)).toBe("/p/1?user=x&still=true");
    expect(emoji.address(thorn, true)).toBe("/p/2?user=x");
  });

  test("are found by the beginning of a name, by a part of it, and by their pack", () => {
    const found = (query: string): string[] => emoji.find(query, 9).map((one) => one.name);
    expect(found("thorn")).toEqual(["rose_thorn"]);
    expect(found("rose t")).toEqual(["rose_thorn"]);
    expect(found("花")).toEqual(["rose"]);
    expect(found("veron")).toEqual(["rose"]);
    expect(found("")).toEqual([]);
  });

  test("are among the recent ones while they are there", () => {
    localStorage.clear();
    usedEmoji(":rose:");
    expect(recentEmoji((sign) => emoji.of(sign) !== undefined)[0]).toBe(":rose:");
    expect(recentEmoji()).not.toContain(":rose:");
    expect(recentEmoji()).toHaveLength(8);
  });
});

test("a standard emoji has a tone of skin where it has one", async () => {
  const all = await loadEmoji("en");
  const hand = all.find((one) => one.name === "waving hand");
  const sun = all.find((one) => one.name === "sun");
  expect(hand && [toned(hand, 0), toned(hand, 5)]).toEqual(["👋", "👋🏿"]);
  expect(sun && toned(sun, 3)).toBe(sun?.emoji);
});

describe("arrows among sections of 3, 10 and 1", () => {
  const lengths = [3, 10, 1];
  test.each([
    ["ArrowRight", 2, 3],
    ["ArrowRight", 13, 13],
    ["ArrowLeft", 0, -1],
    ["ArrowDown", 2, 5],
    ["ArrowDown", 3, 11],
    ["ArrowDown", 8, 12],
    ["ArrowDown", 12, 13],
    ["ArrowDown", 13, 13],
    ["ArrowUp", 1, -1],
    ["ArrowUp", 11, 3],
    ["ArrowUp", 9, 2],
    ["ArrowUp", 13, 11],
    ["Home", 9, 0],
    ["End", 9, 13],
    ["a", 9, null],
  ])("%s from %i leads to %s", (key, at, to) => {
    expect(stepFrom(at, key, lengths)).toBe(to);
  });
});

describe("a name that everybody knows", () => {
  test("is written out when its second colon comes, and nowhere else", () => {
    const closed = (text: string): string | undefined => nameClosedAt(text, text.length)?.name;
    expect(nameClosedAt("so :tada: it is", 9)).toEqual({ name: "tada", start: 3 });
    expect([closed(":+1:"), closed("好，:tada:")]).toEqual(["+1", "tada"]);
    expect([closed("at 10:30:"), closed("`:tada:"), closed(":tada"), closed("a:tada:"), closed("::")]).toEqual(
      Array(5).fill(undefined),
    );
    expect(closed("`code` :tada:")).toBe("tada");
  });

  test("stands for one emoji", async () => {
    expect(await Promise.all(["tada", "+1", "thumbsup", "heart", "nothing"].map(emojiNamed))).toEqual([
      "🎉",
      "👍️",
      "👍️",
      "❤️",
      undefined,
    ]);
  });
});
