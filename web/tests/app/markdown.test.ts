import { describe, expect, test } from "vitest";

import { isJustEmoji, parseMarkdown, plainText, safeHref, type Block, type Inline } from "@/text/markdown";
import { completionAt, namesIn } from "@/text/mentions";

function inlines(text: string): Inline[] {
  const [first] = parseMarkdown(text);
  return first?.kind === "paragraph" ? first.children : [];
}

describe("what people write", () => {
  test("keeps its line breaks", () => {
    expect(inlines("one\ntwo")).toEqual([
      { kind: "text", text: "one" },
      { kind: "break" },
      { kind: "text", text: "two" },
    ]);
  });

  test("is emphasised, struck and quoted as it says", () => {
    expect(inlines("**a** _b_ ~~c~~ `d`").map((node) => node.kind)).toEqual([
      "strong",
      "text",
      "em",
      "text",
      "del",
      "text",
      "code",
    ]);
    expect(parseMarkdown("> a\n\n- b\n- [x] c\n\n```ts\nd\n```").map((node) => node.kind)).toEqual([
      "quote",
      "list",
      "code",
    ]);
  });

  test("shows HTML as the text it is", () => {
    const text = "<img src=x onerror=alert(1)> <script>alert(1)</script>";
    expect(JSON.stringify(parseMarkdown(text))).not.toContain('"kind":"html"');
    expect(plainText(text)).toBe(text);
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil", "JaVaScRiPt:x"])(
    "makes no link of %s",
    (address) => {
      expect(safeHref(address)).toBeUndefined();
      expect(inlines(`[x](${address})`).some((node) => node.kind === "link")).toBe(false);
    },
  );

  test("makes a link, and no picture, of a picture elsewhere", () => {
    expect(inlines("![cat](https://cats.example/1.png)")).toEqual([
      { kind: "link", href: "https://cats.example/1.png", children: [{ kind: "text", text: "cat" }] },
    ]);
  });

  test("names people, but not inside addresses and words", () => {
    expect(inlines("hi @juliet.c, and @朱丽叶").filter((node) => node.kind === "mention")).toEqual([
      { kind: "mention", name: "juliet.c" },
      { kind: "mention", name: "朱丽叶" },
    ]);
    expect(inlines("a@b.example").some((node) => node.kind === "mention")).toBe(false);
    expect(namesIn("@a.b. @c, x@d (@e)")).toEqual(["a.b", "c", "e"]);
  });

  test("cannot exhaust the parser", () => {
    const deep: readonly Block[] = parseMarkdown(">".repeat(5000) + " x");
    expect(deep.length).toBe(1);
    expect(parseMarkdown("[".repeat(19_000)).length).toBe(1);
    expect(parseMarkdown("x".repeat(65_536))).toHaveLength(1);
  });

  test("is large when it is nothing but emoji", () => {
    expect(isJustEmoji("🎉")).toBe(true);
    expect(isJustEmoji("👍🏽 ❤️ 👨‍👩‍👧")).toBe(true);
    expect(isJustEmoji("🎉 yes")).toBe(false);
    expect(isJustEmoji("12")).toBe(false);
  });

  test("is completed where the cursor stands", () => {
    expect(completionAt("hi @ju", 6)).toEqual({ sign: "@", query: "ju", start: 3 });
    expect(completionAt("mail a@ju", 9)).toBeNull();
    expect(completionAt("so :smi", 7)).toEqual({ sign: ":", query: "smi", start: 3 });
    expect(completionAt("at 10:30", 8)).toBeNull();
  });
});
