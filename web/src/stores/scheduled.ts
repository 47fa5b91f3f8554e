/** Messages that wait for their time.  The server keeps and sends them; this knows which there are. */
import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";

import { HubbubError, type Post, type Scheduled, type SendOptions } from "@/client";
import { useSession } from "@/stores/session";

/** So many one person may have (protocol.md 17). */
const MOST = 100;
/** After its time a message is sent, or refused, within so long; then it is looked at what became of it. */
const LOOK_AGAIN_MS = 3_000;
/** The longest that a browser's timers wait is some 24 days. */
const LONGEST_MS = 86_400_000;

export const useScheduled = defineStore("scheduled", () => {
  const session = useSession();
  const all = shallowRef<readonly Scheduled[]>([]);
  /** What was refused when its time came. */
  const refused = computed(() => all.value.filter((one) => one.error));

  const waiting = computed(() => {
    const counts = new Map<string, number>();
    for (const one of all.value) counts.set(one.conversationId, (counts.get(one.conversationId) ?? 0) + 1);
    return counts;
  });

  watch(
    () => session.current,
    (client, _, onCleanup) => {
      all.value = [];
      if (!client) return;
      onCleanup(
        client.on("entry", ({ clientId, conversationId }) => {
          if (all.value.some((one) => is(one, conversationId, clientId))) drop(conversationId, clientId);
        }),
      );
    },
    { immediate: true },
  );
  watch(
    () => session.status.state,
    (state) => {
      if (state === "online") load().catch(() => undefined);
    },
    { immediate: true },
  );

  // The server says nothing when it refuses: who looks after the time has come learns of it.
  watch(all, (now, _, onCleanup) => {
    const next = Math.min(...now.filter((one) => !one.error).map((one) => one.dueMs));
    if (next === Infinity || !session.current) return;
    const waitMs = Math.max(0, next - session.current.serverNow()) + LOOK_AGAIN_MS;
    const timer = setTimeout(() => void load().catch(() => undefined), Math.min(waitMs, LONGEST_MS));
    onCleanup(() => clearTimeout(timer));
  });
  // What another device made or took back meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && session.status.state === "online") load().catch(() => undefined);
  });

  function is(one: Scheduled, conversationId: string, clientId: string): boolean {
    return one.conversationId === conversationId && one.clientId === clientId;
  }

  function drop(conversationId: string, clientId: string): void {
    all.value = all.value.filter((one) => !is(one, conversationId, clientId));
  }

  async function load(): Promise<void> {
    let cursor = "";
    const found: Scheduled[] = [];
    do {
      const page = await session.client.scheduled(cursor, MOST);
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor && found.length < MOST);
    all.value = found;
  }

  async function add(conversationId: string, text: string, dueMs: number, options: SendOptions): Promise<void> {
    await session.client.schedule(conversationId, text, dueMs, options);
    await load();
  }

  async function cancel(one: Scheduled): Promise<void> {
    try {
      await session.client.cancelScheduled(one.conversationId, one.clientId);
    } finally {
      // Refused or not: what the server has now is what there is.
      await load();
    }
  }

  /** Send it at once, under its name: should its time come in this moment, it is still sent once. */
  async function sendNow(one: Scheduled): Promise<void> {
    await cancel(one);
    session.client.submit(one.conversationId, one.action, { clientId: one.clientId });
  }

  /** Put another in its place; the first is taken back only when there is a second. */
  async function change(one: Scheduled, text: string, dueMs: number, mentions: SendOptions): Promise<void> {
    const post = one.action as Post;
    const made = await session.client.schedule(one.conversationId, text, dueMs, {
      files: post.body.files,
      replyTo: post.replyTo,
      thread: post.thread,
      alsoInConversation: post.alsoInConversation,
      ...mentions,
    });
    try {
      await session.client.cancelScheduled(one.conversationId, one.clientId);
    } catch (thrown) {
      // Its time came meanwhile: then the second is one too many.
      if (HubbubError.from(thrown).is("not_found")) await session.client.cancelScheduled(one.conversationId, made);
      throw thrown;
    } finally {
      await load();
    }
  }

  return { all, refused, waiting, load, add, cancel, sendNow, change };
});
