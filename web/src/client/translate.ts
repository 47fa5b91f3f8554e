/**
 * Frames to models and back; the only place of the SDK that knows the fields of the wire.
 *
 * Functions named `…Of` make models from frames, those named `write…` make frames.  Unknown enum numbers become the
 * model's zero, unknown entry kinds `unknown`: a newer server never breaks an older client.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";

import { toNumber, type ClientBody } from "../protocol/codec";
import type * as pb from "../protocol/hubbub_pb";
import type { Content, SendOptions } from "./api";
import { HubbubError } from "./errors";
import type {
  Action,
  Body,
  Contact,
  Conversation,
  ConversationChange,
  Draft,
  Entry,
  EntryPage,
  File,
  Forwarded,
  Found,
  HistoryItem,
  HistoryPage,
  Kind,
  Mark,
  Member,
  MemberAction,
  MemberState,
  Message,
  Notify,
  Own,
  OwnRole,
  Post,
  Presence,
  PresenceState,
  Reminder,
  Role,
  Scheduled,
  SignIn,
  User,
} from "./models";

// In the order of their numbers.
const KINDS: readonly Kind[] = ["unknown", "direct", "group", "channel", "system"];
const ROLES: readonly Role[] = ["none", "member", "admin", "owner"];
const STATES: readonly MemberState[] = ["none", "joined", "left", "removed", "banned"];
const PRESENCES: readonly PresenceState[] = ["unknown", "online", "offline", "dropped"];
const NOTIFIES: readonly Notify[] = ["default", "all", "mentions", "nothing"];
const CONTACTS: readonly Contact["state"][] = ["none", "asked", "asking", "accepted"];
const ACTIONS: readonly MemberAction[] = [
  "unknown",
  "add",
  "join",
  "leave",
  "remove",
  "ban",
  "unban",
  "role",
  "transfer",
  "mute",
];

// ---------------------------------------------------------------- entries

export function bodyOf(body: pb.Body | undefined): Body {
  const content = body?.content;
  return {
    text: content?.case === "text" ? content.value.text : "",
    customType: content?.case === "custom" ? content.value.type : "",
    customJson: content?.case === "custom" ? content.value.json : "",
    fallback: body?.fallback ?? "",
    files: (body?.files ?? []).map(fileOf),
  };
}

function fileOf({ id, name, type, sizeBytes, width, height, preview }: pb.File): File {
  return { id, name, type, sizeBytes: toNumber(sizeBytes), width, height, preview };
}

function postOf(message: pb.Message): Post {
  return {
    kind: "message",
    body: bodyOf(message.body),
    replyTo: toNumber(message.replyToSeq),
    thread: toNumber(message.threadSeq),
    alsoInConversation: message.alsoInConversation,
    mentions: message.mentions,
    mentionAll: message.mentionAll,
    withdrawn: message.withdrawn,
    ...(message.forwarded ? { forwarded: forwardedOf(message.forwarded) } : {}),
  };
}

function forwardedOf({ conversationId, seq, senderId, timeMs }: pb.Forwarded): Forwarded {
  return { conversationId, seq: toNumber(seq), senderId, timeMs: toNumber(timeMs) };
}

function changeOf(change: pb.ConversationChange): ConversationChange {
  const { title, topic, announcement, historyForNewcomers, muteAll, slowModeS, roles, keepDays, keptFrom } = change;
  return {
    kind: "conversationChange",
    ...(title === undefined ? {} : { title }),
    ...(topic === undefined ? {} : { topic }),
    ...(announcement === undefined ? {} : { announcement }),
    ...(historyForNewcomers === undefined ? {} : { historyForNewcomers }),
    ...(muteAll === undefined ? {} : { muteAll }),
    ...(slowModeS === undefined ? {} : { slowModeS }),
    ...(roles === undefined ? {} : { roles: rolesOf(roles.roles) }),
    ...(keepDays === undefined ? {} : { keepDays }),
    ...(keptFrom === undefined ? {} : { keptFrom: toNumber(keptFrom) }),
  };
}

function rolesOf(roles: readonly pb.ConversationRole[]): OwnRole[] {
  return roles.map(({ id, name, rights }) => ({ id, name, rights }));
}

function actionOf(kind: pb.Entry["kind"] | pb.Submit["action"]): Action {
  switch (kind.case) {
    case "message":
      return postOf(kind.value);
    case "edit":
      return {
        kind: "edit",
        target: toNumber(kind.value.targetSeq),
        body: bodyOf(kind.value.body),
        mentions: kind.value.mentions,
        mentionAll: kind.value.mentionAll,
        withdrawn: kind.value.withdrawn,
        previousMentions: kind.value.previousMentions,
        previousMentionAll: kind.value.previousMentionAll,
        targetSenderId: kind.value.targetSenderId,
        targetCounts: kind.value.targetCounts,
      };
    case "recall":
      return {
        kind: "recall",
        target: toNumber(kind.value.targetSeq),
        targetSenderId: kind.value.targetSenderId,
        targetCounts: kind.value.targetCounts,
        targetMentions: kind.value.targetMentions,
        targetMentionAll: kind.value.targetMentionAll,
      };
    case "reaction":
      return {
        kind: "reaction",
        target: toNumber(kind.value.targetSeq),
        emoji: kind.value.emoji,
        set: kind.value.set,
      };
    case "pin":
      return { kind: "pin", target: toNumber(kind.value.targetSeq), set: kind.value.set };
    case "memberChange":
      return {
        kind: "memberChange",
        action: ACTIONS[kind.value.action] ?? "unknown",
        userIds: kind.value.userIds,
        role: ROLES[kind.value.role] ?? "none",
        mutedUntilMs: toNumber(kind.value.mutedUntilMs),
        ...(kind.value.ownRole ? { ownRole: kind.value.ownRole } : {}),
      };
    case "conversationChange":
      return changeOf(kind.value);
    case "created":
      return {
        kind: "created",
        conversationKind: KINDS[kind.value.kind] ?? "unknown",
        title: kind.value.title,
        userIds: kind.value.userIds,
      };
    case "dissolved":
    case "dissolve":
      return { kind: "dissolved" };
    case undefined:
      return { kind: "unknown" };
  }
}

export function entryOf(entry: pb.Entry): Entry {
  return {
    conversationId: entry.conversationId,
    seq: toNumber(entry.seq),
    timeMs: toNumber(entry.timeMs),
    senderId: entry.senderId,
    clientId: entry.clientId,
    action: actionOf(entry.kind),
  };
}

export function entryPageOf(page: pb.EntryPage): EntryPage {
  return {
    conversationId: page.conversationId,
    fromSeq: toNumber(page.fromSeq),
    toSeq: toNumber(page.toSeq),
    asOf: toNumber(page.asOf),
    entries: page.entries.map(entryOf),
    reset: page.reset,
  };
}

// ---------------------------------------------------------------- history

function messageOf(conversationId: string, state: pb.MessageState): Message {
  const gone: Post = { ...NOTHING, withdrawn: true };
  return {
    conversationId,
    seq: toNumber(state.seq),
    timeMs: toNumber(state.timeMs),
    senderId: state.senderId,
    clientId: state.clientId,
    post: state.message ? postOf(state.message) : gone,
    recalled: state.recalled,
    edits: state.edits,
    editedMs: toNumber(state.editedMs),
    pinned: state.pinned,
    reactions: state.reactions.map(({ emoji, count, userIds, mine }) => ({ emoji, count, userIds, mine })),
    threadReplies: state.threadReplies,
    threadLastSeq: toNumber(state.threadLastSeq),
  };
}

export function historyOf(page: pb.HistoryPage): HistoryPage {
  const id = page.conversationId;
  return {
    conversationId: id,
    fromSeq: toNumber(page.fromSeq),
    toSeq: toNumber(page.toSeq),
    asOf: toNumber(page.asOf),
    items: page.items.flatMap(({ item }): HistoryItem[] => {
      if (item.case === "message") return [{ type: "message", message: messageOf(id, item.value) }];
      return item.case === "entry" ? [{ type: "line", entry: entryOf(item.value) }] : [];
    }),
    moreBefore: page.moreBefore,
    moreAfter: page.moreAfter,
  };
}

// ---------------------------------------------------------------- conversations and people

export function conversationOf(state: pb.ConversationState): Conversation {
  const id = state.conversationId;
  return {
    id,
    kind: KINDS[state.kind] ?? "unknown",
    title: state.title,
    topic: state.topic,
    announcement: state.announcement,
    dissolved: state.dissolved,
    historyForNewcomers: state.historyForNewcomers,
    muteAll: state.muteAll,
    slowModeS: state.slowModeS,
    memberCount: state.memberCount,
    peerId: state.peerId,
    asOf: toNumber(state.asOf),
    lastTimeMs: toNumber(state.lastTimeMs),
    lastMessage: state.lastMessage ? messageOf(id, state.lastMessage) : null,
    state: STATES[state.state] ?? "none",
    role: ROLES[state.role] ?? "none",
    intervals: state.intervals.map(({ fromSeq, toSeq }) => ({ from: toNumber(fromSeq), to: toNumber(toSeq) })),
    readSeq: toNumber(state.readSeq),
    deliveredSeq: toNumber(state.deliveredSeq),
    unread: state.unread,
    mentions: state.mentions,
    mutedUntilMs: toNumber(state.mutedUntilMs),
    version: toNumber(state.version),
    own: ownOf(state.own),
    ...(state.roles.length ? { roles: rolesOf(state.roles) } : {}),
    ...(state.ownRole ? { ownRole: state.ownRole } : {}),
    ...(state.joinRequests ? { joinRequests: state.joinRequests } : {}),
    ...(state.keepDays ? { keepDays: state.keepDays } : {}),
    ...(state.keptFrom ? { keptFrom: toNumber(state.keptFrom) } : {}),
  };
}

function ownOf(own: pb.Own | undefined): Own {
  return {
    pinned: own?.pinned ?? false,
    archived: own?.archived ?? false,
    markedUnread: own?.markedUnread ?? false,
    mutedUntilMs: toNumber(own?.mutedUntilMs ?? 0n),
    folder: own?.folder ?? "",
    notify: NOTIFIES[own?.notify ?? 0] ?? "default",
    draft: own?.draft ? draftOf(own.draft) : null,
    ...(own?.threadDrafts.length ? { threadDrafts: own.threadDrafts.map(draftOf) } : {}),
  };
}

function draftOf({ text, replyToSeq, timeMs, threadSeq }: pb.Draft): Draft {
  const draft = { text, replyTo: toNumber(replyToSeq), timeMs: toNumber(timeMs) };
  return threadSeq ? { ...draft, thread: toNumber(threadSeq) } : draft;
}

export function foundOf(page: pb.SearchPage): Found {
  return {
    messages: page.messages.map(({ conversationId, seq, timeMs, senderId, threadSeq, hasFile, snippet }) => ({
      conversationId,
      seq: toNumber(seq),
      timeMs: toNumber(timeMs),
      senderId,
      thread: toNumber(threadSeq),
      hasFile,
      snippet: snippet.map(({ text, hit }) => ({ text, hit })),
    })),
    people: page.people.map(userOf),
    conversations: page.conversations.map(conversationOf),
    nextCursor: page.nextCursor,
  };
}

export function memberOf(member: pb.Member): Member {
  return {
    userId: member.userId,
    role: ROLES[member.role] ?? "none",
    state: STATES[member.state] ?? "none",
    readSeq: toNumber(member.readSeq),
    deliveredSeq: toNumber(member.deliveredSeq),
    mutedUntilMs: toNumber(member.mutedUntilMs),
    ...(member.ownRole ? { ownRole: member.ownRole } : {}),
  };
}

export function userOf(user: pb.User): User {
  const { userId, username, displayName, signature, bot, avatar } = user;
  return { id: userId, username, displayName, signature, bot, avatar };
}

export function signInOf({ loginId, deviceName, address, timeMs }: pb.SignIn): SignIn {
  return { loginId, deviceName, address, timeMs: toNumber(timeMs) };
}

export function contactOf(row: pb.Contact): Contact {
  const { userId, blocked, name, group, note } = row;
  const state = CONTACTS[row.state] ?? "none";
  return { userId, state, blocked, name, group, note, timeMs: toNumber(row.timeMs), version: toNumber(row.version) };
}

export function reminderOf(row: pb.Reminder): Reminder {
  const { conversationId, seq, dueMs, note, due, version } = row;
  return { conversationId, seq: toNumber(seq), dueMs: toNumber(dueMs), note, due, version: toNumber(version) };
}

export function presenceOf(presence: pb.Presence): Presence {
  return {
    userId: presence.userId,
    state: PRESENCES[presence.state] ?? "unknown",
    lastSeenMs: toNumber(presence.lastSeenMs),
  };
}

export function marksOf(marks: pb.Marks): readonly Mark[] {
  return marks.marks.map(({ userId, readSeq, deliveredSeq }) => ({
    userId,
    readSeq: toNumber(readSeq),
    deliveredSeq: toNumber(deliveredSeq),
  }));
}

export function scheduledOf(row: pb.Scheduled): Scheduled {
  return {
    conversationId: row.submit?.conversationId ?? "",
    clientId: row.submit?.clientId ?? "",
    action: row.submit ? actionOf(row.submit.action) : { kind: "unknown" },
    dueMs: toNumber(row.dueMs),
    error: row.error?.code ?? "",
  };
}

// ---------------------------------------------------------------- commands

const EMPTY: Body = { text: "", customType: "", customJson: "", fallback: "", files: [] };
const NOTHING: Post = {
  kind: "message",
  body: EMPTY,
  replyTo: 0,
  thread: 0,
  alsoInConversation: false,
  mentions: [],
  mentionAll: false,
  withdrawn: false,
};

/** The body for what a person or a program wants to say. */
export function bodyFor(content: Content, files: readonly File[] = []): Body {
  if (typeof content === "string") return { ...EMPTY, text: content, files };
  return { text: "", customType: content.type, customJson: content.json, fallback: content.fallback, files };
}

