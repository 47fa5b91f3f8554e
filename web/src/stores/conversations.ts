/** The list of conversations, and what was begun to be written in each. */
import { defineStore } from "pinia";
import { computed, nextTick, reactive, ref, shallowReactive, watch } from "vue";

import type { Client, Conversation, Notify } from "@/client";
import { i18n } from "@/i18n";
import { isRecord, readStored, store } from "@/platform/storage";
import { DraftSync, type Draft } from "@/stores/drafts";
import { paced } from "@/stores/paced";
import { usePeople } from "@/stores/people";

export type NotifyRule = Exclude<Notify, "default">;

/** How often what ends by itself, such as a muting, is looked at again. */
const TICK_MS = 20_000;

/** The conversation and the thread of a place; 0: it is none. */
function partsOf(place: string): [string, number] {
  const [id = "", thread = "0"] = place.split("#");
  return [id, Number(thread)];
}

export const useConversations = defineStore("conversations", () => {
  const people = usePeople();
  const all = shallowReactive(new Map<string, Conversation>());
  /** What was begun, by conversation or thread (`id` or `id#seq`), and the seq of what it answers. */
  const drafts = reactive<Record<string, string>>({});
  const quotes = reactive<Record<string, number>>({});
  let sync: DraftSync | undefined;
  /** Follows the clock, not too closely. */
  const now = ref(Date.now());
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

  /** The folders conversations were sorted into. */
  const folders = computed(() => {
    const names = new Set(joined.value.map((one) => one.own.folder).filter(Boolean));
    return [...names].sort((a, b) => a.localeCompare(b, i18n.global.locale.value));
  });

  function isMuted(conversation: Conversation): boolean {
    return conversation.own.mutedUntilMs > now.value;
  }

  /** What of a conversation one wants to hear of while it is not muted. */
  function chosenRule(conversation: Conversation): NotifyRule {
    const { notify } = conversation.own;
    if (notify !== "default") return notify;
    return conversation.kind === "channel" ? "mentions" : "all";
  }

  /** What of a conversation one wants to hear of now. */
  function rule(conversation: Conversation): NotifyRule {
    return isMuted(conversation) ? "nothing" : chosenRule(conversation);
  }

  /** What asks for attention: a count, and whether it is urgent. */
  const attention = computed(() => {
    let count = 0;
    let unread = 0;
    for (const one of joined.value) {
      if (one.own.archived) continue;
      const marked = one.own.markedUnread ? 1 : 0;
      unread += one.unread;
      const wanted = rule(one);
      count += wanted === "all" ? Math.max(one.unread, one.mentions, marked) : wanted === "mentions" ? one.mentions : 0;
    }
    return { count, unread };
  });

  /** `userId` is known from the login, before the client has met the server. */
  function attach(client: Client, userId: string): () => void {
    self.id = userId;
    const draftPlace = `drafts.${userId}`;
    const quotePlace = `drafts.quotes.${userId}`;
    const agreedPlace = `drafts.agreed.${userId}`;
    Object.assign(drafts, readStored<object>(draftPlace, {}, isRecord));
    Object.assign(quotes, readStored<object>(quotePlace, {}, isRecord));
    const agreed = reactive(readStored(agreedPlace, {}, isRecord) as Record<string, Draft>);
    sync = new DraftSync(
      {
        here: (id) => {
          const text = drafts[id] ?? "";
          return { text, replyTo: text ? (quotes[id] ?? 0) : 0 };
        },
        there: (id) => {
          const [conversationId, thread] = partsOf(id);
          const own = client.conversations.get(conversationId)?.own;
          const draft = thread ? own?.threadDrafts?.find((one) => one.thread === thread) : own?.draft;
          return { text: draft?.text ?? "", replyTo: draft?.replyTo ?? 0 };
        },
        tell: (id, draft) => {
          const [conversationId, thread] = partsOf(id);
          return client.setOwn(conversationId, thread ? { threadDraft: { ...draft, thread } } : { draft });
        },
        take: (id, { text, replyTo }) => {
          putQuote(id, replyTo);
          if (text) drafts[id] = text;
          else Reflect.deleteProperty(drafts, id);
        },
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
      agreed,
    );
    const mine = sync;
    /** Where something was begun in a conversation: here, elsewhere, or both once. */
    const placesIn = (id: string): string[] => {
      const inside = [...Object.keys(drafts), ...mine.known].filter((place) => place.startsWith(`${id}#`));
      const there = client.conversations.get(id)?.own.threadDrafts ?? [];
      return [...new Set([id, ...inside, ...there.map((one) => `${id}#${one.thread ?? 0}`)])];
    };
    const online = (): void => mine.online([...all.keys()].flatMap(placesIn));
    for (const [id, conversation] of client.conversations) all.set(id, conversation);
    // Where many talk at once, what hangs on it is worked out anew a few times a second and not for every word.
    const changed = new Set<string>();
    const showing = paced(() => {
      const ids = [...changed];
      changed.clear();
      for (const id of ids) {
        const conversation = client.conversations.get(id);
        if (conversation) all.set(id, conversation);
        for (const place of placesIn(id)) mine.heard(place);
      }
    }, nextTick);
    const stops = [
      client.on("conversation", ({ id }) => {
        changed.add(id);
        showing.soon();
      }),
      client.on("status", ({ state }) => {
        for (const [id, conversation] of client.conversations) all.set(id, conversation);
        if (state === "online") online();
        else mine.offline();
      }),
      watch(drafts, () => store(draftPlace, drafts)),
      watch(quotes, () => store(quotePlace, quotes)),
      watch(agreed, () => store(agreedPlace, agreed)),
    ];
    if (client.status.state === "online") online();
    const ticking = setInterval(() => (now.value = Date.now()), TICK_MS);
    return () => {
      clearInterval(ticking);
      showing.close();
      mine.close();
      for (const stop of stops) stop();
    };
  }

  function clear(): void {
    all.clear();
    for (const kept of [drafts, quotes]) for (const id of Object.keys(kept)) Reflect.deleteProperty(kept, id);
    sync = undefined;
    self.id = "";
  }

  function setDraft(place: string, text: string): void {
    const next = text.trim() ? text : "";
    if (next === (drafts[place] ?? "")) return;
    if (next) drafts[place] = next;
    else Reflect.deleteProperty(drafts, place);
    sync?.changed(place);
  }

  /** Say what the draft answers; 0 for nothing. */
  function setQuote(place: string, seq: number): void {
    if (seq === (quotes[place] ?? 0)) return;
    putQuote(place, seq);
    if (drafts[place]) sync?.changed(place);
  }

  function putQuote(place: string, seq: number): void {
    if (seq) quotes[place] = seq;
    else Reflect.deleteProperty(quotes, place);
  }

  return {
    all,
    joined,
    folders,
    drafts,
    quotes,
    self,
    attention,
    now,
    title,
    titleOf,
    isMuted,
    chosenRule,
    rule,
    setDraft,
    setQuote,
    attach,
    clear,
  };
});
