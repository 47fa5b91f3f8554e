/** The parts of the console that decide something. */
import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { HubbubError } from "@/client";
import {
  addressOf,
  type AuditEntry,
  type AuditPage,
  type Call,
  type ConfigVersion,
  type Setting,
} from "@/stores/admin/api";
import { hashOf, ORIGIN, verify } from "@/stores/admin/chain";
import { createPaged, type Page } from "@/stores/admin/paged";
import { changesOf, choicesOf, fitting, groupsOf, kindOf, valueOf } from "@/stores/admin/settings";

describe("a list in pages", () => {
  /** A server that answers when the test says so. */
  function asked() {
    const waiting: { cursor: string; answer: (page: Page<number>) => void; refuse: (error: Error) => void }[] = [];
    const list = createPaged<number>(
      (cursor) => new Promise((answer, refuse) => waiting.push({ cursor, answer, refuse })),
    );
    return { list, waiting };
  }

  test("goes on where the page before ended, until there is no more", async () => {
    const { list, waiting } = asked();
    const first = list.load();
    waiting[0]?.answer({ rows: [1, 2], next: "b" });
    await first;
    expect([list.rows.value, list.more.value, list.loaded.value]).toEqual([[1, 2], true, true]);
    const second = list.loadMore();
    expect(waiting[1]?.cursor).toBe("b");
    waiting[1]?.answer({ rows: [3], next: "" });
    await second;
    expect([list.rows.value, list.more.value]).toEqual([[1, 2, 3], false]);
    await list.loadMore();
    expect(waiting).toHaveLength(2);
  });

  test("shows what was asked for last, whichever answer comes last", async () => {
    const { list, waiting } = asked();
    const slow = list.load();
    const quick = list.load();
    waiting[1]?.answer({ rows: [2], next: "" });
    waiting[0]?.answer({ rows: [1], next: "" });
    await Promise.all([slow, quick]);
    expect([list.rows.value, list.loading.value]).toEqual([[2], false]);
  });

  test("says why it cannot be had, and comes when it is asked for again", async () => {
    const { list, waiting } = asked();
    const first = list.load();
    waiting[0]?.refuse(new HubbubError("forbidden"));
    await first;
    expect([list.error.value?.code, list.loaded.value, list.loading.value]).toEqual(["forbidden", false, false]);
    const again = list.load();
    waiting[1]?.answer({ rows: [1, 2, 3], next: "" });
    await again;
    expect(list.error.value).toBeNull();
    list.change((row) => row === 2, null);
    list.change((row) => row === 3, 30);
    list.put(0);
    expect(list.rows.value).toEqual([0, 1, 30]);
  });
});

describe("live settings", () => {
  function setting(key: string, value: boolean | number | string, allowed = ""): Setting {
    return { key, value, default: value, is_set: false, description: "", allowed };
  }
  const policy = setting("gateway.login_policy", "many", "one of many, replace, reject");

  test("are edited as what they are", () => {
    expect(choicesOf(policy)).toEqual(["many", "replace", "reject"]);
    const all = [policy, setting("chat.limits_on", true), setting("drain_s", 5), setting("place.motto", "Pax")];
    expect(all.map(kindOf)).toEqual(["choice", "switch", "number", "text"]);
  });

  test("take what is a value, and nothing else", () => {
    const drain = setting("drain_s", 5);
    expect(["12", " 1,000 ", "0.5", "", "soon", "Infinity"].map((typed) => valueOf(drain, typed))).toEqual([
      12,
      1000,
      0.5,
      undefined,
      undefined,
      undefined,
    ]);
    expect(valueOf(policy, " reject ")).toBe("reject");
  });

  test("stand in rooms, and are found by every word", () => {
    const all = [setting("auth.a", 1), setting("drain_s", 5), setting("auth.b", 2)];
    expect(groupsOf(all).map(({ name, settings }) => [name, settings.map((one) => one.key)])).toEqual([
      ["auth", ["auth.a", "auth.b"]],
      ["server", ["drain_s"]],
    ]);
    const says = (one: Setting): string => (one.key === "auth.b" ? "How long a new Password must be" : "");
    expect(fitting(all, "password LONG", says).map((one) => one.key)).toEqual(["auth.b"]);
    expect(fitting(all, "", says)).toHaveLength(3);
  });

  test("a version tells what it changed", () => {
    const version = (values: ConfigVersion["values"]): ConfigVersion => ({
      version: 1,
      values,
      author: "",
      made_ms: 0,
      note: "",
    });
    expect(changesOf(version({ a: 1, b: true, c: "x" }), version({ a: 2, b: true, d: 4 }))).toEqual([
      { key: "a", before: 2, after: 1 },
      { key: "c", before: undefined, after: "x" },
      { key: "d", before: 4, after: undefined },
    ]);
    expect(changesOf(version({ a: 1 }), undefined)).toEqual([{ key: "a", before: undefined, after: 1 }]);
  });
});

