/** Who is who, who is there, and who types where. */
import { defineStore } from "pinia";
import { shallowReactive, watchEffect } from "vue";

import type { Client, Presence, User } from "@/client";
import { i18n } from "@/i18n";
import { isRecord, readStored, store } from "@/platform/storage";
import { useContacts } from "@/stores/contacts";

/** Most people of which one request may ask, and whose presence is watched at once. */
const ASKED = 100;
const WATCHED = 500;
/** Whose names are kept in the browser, for a start without a server. */
const KEPT = 300;
const KEEP_MS = 200;
const AGAIN_MS = 5_000;
/** What somebody shows of themselves is asked for anew when it is drawn after so long. */
const FRESH_MS = 5 * 60_000;
const PROFILE = ["username", "displayName", "signature", "bot", "avatar"] as const;

function areUsers(value: unknown): value is User[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        isRecord(one) &&
        typeof one["id"] === "string" &&
        ["username", "displayName", "avatar"].every((name) => typeof one[name] === "string"),
    )
  );
}

export const usePeople = defineStore("people", () => {
  const contacts = useContacts();
  const users = shallowReactive(new Map<string, User>());
  const byName = shallowReactive(new Map<string, string>());
  const presence = shallowReactive(new Map<string, Presence>());
  /** Who types, by conversation. */
  const typing = shallowReactive(new Map<string, readonly string[]>());
  /** Whose presence the parts of the screen want, by part. */
  const wanted = shallowReactive(new Map<string, readonly string[]>());

  const missing = new Set<string>();
  /** When somebody was asked for last; nothing for whoever is known from an earlier visit. */
  const asOf = new Map<string, number>();
  const absent = new Set<string>();
  let asking = false;
  let client: Client | undefined;
  let place = "";
  let keeping = 0;

  function keep(found: readonly User[]): void {
    for (const user of found) {
      const held = users.get(user.id);
      if (!held || PROFILE.some((field) => held[field] !== user[field])) users.set(user.id, user);
      asOf.set(user.id, Date.now());
      byName.set(user.username.toLowerCase(), user.id);
    }
    if (place && !keeping) keeping = window.setTimeout(keepNames, KEEP_MS);
  }

  function keepNames(): void {
    keeping = 0;
    if (place) store(place, [...users.values()].slice(-KEPT));
  }

  /** Return what is known of a person, and find out what is not. */
  function get(id: string): User | undefined {
    const known = users.get(id);
    if (!known || Date.now() - (asOf.get(id) ?? 0) > FRESH_MS) look(id);
    return known;
  }

  /** Ask for somebody, whatever is known of them. */
  function look(id: string): void {
    if (!id || absent.has(id) || missing.has(id)) return;
    missing.add(id);
    queueMicrotask(() => void ask());
  }

  async function ask(): Promise<void> {
    if (asking || !client) return;
    asking = true;
    try {
      while (missing.size) {
        const ids = [...missing].slice(0, ASKED);
        const found = await client.users(ids);
        keep(found);
        for (const id of ids) {
          missing.delete(id);
          asOf.set(id, Date.now());
          if (!users.has(id)) absent.add(id);
        }
      }
    } catch {
      // Until they are known they are "somebody".  Without a connection they are asked for once there is one.
      if (client.status.state === "online") setTimeout(() => void ask(), AGAIN_MS);
    } finally {
      asking = false;
    }
  }

  /** What one calls somebody, or else what they call themselves. */
  function name(id: string): string {
    const user = get(id);
    return contacts.all.get(id)?.name || ownName(user);
  }

  function ownName(user: User | undefined): string {
    return user ? user.displayName || user.username : i18n.global.t("people.unknown");
  }

  function isOnline(id: string): boolean {
    return presence.get(id)?.state === "online";
  }

  /** Watch the presence of the people one part of the screen shows; none ends it. */
  function want(part: string, ids: readonly string[]): void {
    if (ids.length) wanted.set(part, ids);
    else wanted.delete(part);
  }

  function attach(to: Client, userId: string): () => void {
    client = to;
    place = `people.${userId}`;
    const kept = readStored<User[]>(place, [], areUsers).filter((user) => !users.has(user.id));
    keep(kept);
    for (const user of kept) asOf.delete(user.id);
    for (const id of users.keys()) absent.delete(id);
    const stops = [
      to.on("status", ({ state }) => {
        if (state === "online" && missing.size) void ask();
      }),
      to.on("presence", (one) => presence.set(one.userId, one)),
      to.on("profile", (user) => keep([user])),
      to.on("typing", ({ conversationId, userId, typing: does }) => {
        const others = (typing.get(conversationId) ?? []).filter((id) => id !== userId);
        typing.set(conversationId, does && userId !== to.userId ? [...others, userId] : others);
      }),
      to.on("entry", (entry) => {
        // Whoever wrote is done typing.
        const there = typing.get(entry.conversationId);
        if (entry.action.kind === "message" && there?.includes(entry.senderId)) {
          typing.set(
            entry.conversationId,
            there.filter((id) => id !== entry.senderId),
          );
        }
      }),
    ];
    let told = "";
    stops.push(
      watchEffect(() => {
        const ids = [...new Set([...wanted.values()].flat())].slice(0, WATCHED);
        const key = [...ids].sort().join();
        if (key === told) return;
        told = key;
        to.watchPresence(ids).then(
          (states) => {
            for (const one of states) presence.set(one.userId, one);
          },
          () => (told = ""),
        );
      }),
    );
    void ask();
    return () => {
      for (const stop of stops) stop();
      clearTimeout(keeping);
      keeping = 0;
      client = undefined;
      place = "";
    };
  }

  function clear(): void {
    for (const map of [users, byName, presence, typing, wanted]) map.clear();
    missing.clear();
    absent.clear();
    asOf.clear();
  }

  return { users, byName, presence, typing, keep, get, look, name, ownName, isOnline, want, attach, clear };
});
