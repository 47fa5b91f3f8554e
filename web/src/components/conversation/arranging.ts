/** What one does with a conversation for oneself: muting, sorting, marking (protocol.md 11.8). */
import type { Client, Conversation } from "@/client";
import { useConversations } from "@/stores/conversations";
import { useSession } from "@/stores/session";
import { useToasts } from "@/stores/toasts";

type OwnChange = Parameters<Client["setOwn"]>[1];

export const MUTINGS = ["hour", "hours", "tomorrow", "ever"] as const;
export type Muting = (typeof MUTINGS)[number];

const HOUR_MS = 3_600_000;
/** The last moment a calendar knows. */
const FOR_EVER_MS = 8_640_000_000_000_000;

/** When a muting that begins now ends; tomorrow means when the day begins to be busy. */
export function mutedUntil(muting: Muting, nowMs: number): number {
  switch (muting) {
    case "hour":
      return nowMs + HOUR_MS;
    case "hours":
      return nowMs + 8 * HOUR_MS;
    case "tomorrow": {
      const day = new Date(nowMs);
      return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1, 8).getTime();
    }
    case "ever":
      return FOR_EVER_MS;
  }
}

/** Whether a muting has no end that anybody will see. */
export function isForEver(mutedUntilMs: number): boolean {
  return mutedUntilMs >= FOR_EVER_MS;
}

export function useArranging() {
  const session = useSession();
  const conversations = useConversations();
  const toasts = useToasts();

  function set(conversation: Conversation, change: OwnChange): void {
    void toasts.attempt(() => session.client.setOwn(conversation.id, change));
  }

  /** Mute for a while; null ends it. */
  function mute(conversation: Conversation, muting: Muting | null): void {
    set(conversation, { mutedUntilMs: muting ? mutedUntil(muting, session.client.serverNow()) : 0 });
  }

  function isUnread(conversation: Conversation): boolean {
    return conversation.unread > 0 || conversation.own.markedUnread;
  }

  function markUnread(conversation: Conversation): void {
    set(conversation, { markedUnread: true });
  }

  function markRead(conversation: Conversation): void {
    if (conversation.own.markedUnread) set(conversation, { markedUnread: false });
    session.client.saw(conversation.id, conversation.asOf);
  }

  /** Put everything of one folder into another; an empty name is no folder. */
  async function moveFolder(from: string, to: string): Promise<void> {
    const inside = conversations.joined.filter((one) => one.own.folder === from);
    await toasts.attempt(async () => {
      for (const one of inside) await session.client.setOwn(one.id, { folder: to });
    });
  }

  return { set, mute, isUnread, markUnread, markRead, moveFolder };
}
