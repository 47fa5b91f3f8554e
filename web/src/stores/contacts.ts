/** Whom one knows: contacts and requests, what one calls people, groups of them, and whom one has blocked. */
import { defineStore } from "pinia";
import { computed, shallowReactive } from "vue";

import { HubbubError, type Client, type Contact } from "@/client";
import { contactOf, type RestContact } from "@/platform/rest";
import { isRecord, readStored, store } from "@/platform/storage";

const ROOT = "/api/v1/me/contacts";
const KEEP_MS = 200;

function areContacts(value: unknown): value is Contact[] {
  return (
    Array.isArray(value) &&
    value.every((one) => isRecord(one) && typeof one["userId"] === "string" && typeof one["version"] === "number")
  );
}

export const useContacts = defineStore("contacts", () => {
  const all = shallowReactive(new Map<string, Contact>());
  let client: Client | undefined;
  let place = "";
  let keeping: ReturnType<typeof setTimeout> | undefined;

  const accepted = computed(() => of("accepted"));
  /** Who has asked, the latest first. */
  const asking = computed(() => of("asking").sort((a, b) => b.timeMs - a.timeMs));
  const asked = computed(() => of("asked"));
  const blocked = computed(() => [...all.values()].filter((one) => one.blocked));
  const groups = computed(() =>
    [...new Set([...all.values()].map((one) => one.group))].filter(Boolean).sort((a, b) => a.localeCompare(b)),
  );

  function of(state: Contact["state"]): Contact[] {
    return [...all.values()].filter((one) => one.state === state && !one.blocked);
  }

  /** Take a row unless a newer one is here. */
  function take(row: Contact): void {
    const held = all.get(row.userId);
    if (held && row.version < held.version) return;
    const empty = row.state === "none" && !row.blocked && !row.name && !row.group;
    if (empty) all.delete(row.userId);
    else all.set(row.userId, row);
    if (place && !keeping) keeping = setTimeout(keepAll, KEEP_MS);
  }

  function keepAll(): void {
    keeping = undefined;
    if (place) store(place, [...all.values()]);
  }

  async function load(): Promise<void> {
    if (!client) return;
    const found = new Map<string, Contact>();
    let cursor = "";
    do {
      const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
      const page = await client.call<{ contacts: RestContact[]; next_cursor: string }>("GET", `${ROOT}${query}`);
      for (const row of page.contacts) found.set(row.user_id, contactOf(row));
      cursor = page.next_cursor;
    } while (cursor);
    for (const id of [...all.keys()]) if (!found.has(id)) all.delete(id);
    for (const row of found.values()) take(row);
  }

  function the(): Client {
    if (!client) throw new HubbubError("unauthenticated");
    return client;
  }

  async function ask(userId: string, note: string): Promise<void> {
    take(contactOf(await the().call<RestContact>("POST", `${ROOT}/${userId}`, { note })));
  }

  async function answer(userId: string, accept: boolean): Promise<void> {
    take(contactOf(await the().call<RestContact>("POST", `${ROOT}/${userId}/answer`, { accept })));
  }

  /** Name, group or block somebody; only what is given changes. */
  async function arrange(userId: string, change: { blocked?: boolean; name?: string; group?: string }): Promise<void> {
    take(contactOf(await the().call<RestContact>("PATCH", `${ROOT}/${userId}`, change)));
  }

  /** End being contacts, or take a request back; name, group and block stay. */
  async function remove(userId: string): Promise<void> {
    await the().call("DELETE", `${ROOT}/${userId}`);
    const held = all.get(userId);
    if (held) take({ ...held, state: "none", note: "" });
  }

  function attach(to: Client, userId: string): () => void {
    client = to;
    place = `people.contacts.${userId}`;
    for (const row of readStored<Contact[]>(place, [], areContacts)) take(row);
    const read = (): void => void load().catch(() => undefined);
    const stops = [
      to.on("contact", take),
      to.on("status", ({ state }) => {
        if (state === "online") read();
      }),
    ];
    if (to.status.state === "online") read();
    return () => {
      for (const stop of stops) stop();
      clearTimeout(keeping);
      keeping = undefined;
      client = undefined;
      place = "";
    };
  }

  return { all, accepted, asking, asked, blocked, groups, take, load, ask, answer, arrange, remove, attach, clear };

  function clear(): void {
    all.clear();
  }
});