/** The message for what a person or a program wants to say. */
export function postFor(content: Content, options: SendOptions = {}): Post {
  return {
    kind: "message",
    body: bodyFor(content, options.files),
    replyTo: options.replyTo ?? 0,
    thread: options.thread ?? 0,
    alsoInConversation: options.alsoInConversation ?? false,
    mentions: options.mentions ?? [],
    mentionAll: options.mentionAll ?? false,
    withdrawn: false,
  };
}

/** What the body of a recalled message becomes. */
export function withdrawn(post: Post): Post {
  return { ...post, body: EMPTY, mentions: [], mentionAll: false, withdrawn: true };
}

type BodyInit = MessageInitShape<typeof pb.BodySchema>;
export type SubmitInit = MessageInitShape<typeof pb.SubmitSchema>;

function writeBody(body: Body): BodyInit {
  const { text, customType, customJson, fallback } = body;
  for (const one of [text, customJson, fallback]) {
    if (!isUnicode(one)) throw new HubbubError("bad_request", "The text holds half of a surrogate pair.");
  }
  const files = body.files.map(({ id }) => ({ id }));
  if (customType)
    return { content: { case: "custom", value: { type: customType, json: customJson } }, fallback, files };
  return { ...(text || !files.length ? { content: { case: "text", value: { text } } } : {}), fallback, files };
}