test("an address has what of a query is not empty", () => {
  expect(addressOf("/people", { query: "ro meo", state: "active", cursor: "", limit: 0 })).toBe(
    "/api/v1/people?query=ro+meo&state=active",
  );
  expect(addressOf("/config")).toBe("/api/v1/config");
});

describe("the chain of the audit log", () => {
  function written(count: number): AuditEntry[] {
    const entries: AuditEntry[] = [];
    let previous = ORIGIN;
    for (let seq = 1; seq <= count; seq += 1) {
      const detail = `{"name":"罗密欧 ${seq}"}`;
      const texts = ["account.added", "u", "hubbub", "::1", "t", detail];
      const parts = ["hubbub audit 1", String(seq), String(1000 + seq), ...texts].map((text) => Buffer.from(text));
      parts.push(Buffer.from(previous, "hex"));
      const hash = createHash("sha256");
      for (const part of parts) hash.update(`${part.length}:`).update(part).update(",");
      const digest = hash.digest("hex");
      const [act = "", user_id = "", client_id = "", address = "", target = ""] = texts;
      entries.push({
        seq,
        time_ms: 1000 + seq,
        act,
        user_id,
        client_id,
        address,
        target,
        detail,
        previous,
        hash: digest,
      });
      previous = digest;
    }
    return entries;
  }

  /** A server with these entries, in pages of three, and the newest as it was written. */
  function serving(entries: readonly AuditEntry[], head = { seq: 7, hash: written(7)[6]?.hash ?? "" }): Call {
    return <T>(_: string, path: string): Promise<T> => {
      const after = Number(new URL(path, "http://x").searchParams.get("cursor") ?? 0);
      const rest = entries.filter((one) => one.seq > after);
      const next = rest.length > 3 ? String(rest[2]?.seq) : "";
      const page: AuditPage = { entries: rest.slice(0, 3), next_cursor: next, head };
      return Promise.resolve(page as T);
    };
  }
  const silent = (): void => undefined;

  test("is good as it was written", async () => {
    const told: number[] = [];
    expect(await verify(serving(written(7)), (checked) => told.push(checked))).toEqual({ checked: 7, broken: 0 });
    expect(told).toEqual([3, 6, 7]);
    expect(await verify(serving([], { seq: 0, hash: ORIGIN }), silent)).toEqual({ checked: 0, broken: 0 });
  });

  test("shows what was changed, taken out, or cut off", async () => {
    const changed = written(7).map((one) => (one.seq === 4 ? { ...one, target: "other" } : one));
    expect(await verify(serving(changed), silent)).toEqual({ checked: 3, broken: 4 });
    expect(await verify(serving(written(7).filter((one) => one.seq !== 5)), silent)).toEqual({ checked: 4, broken: 5 });
    expect(await verify(serving(written(6)), silent)).toEqual({ checked: 6, broken: 7 });
    const again = await Promise.all(changed.map(async (one) => ({ ...one, hash: await hashOf(one) })));
    expect((await verify(serving(again), silent)).broken).toBe(5);
  });
});
