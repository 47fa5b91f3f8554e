/** What can be done with a message, and by whom (protocol.md 12.3). */
import { useI18n } from "vue-i18n";
import { useRouter } from "vue-router";

import { shown, type Conversation, type Message, type Pending } from "@/client";
import { useConversations } from "@/stores/conversations";
import type { Room } from "@/stores/room";
import { useSession } from "@/stores/session";
import { useToasts } from "@/stores/toasts";
import { placeOf, useUi } from "@/stores/ui";
import { may, rankIn, type Right } from "@/text/leading";

export interface Rights {
  readonly write: boolean;
  readonly pin: boolean;
  readonly recallOthers: boolean;
}

/** What this person may do in a conversation, as far as its state tells. */
export function rightsIn(conversation: Conversation | undefined, isAdmin: boolean, nowMs = Date.now()): Rights {
  if (!conversation || conversation.dissolved) return { write: false, pin: false, recallOthers: false };
  if (conversation.kind === "system") return { write: isAdmin, pin: isAdmin, recallOthers: isAdmin };
  if (conversation.state !== "joined") return { write: false, pin: false, recallOthers: false };
  if (conversation.kind === "direct") return { write: true, pin: true, recallOthers: false };
  const can = (right: Right): boolean => may(conversation, isAdmin, right);
  const silent = conversation.mutedUntilMs > nowMs || (conversation.muteAll && !can("speak_always"));
  const leads = rankIn(conversation, isAdmin) >= 2;
  return { write: leads || (can("send") && !silent), pin: can("pin"), recallOthers: can("recall") };
}

export function useMessageActions() {
  const session = useSession();
  const conversations = useConversations();
  const ui = useUi();
  const toasts = useToasts();
  const router = useRouter();
  const { t } = useI18n();

  function watched(submission: { done: Promise<unknown> }): void {
    submission.done.catch(toasts.fail);
  }

  function react(message: Message, emoji: string): void {
    const mine = message.reactions.find((each) => each.emoji === emoji)?.mine ?? false;
    watched(session.client.react(message.conversationId, message.seq, emoji, !mine));
  }

  function openThread(message: Message): void {
    const seq = message.post.thread || message.seq;
    void router.push({
      name: "conversation",
      params: { id: message.conversationId },
      query: { panel: "thread", seq: String(seq) },
    });
  }

  function pin(message: Message): void {
    watched(session.client.pin(message.conversationId, message.seq, !message.pinned));
  }

  function recall(message: Message): void {
    ui.confirm({
      title: t("message.recallTitle"),
      hint: t("message.recallHint"),
      action: t("message.recall"),
      danger: true,
      run: () => watched(session.client.recall(message.conversationId, message.seq)),
    });
  }

  function hide(message: Message, room: Room): void {
    ui.confirm({
      title: t("message.hideTitle"),
      hint: t("message.hideHint"),
      action: t("message.hide"),
      danger: true,
      run: () => toasts.attempt(() => room.hide(message.seq)),
    });
  }

  async function copyText(message: Message): Promise<void> {
    await navigator.clipboard.writeText(shown(message.post.body));
    toasts.add(t("action.copied"));
  }

  async function copyLink(message: Message): Promise<void> {
    const { href } = router.resolve({
      name: "conversation",
      params: { id: message.conversationId },
      query: { at: String(message.seq) },
    });
    await navigator.clipboard.writeText(new URL(href, location.href).href);
    toasts.add(t("action.copied"));
  }

  function reply(message: Message, thread: number): void {
    ui.reply(placeOf(message.conversationId, thread), message);
  }

  function edit(message: Message, thread: number): void {
    ui.edit(placeOf(message.conversationId, thread), message);
  }

  function retry(pending: Pending): void {
    session.client.retry(pending.conversationId, pending.clientId);
  }

  function discard(pending: Pending): void {
    session.client.discard(pending.conversationId, pending.clientId);
  }

  function rights(conversationId: string): Rights {
    const found = rightsIn(conversations.all.get(conversationId), session.isAdmin, conversations.now);
    // Who was muted on the server says nothing anywhere.
    return (session.me?.muted_until_ms ?? 0) > conversations.now ? { ...found, write: false } : found;
  }

  return {
    react,
    openThread,
    pin,
    recall,
    hide,
    copyText,
    copyLink,
    reply,
    edit,
    retry,
    discard,
    rights,
    forward: ui.forward,
    report: ui.report,
    remind: ui.remind,
  };
}
