/** Reading what a legal hold holds, from the console. */
import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { idsOf } from "@/components/admin/subjects";
import type { Call } from "@/stores/admin/api";
import { namesIn, readHold } from "@/stores/admin/holds";

const ROMEO = "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5";

describe("an export of a legal hold", () => {
  const entry = (where: string, seq: number, text: string) => ({
    entry: { conversation_id: where, seq, time_ms: 1, sender_id: ROMEO, action: { type: "post", body: { text } } },
    sender: "romeo",
    recalled: seq === 2,
    erased: false,
  });
  const pages = [
    {
      entries: [entry("a", 1, "爱 🌹"), entry("a", 2, "taken back")],
      conversations: [{ conversation_id: "a", kind: "direct", title: "" }],
      next_cursor: "a.2",
    },
    { entries: [], conversations: [], next_cursor: "b.9" },
    {
      entries: [entry("a", 3, "more"), entry("b", 1, "other")],
      conversations: [
        { conversation_id: "a", kind: "direct", title: "" },
        { conversation_id: "b", kind: "group", title: "Verona" },
      ],
      next_cursor: "",
    },
  ];

  test("is a line for each conversation and entry, whose digest the server is told", async () => {
    const asked: [string, string, unknown][] = [];
    const call = ((method: string, path: string, body?: unknown) => {
      asked.push([method, path.split("?")[0]!, body]);
      if (method === "GET") return Promise.resolve(pages.shift());
      return Promise.resolve({ export_id: "e" });
    }) as Call;
    const made = await readHold(call, "h");
    const text = await made.file.text();
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => [line["type"], line["conversation_id"], line["seq"]])).toEqual([
      ["conversation", "a", undefined],
      ["entry", "a", 1],
      ["entry", "a", 2],
      ["entry", "a", 3],
      ["conversation", "b", undefined],
      ["entry", "b", 1],
    ]);
    expect(lines[2]).toMatchObject({ sender: "romeo", recalled: true, action: { body: { text: "taken back" } } });
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(made).toMatchObject({ entries: 4, sha256 });
    expect(asked[0]).toEqual(["POST", "/api/v1/holds/h/exports", undefined]);
    expect(asked.at(-1)).toEqual(["POST", "/api/v1/holds/h/exports/e/finish", { sha256, entries: 4 }]);
    expect(asked).toHaveLength(5);
  });
});

describe("whom a hold is over", () => {
  test("is typed with commas or spaces between, each once", () => {
    expect(namesIn(" @romeo, juliet，romeo  nurse\n")).toEqual(["romeo", "juliet", "nurse"]);
    expect(namesIn(" , ")).toEqual([]);
  });

  test("is found by name, or is an id; and who is not there is said", async () => {
    const call = ((_: string, path: string) =>
      Promise.resolve({ users: path.includes("juliet") ? [{ user_id: "j" }] : [] })) as Call;
    expect(await idsOf(call, `juliet ${ROMEO}`, "c d")).toEqual({
      user_ids: ["j", ROMEO],
      conversation_ids: ["c", "d"],
    });
    await expect(idsOf(call, "nobody", "")).rejects.toMatchObject({ code: "user_not_found" });
  });
});
