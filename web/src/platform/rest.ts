/** Messages as the HTTP interface tells them, made into those the SDK knows. */
import type { Contact, File, Message } from "@/client";

interface RestFile {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly size_bytes?: number;
  readonly width?: number;
  readonly height?: number;
  readonly preview?: boolean;
}

/** What a message is (`GET /api/v1/conversations/{id}/pins` and others); of the body only what there is. */
export interface RestMessage {
  readonly conversation_id: string;
  readonly seq: number;
  readonly time_ms: number;
  readonly sender_id: string;
  readonly client_id: string;
  readonly body: {
    readonly text?: string;
    readonly custom_type?: string;
    readonly custom_json?: string;
    readonly fallback?: string;
    readonly files?: readonly RestFile[];
  };
  readonly reply_to_seq: number;
  readonly thread_seq: number;
  readonly also_in_conversation: boolean;
  readonly mentions: readonly string[];
  readonly mention_all: boolean;
  readonly forwarded?: {
    readonly conversation_id?: string;
    readonly seq?: number;
    readonly sender_id?: string;
    readonly time_ms?: number;
  } | null;
  readonly recalled: boolean;
  readonly edits: number;
  readonly edited_ms: number;
  readonly pinned: boolean;
  readonly reactions: readonly {
    readonly emoji: string;
    readonly count: number;
    readonly user_ids: readonly string[];
    readonly mine: boolean;
  }[];
  readonly thread_replies: number;
  readonly thread_last_seq: number;
}

/** What one keeps of somebody (`GET /api/v1/me/contacts`). */
export interface RestContact {
  readonly user_id: string;
  readonly state: Contact["state"];
  readonly blocked: boolean;
  readonly name: string;
  readonly group: string;
  readonly note: string;
  readonly time_ms: number;
  readonly version: number;
}

export function contactOf(told: RestContact): Contact {
  const { user_id: userId, state, blocked, name, group, note, time_ms: timeMs, version } = told;
  return { userId, state, blocked, name, group, note, timeMs, version };
}

export function messageOf(told: RestMessage): Message {
  return {
    conversationId: told.conversation_id,
    seq: told.seq,
    timeMs: told.time_ms,
    senderId: told.sender_id,
    clientId: told.client_id,
    post: {
      kind: "message",
      body: {
        text: told.body.text ?? "",
        customType: told.body.custom_type ?? "",
        customJson: told.body.custom_json ?? "",
        fallback: told.body.fallback ?? "",
        files: (told.body.files ?? []).map(fileOf),
      },
      replyTo: told.reply_to_seq,
      thread: told.thread_seq,
      alsoInConversation: told.also_in_conversation,
      mentions: told.mentions,
      mentionAll: told.mention_all,
      withdrawn: told.recalled,
      ...(told.forwarded
        ? {
            forwarded: {
              conversationId: told.forwarded.conversation_id ?? "",
              seq: told.forwarded.seq ?? 0,
              senderId: told.forwarded.sender_id ?? "",
              timeMs: told.forwarded.time_ms ?? 0,
            },
          }
        : {}),
    },
    recalled: told.recalled,
    edits: told.edits,
    editedMs: told.edited_ms,
    pinned: told.pinned,
    reactions: told.reactions.map(({ emoji, count, user_ids: userIds, mine }) => ({ emoji, count, userIds, mine })),
    threadReplies: told.thread_replies,
    threadLastSeq: told.thread_last_seq,
  };
}

function fileOf(told: RestFile): File {
  return {
    id: told.id,
    name: told.name ?? "",
    type: told.type ?? "",
    sizeBytes: told.size_bytes ?? 0,
    width: told.width ?? 0,
    height: told.height ?? 0,
    preview: told.preview ?? false,
  };
}
