/**
 * What a program sees of the chat: entries, messages, conversations, people.
 *
 * Plain values, made from frames by `translate`.  Nothing here refers to protobuf, so the wire may grow fields without
 * touching programs, and everything survives a structured clone: it may live in another tab, a worker or IndexedDB.
 * Sequence numbers, versions and times are numbers: every one of them is below 2^53 (protocol.md 3.7).
 */

export type Kind = "unknown" | "direct" | "group" | "channel" | "system";
export type Role = "none" | "member" | "admin" | "owner";
export type MemberState = "none" | "joined" | "left" | "removed" | "banned";
export type MemberAction =
  "unknown" | "add" | "join" | "leave" | "remove" | "ban" | "unban" | "role" | "transfer" | "mute";
export type PresenceState = "unknown" | "online" | "offline" | "dropped";

// ---------------------------------------------------------------- what an entry says

/** A file as the server knows it; to send one that was uploaded only its `id` counts. */
export interface File {
  readonly id: string;
  readonly name: string;
  /** Media type, by what the bytes say. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Of pictures that were understood; 0 otherwise. */
  readonly width: number;
  readonly height: number;
  /** There is a small picture of it. */
  readonly preview: boolean;
}

/** The content of a message: text, or a typed JSON value with a fallback text; and files. */
export interface Body {
  readonly text: string;
  /** The type of a custom content; empty for a text. */
  readonly customType: string;
  readonly customJson: string;
  /** What to show those who do not know the content. */
  readonly fallback: string;
  /** Shown with it, in this order. */
  readonly files: readonly File[];
}

/** Whose words a message passes on. */
export interface Forwarded {
  /** Where they were said; empty unless that is a public channel, for whoever is told of it. */
  readonly conversationId: string;
  readonly seq: number;
  readonly senderId: string;
  readonly timeMs: number;
}

export interface Post {
  readonly kind: "message";
  readonly body: Body;
  /** The seq of the message this one quotes; 0 for none. */
  readonly replyTo: number;
  /** The seq of the message that opened the thread this one belongs to; 0 for none. */
  readonly thread: number;
  /** A thread message that is also shown, and counted, in the conversation. */
  readonly alsoInConversation: boolean;
  readonly mentions: readonly string[];
  readonly mentionAll: boolean;
  /** The message was recalled or erased: the body is gone. */
  readonly withdrawn: boolean;
  /** The message passes another on.  To pass one on, name it; the server says itself what it says. */
  readonly forwarded?: Forwarded;
}

export interface Edit {
  readonly kind: "edit";
  readonly target: number;
  readonly body: Body;
  readonly mentions: readonly string[];
  readonly mentionAll: boolean;
  readonly withdrawn: boolean;
  readonly previousMentions: readonly string[];
  readonly previousMentionAll: boolean;
  readonly targetSenderId: string;
  readonly targetCounts: boolean;
}

export interface Recall {
  readonly kind: "recall";
  readonly target: number;
  readonly targetSenderId: string;
  readonly targetCounts: boolean;
  readonly targetMentions: readonly string[];
  readonly targetMentionAll: boolean;
}

export interface Reaction {
  readonly kind: "reaction";
  readonly target: number;
  readonly emoji: string;
  readonly set: boolean;
}

export interface Pin {
  readonly kind: "pin";
  readonly target: number;
  readonly set: boolean;
}

export interface MemberChange {
  readonly kind: "memberChange";
  readonly action: MemberAction;
  readonly userIds: readonly string[];
  readonly role: Role;
  readonly mutedUntilMs: number;
  /** With `role`: the role of the conversation's own that they have in place of `member`; empty: none. */
  readonly ownRole?: string;
}

/** A role somebody made for one conversation, of rights by name (protocol.md 12.11). */
export interface OwnRole {
  readonly id: string;
  readonly name: string;
  readonly rights: readonly string[];
}

/** Only the fields that are present change. */
export interface ConversationChange {
  readonly kind: "conversationChange";
  readonly title?: string;
  readonly topic?: string;
  readonly announcement?: string;
  readonly historyForNewcomers?: boolean;
  readonly muteAll?: boolean;
  readonly slowModeS?: number;
  /** All roles of its own, from now on. */
  readonly roles?: readonly OwnRole[];
  /** For how many days messages are kept from now on; 0: for ever, -1: as long as the place says.  The server's. */
  readonly keepDays?: number;
  /** Nothing below this seq is there any more.  The server's. */
  readonly keptFrom?: number;
}

