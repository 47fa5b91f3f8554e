/** The list of conversations, and what was begun to be written in each. */
import { defineStore } from "pinia";
import { computed, reactive, shallowReactive, watch } from "vue";

import type { Client, Conversation, Notify } from "@/client";
import { i18n } from "@/i18n";
import { isRecord, readStored, store } from "@/platform/storage";
import { usePeople } from "@/stores/people";

export type NotifyRule = Exclude<Notify, "default">;

export const useConversations = defineStore("conversations", () => {
  const people = usePeople();
  const all = shallowReactive(new Map<string, Conversation>());
  const drafts = reactive<Record<string, string>>({});
  const self = reactive({ id: "" });

  function title(conversation: Conversation): string {
    const { t } = i18n.global;
    switch (conversation.kind) {
      case "direct":
        return conversation.peerId === self.id || !conversation.peerId
          ? t("conversation.notes")
          : people.name(conversation.peerId);
      case "system":
        return conversation.title || t("conversation.system");
      default:
        return conversation.title || t("conversation.untitled");
    }
  }

  function titleOf(id: string): string {
    const conversation = all.get(id);
    return conversation ? title(conversation) : i18n.global.t("conversation.untitled");
  }

  const joined = computed(() =>
    [...all.values()]
      .filter((one) => one.state === "joined" || one.kind === "system")
      // Announcements that never announced anything are no conversation yet.
      .filter((one) => one.kind !== "system" || one.lastMessage !== null)
      .sort((a, b) => b.lastTimeMs - a.lastTimeMs || a.id.localeCompare(b.id)),
  );

  /** What of a conversation one wants to hear of. */
  function rule(conversation: Conversation): NotifyRule {
    const { notify, mutedUntilMs } = conversation.own;
    if (mutedUntilMs > Date.now()) return "nothing";
    if (notify !== "default") return notify;
    return conversation.kind === "channel" ? "mentions" : "all";
  }

  /** What asks for attention: a count, and whether it is urgent. */
  const attention = computed(() => {
    let count = 0;
    let unread = 0;
    for (const one of joined.value) {
      if (one.own.archived) continue;
      unread += one.unread;
      const wanted = rule(one);
      count += wanted === "all" ? Math.max(one.unread, one.mentions) : wanted === "mentions" ? one.mentions : 0;
    }
    return { count, unread };
  });

  /** `userId` is known from the login, before the client has met the server. */
  function attach(client: Client, userId: string): () => void {
    self.id = userId;
    const draftPlace = `drafts.${userId}`;
    Object.assign(drafts, readStored<object>(draftPlace, {}, isRecord));
    for (const [id, conversation] of client.conversations) all.set(id, conversation);
    const stops = [
      client.on("conversation", (conversation) => {
        all.set(conversation.id, conversation);
      }),
      client.on("status", () => {
        for (const [id, conversation] of client.conversations) all.set(id, conversation);
      }),
      watch(drafts, () => store(draftPlace, drafts)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  function clear(): void {
    all.clear();
    for (const id of Object.keys(drafts)) Reflect.deleteProperty(drafts, id);
    self.id = "";
  }

  function setDraft(id: string, text: string): void {
    if (text.trim()) drafts[id] = text;
    else Reflect.deleteProperty(drafts, id);
  }

  return { all, joined, drafts, self, attention, title, titleOf, rule, setDraft, attach, clear };
});