function isUnicode(value: string): boolean {
  try {
    encodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}

/** Make the frame body for one command.  Throws HubbubError for what a client cannot submit. */
export function writeSubmit(conversationId: string, clientId: string, action: Action, after = ""): SubmitInit {
  return { conversationId, clientId, after, action: writeAction(action) };
}

function writeAction(action: Action): NonNullable<SubmitInit["action"]> {
  switch (action.kind) {
    case "message":
      if (action.forwarded) {
        // Nothing else is set (protocol.md 6.18).
        const { conversationId, seq } = action.forwarded;
        return { case: "message", value: { forwarded: { conversationId, seq: BigInt(seq) } } };
      }
      return {
        case: "message",
        value: {
          body: writeBody(action.body),
          replyToSeq: BigInt(action.replyTo),
          threadSeq: BigInt(action.thread),
          alsoInConversation: action.alsoInConversation,
          mentions: [...action.mentions],
          mentionAll: action.mentionAll,
        },
      };
    case "edit":
      return {
        case: "edit",
        value: {
          targetSeq: BigInt(action.target),
          body: writeBody(action.body),
          mentions: [...action.mentions],
          mentionAll: action.mentionAll,
        },
      };
    case "recall":
      return { case: "recall", value: { targetSeq: BigInt(action.target) } };
    case "reaction":
      return {
        case: "reaction",
        value: { targetSeq: BigInt(action.target), emoji: action.emoji, set: action.set },
      };
    case "pin":
      return { case: "pin", value: { targetSeq: BigInt(action.target), set: action.set } };
    case "memberChange":
      return {
        case: "memberChange",
        value: {
          action: ACTIONS.indexOf(action.action),
          userIds: [...action.userIds],
          role: ROLES.indexOf(action.role),
          mutedUntilMs: BigInt(action.mutedUntilMs),
          ownRole: action.ownRole ?? "",
        },
      };
    case "conversationChange": {
      const { kind: _, roles, keepDays: _days, keptFrom: _from, ...fields } = action;
      return {
        case: "conversationChange",
        value: {
          ...fields,
          ...(roles
            ? { roles: { roles: roles.map(({ id, name, rights }) => ({ id, name, rights: [...rights] })) } }
            : {}),
        },
      };
    }
    case "dissolved":
      return { case: "dissolve", value: {} };
    case "created":
    case "unknown":
      throw new HubbubError("bad_request", "A client cannot submit that.");
  }
}

/** The number of a way to be notified on the wire. */
export function notifyNumber(notify: Notify): pb.Notify {
  return NOTIFIES.indexOf(notify);
}

/** The number of a kind of conversation on the wire. */
export function kindNumber(kind: Kind): pb.ConversationKind {
  return KINDS.indexOf(kind);
}

export type { ClientBody };