/** The first entry of every conversation. */
export interface Created {
  readonly kind: "created";
  readonly conversationKind: Kind;
  readonly title: string;
  readonly userIds: readonly string[];
}

export interface Dissolved {
  readonly kind: "dissolved";
}

/** A kind of entry that this version does not know; it counts in the order like any other. */
export interface Unknown {
  readonly kind: "unknown";
}

export type Action =
  Post | Edit | Recall | Reaction | Pin | MemberChange | ConversationChange | Created | Dissolved | Unknown;

/** One durable change of one conversation. */
export interface Entry {
  readonly conversationId: string;
  readonly seq: number;
  readonly timeMs: number;
  /** Empty when the system wrote it. */
  readonly senderId: string;
  readonly clientId: string;
  readonly action: Action;
}

/** Entries as appended; every seq from `fromSeq` to `toSeq` that is absent is withheld or erased. */
export interface EntryPage {
  readonly conversationId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly asOf: number;
  readonly entries: readonly Entry[];
  readonly reset: boolean;
}

// ---------------------------------------------------------------- messages in their current state

export interface ReactionCount {
  readonly emoji: string;
  readonly count: number;
  /** The first hundred, in the order they reacted. */
  readonly userIds: readonly string[];
  readonly mine: boolean;
}

/** A message as it stands now. */
export interface Message {
  readonly conversationId: string;
  readonly seq: number;
  readonly timeMs: number;
  readonly senderId: string;
  readonly clientId: string;
  readonly post: Post;
  readonly recalled: boolean;
  readonly edits: number;
  readonly editedMs: number;
  readonly pinned: boolean;
  readonly reactions: readonly ReactionCount[];
  readonly threadReplies: number;
  readonly threadLastSeq: number;
}

/** A message, or a line about the conversation (created, membership, settings). */
export type HistoryItem =
  { readonly type: "message"; readonly message: Message } | { readonly type: "line"; readonly entry: Entry };

