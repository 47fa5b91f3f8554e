import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, test } from "vitest";

import type { Client, Contact, Events } from "@/client";
import type { RestContact } from "@/platform/rest";
import { useContacts } from "@/stores/contacts";

function row(id: string, version: number, change: Partial<RestContact> = {}): RestContact {
  const nothing = { blocked: false, name: "", group: "", note: "", time_ms: version };
  return { user_id: id, state: "accepted", version, ...nothing, ...change };
}

function told(id: string, version: number, change: Partial<Contact> = {}): Contact {
  const nothing = { blocked: false, name: "", group: "", note: "", timeMs: version };
  return { userId: id, state: "accepted", version, ...nothing, ...change };
}

/** A server that keeps rows, two to a page, and what it was asked. */
class Server {
  rows: RestContact[] = [];
  readonly asked: string[] = [];
  readonly #listeners = new Map<string, (event: never) => void>();

  readonly client = {
    status: { state: "connecting", error: null, retryAtMs: 0 },
    on: (kind: string, listener: (event: never) => void) => {
      this.#listeners.set(kind, listener);
      return () => this.#listeners.delete(kind);
    },
    call: (method: string, path: string, body?: object) => Promise.resolve(this.#answer(method, path, body)),
  } as unknown as Client;

  says<K extends keyof Events>(kind: K, event: Events[K]): void {
    this.#listeners.get(kind)?.(event as never);
  }

  async comesOnline(): Promise<void> {
    this.says("status", { state: "online", error: null, retryAtMs: 0 });
    await new Promise((done) => setTimeout(done));
  }

  #answer(method: string, path: string, body?: object): unknown {
    this.asked.push(`${method} ${path} ${JSON.stringify(body ?? {})}`);
    if (method === "GET") {
      const from = Number(new URLSearchParams(path.split("?")[1]).get("cursor") ?? 0);
      const more = from + 2 < this.rows.length;
      return { contacts: this.rows.slice(from, from + 2), next_cursor: more ? String(from + 2) : "" };
    }
    return row(path.split("/")[5] ?? "", 9, { state: "none", ...body });
  }
}

describe("contacts", () => {
  let server: Server;
  let contacts: ReturnType<typeof useContacts>;

  beforeEach(() => {
    setActivePinia(createPinia());
    server = new Server();
    contacts = useContacts();
    contacts.attach(server.client, "me");
  });

  test("are read whole, page by page, with every connection", async () => {
    server.rows = ["a", "b", "c"].map((id) => row(id, 1));
    await server.comesOnline();
    expect([...contacts.all.keys()].sort()).toEqual(["a", "b", "c"]);
    server.rows = [row("a", 1)];
    await server.comesOnline();
    expect([...contacts.all.keys()]).toEqual(["a"]);
  });

  test("change by what another device did, the newer row wins", () => {
    server.says("contact", told("a", 5, { name: "Rosaline" }));
    server.says("contact", told("a", 4, { name: "older" }));
    expect(contacts.all.get("a")?.name).toBe("Rosaline");
    server.says("contact", told("a", 6, { state: "none" }));
    expect(contacts.all.has("a")).toBe(false);
  });

  test("are sorted by what they are, and who is blocked is only that", () => {
    server.says("contact", told("a", 1, { state: "asking", timeMs: 1 }));
    server.says("contact", told("b", 2, { state: "asking", timeMs: 2 }));
    server.says("contact", told("c", 3, { state: "asked" }));
    server.says("contact", told("d", 4, { group: "Capulets" }));
    server.says("contact", told("e", 5, { blocked: true, group: "Montagues" }));
    expect(contacts.asking.map((one) => one.userId)).toEqual(["b", "a"]);
    expect(contacts.asked.map((one) => one.userId)).toEqual(["c"]);
    expect(contacts.accepted.map((one) => one.userId)).toEqual(["d"]);
    expect(contacts.blocked.map((one) => one.userId)).toEqual(["e"]);
    expect(contacts.groups).toEqual(["Capulets", "Montagues"]);
  });

  test("are changed at the server, and shown as it answers", async () => {
    await contacts.arrange("a", { name: "Rosaline" });
    expect(server.asked).toEqual(['PATCH /api/v1/me/contacts/a {"name":"Rosaline"}']);
    expect(contacts.all.get("a")?.name).toBe("Rosaline");
    await contacts.remove("a");
    expect(contacts.all.get("a")?.state).toBe("none");
  });
});
