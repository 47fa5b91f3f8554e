import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Client, User } from "@/client";
import { useContacts } from "@/stores/contacts";
import { usePeople } from "@/stores/people";

function person(id: string, displayName: string): User {
  return { id, username: id, displayName, signature: "", bot: false, avatar: "" };
}

describe("people", () => {
  let people: ReturnType<typeof usePeople>;
  let there: Record<string, User>;
  let asked: string[][];

  beforeEach(() => {
    vi.stubGlobal("window", globalThis);
    setActivePinia(createPinia());
    there = { romeo: person("romeo", "Romeo") };
    asked = [];
    people = usePeople();
    people.attach(
      {
        userId: "me",
        status: { state: "online", error: null, retryAtMs: 0 },
        on: () => () => undefined,
        watchPresence: () => Promise.resolve([]),
        users: (ids: readonly string[]) => {
          asked.push([...ids]);
          return Promise.resolve(ids.flatMap((id) => there[id] ?? []));
        },
      } as unknown as Client,
      "me",
    );
  });

  async function settled(): Promise<void> {
    await new Promise((done) => setTimeout(done));
  }

  test("are asked for once, all who are missing at a time", async () => {
    for (const id of ["romeo", "nobody", "romeo"]) people.get(id);
    await settled();
    for (const id of ["romeo", "nobody"]) people.get(id);
    await settled();
    expect(asked).toEqual([["romeo", "nobody"]]);
    expect(people.name("romeo")).toBe("Romeo");
  });

  test("are called what one calls them, and by their own name beside it", async () => {
    people.get("romeo");
    await settled();
    const row = { state: "none", blocked: false, group: "", note: "", timeMs: 0 } as const;
    useContacts().take({ ...row, userId: "romeo", name: "My night", version: 1 });
    expect(people.name("romeo")).toBe("My night");
    expect(people.ownName(people.get("romeo"))).toBe("Romeo");
  });

  test("are looked at again after a while, and when somebody looks at their card", async () => {
    people.get("romeo");
    await settled();
    there["romeo"] = person("romeo", "Montague");
    people.look("romeo");
    await settled();
    expect(people.name("romeo")).toBe("Montague");
    there["romeo"] = person("romeo", "Exile");
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 6 * 60_000);
    people.get("romeo");
    await settled();
    vi.restoreAllMocks();
    expect(people.name("romeo")).toBe("Exile");
  });
});