/** Messages in their current state; an entry applies to them only if its seq is above `asOf`. */
export interface HistoryPage {
  readonly conversationId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly asOf: number;
  readonly items: readonly HistoryItem[];
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

export interface Revision {
  readonly seq: number;
  readonly timeMs: number;
  readonly body: Body;
}

// ---------------------------------------------------------------- conversations and people

/** Sequence numbers one may see, both ends included; `to` 0 means: no end. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** What of a conversation a person is notified of; `default`: as their devices do by themselves. */
export type Notify = "default" | "all" | "mentions" | "nothing";

/** What was written and not sent; `timeMs` says when the server kept it. */
export interface Draft {
  readonly text: string;
  readonly replyTo: number;
  readonly timeMs: number;
  /** The thread it is to go into; absent: none. */
  readonly thread?: number;
}

/** What one keeps of a conversation for oneself, the same on all one's devices. */
export interface Own {
  readonly pinned: boolean;
  readonly archived: boolean;
  /** Unread although it was read, until it is taken back. */
  readonly markedUnread: boolean;
  /** No notifications until then. */
  readonly mutedUntilMs: number;
  /** Empty for none. */
  readonly folder: string;
  readonly notify: Notify;
  readonly draft: Draft | null;
  /** What was written in threads and not sent, one for each; absent: nothing. */
  readonly threadDrafts?: readonly Draft[];
}

/** A conversation as this person sees it, `asOf` a sequence number. */
export interface Conversation {
  readonly id: string;
  readonly kind: Kind;
  readonly title: string;
  readonly topic: string;
  readonly announcement: string;
  readonly dissolved: boolean;
  readonly historyForNewcomers: boolean;
  readonly muteAll: boolean;
  readonly slowModeS: number;
  readonly memberCount: number;
  /** With `direct`: the other person. */
  readonly peerId: string;
  readonly asOf: number;
  readonly lastTimeMs: number;
  readonly lastMessage: Message | null;
  readonly state: MemberState;
  readonly role: Role;
  readonly intervals: readonly Interval[];
  readonly readSeq: number;
  readonly deliveredSeq: number;
  /** Exact up to 99; 100 means more than 99. */
  readonly unread: number;
  readonly mentions: number;
  readonly mutedUntilMs: number;
  readonly version: number;
  readonly own: Own;
  /** Roles of its own; absent: none. */
  readonly roles?: readonly OwnRole[];
  /** The one of them this person has in place of `member`; empty: none. */
  readonly ownRole?: string;
  /** How many people wait to be let in, for those who may answer them; 100 means more than 99, absent: nobody. */
  readonly joinRequests?: number;
  /** For how many days messages are kept; -1: as long as the place says, absent: for ever. */
  readonly keepDays?: number;
  /** Nothing below this seq is there any more. */
  readonly keptFrom?: number;
}

export interface Member {
  readonly userId: string;
  readonly role: Role;
  readonly state: MemberState;
  readonly readSeq: number;
  readonly deliveredSeq: number;
  readonly mutedUntilMs: number;
  readonly ownRole?: string;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly signature: string;
  readonly bot: boolean;
  /** The file that shows them, for everybody to have; empty: none. */
  readonly avatar: string;
}

/** Somebody signed in to one's account from a device it had not been used from. */
export interface SignIn {
  /** `DELETE /api/v1/me/logins/{loginId}` ends it. */
  readonly loginId: string;
  /** As whoever signed in calls it. */
  readonly deviceName: string;
  readonly address: string;
  readonly timeMs: number;
}

/** What this person keeps of another; nobody else sees it. */
export interface Contact {
  readonly userId: string;
  /** `asked`: one has asked them; `asking`: they have asked, and wait for an answer. */
  readonly state: "none" | "asked" | "asking" | "accepted";
  readonly blocked: boolean;
  /** What one calls them; empty: as they call themselves. */
  readonly name: string;
  /** Empty: none. */
  readonly group: string;
  /** What was written with the request, while it waits. */
  readonly note: string;
  /** When `state` became what it is. */
  readonly timeMs: number;
  readonly version: number;
}

/** A message that this person wants to come back to; one for each message, and nobody else sees it. */
export interface Reminder {
  readonly conversationId: string;
  readonly seq: number;
  /** When; 0: not at all (any more). */
  readonly dueMs: number;
  /** What one wrote to oneself about it. */
  readonly note: string;
  /** Its time has come.  It stays until it is taken away or set for later. */
  readonly due: boolean;
  /** Of two rows for one message the one with the higher number is true. */
  readonly version: number;
}

/** A message that was found. */
export interface SearchHit {
  readonly conversationId: string;
  readonly seq: number;
  readonly timeMs: number;
  readonly senderId: string;
  readonly thread: number;
  readonly hasFile: boolean;
  /** Plain text around the first hit, in order. */
  readonly snippet: readonly { readonly text: string; readonly hit: boolean }[];
}

/** What a query finds: messages, newest first, and on its first page people and conversations. */
export interface Found {
  readonly messages: readonly SearchHit[];
  readonly people: readonly User[];
  readonly conversations: readonly Conversation[];
  /** Empty at the end; a page may be short, or empty, and still have one. */
  readonly nextCursor: string;
}

export interface Presence {
  readonly userId: string;
  readonly state: PresenceState;
  readonly lastSeenMs: number;
}

/** How far somebody has received and read; both only grow. */
export interface Mark {
  readonly userId: string;
  readonly readSeq: number;
  readonly deliveredSeq: number;
}

/** A message that waits for its time; `error` is the code it was refused with when it came due. */
export interface Scheduled {
  readonly conversationId: string;
  readonly clientId: string;
  readonly action: Action;
  readonly dueMs: number;
  readonly error: string;
}

export interface ServerInfo {
  readonly name: string;
  readonly version: string;
  readonly serverTimeMs: number;
  readonly nodeId: string;
  readonly epoch: string;
}

/** One page of a list; `nextCursor` is empty on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string;
}

/** A command is stored and durable.  `repeated`: an earlier try with this clientId had stored it. */
export interface Accepted {
  readonly conversationId: string;
  readonly clientId: string;
  readonly seq: number;
  readonly timeMs: number;
  readonly repeated: boolean;
}
