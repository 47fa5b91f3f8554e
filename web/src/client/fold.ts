/**
 * The law a client follows: a snapshot and the entries after it are the same as a newer snapshot (protocol.md 10.6).
 *
 * An entry applies to an object only if its seq is above the object's `asOf`; then it applies exactly as written here.
 * What cannot be known from here is never guessed: `again` says that the object must be fetched anew.  Pure functions;
 * the arguments are left as they are, and what did not change is returned as the same object.
 */
import type {
  Conversation,
  Entry,
  HistoryItem,
  HistoryPage,
  Interval,
  MemberChange,
  Message,
  Post,
  Reaction,
  ReactionCount,
} from "./models";
import { withdrawn } from "./translate";

/** A count is exact below it; at it, it means: this many or more. */
export const UNREAD_CAP = 100;

const REACTORS_SHOWN = 100;

export interface Folded<T> {
  readonly value: T;
  /** It is only the best guess: fetch it. */
  readonly again: boolean;
}

// ---------------------------------------------------------------- a message

/** The message that an entry posted. */
export function messageOf(entry: Entry, post: Post): Message {
  return {
    conversationId: entry.conversationId,
    seq: entry.seq,
    timeMs: entry.timeMs,
    senderId: entry.senderId,
    clientId: entry.clientId,
    post,
    // An entry read after its message was taken back comes without its body (protocol.md 7.3).
    recalled: post.withdrawn,
    edits: 0,
    editedMs: 0,
    pinned: false,
    reactions: [],
    threadReplies: 0,
    threadLastSeq: 0,
  };
}

/** Apply an entry to a message, if it is about that message; `me` is the reader. */
export function foldMessage(message: Message, entry: Entry, me: string): Folded<Message> {
  const { action } = entry;
  const same = { value: message, again: false };
  if (entry.seq <= message.seq) return same;
  switch (action.kind) {
    case "message":
      if (action.thread !== message.seq) return same;
      return changed({ ...message, threadReplies: message.threadReplies + 1, threadLastSeq: entry.seq });
    case "edit": {
      if (action.target !== message.seq) return same;
      const { body, mentions, mentionAll } = action;
      const post = message.recalled ? message.post : { ...message.post, body, mentions, mentionAll };
      return changed({ ...message, post, edits: message.edits + 1, editedMs: entry.timeMs });
    }
    case "recall":
      if (action.target !== message.seq) return same;
      return changed({ ...message, post: withdrawn(message.post), recalled: true, pinned: false });
    case "pin":
      return action.target === message.seq ? changed({ ...message, pinned: action.set }) : same;
    case "reaction":
      return action.target === message.seq ? foldReaction(message, entry.senderId, action, me) : same;
    default:
      return same;
  }
}

/**
 * Set or unset a reaction; doing so twice changes nothing.
 *
 * Beyond the first hundred people nobody can tell from here whether somebody had reacted already (protocol.md 10.8).
 */
function foldReaction(message: Message, senderId: string, action: Reaction, me: string): Folded<Message> {
  const known = message.reactions.find((one) => one.emoji === action.emoji);
  const userIds = known?.userIds ?? [];
  const count = known?.count ?? 0;
  const listed = userIds.includes(senderId);
  if (!listed && count > userIds.length && senderId !== me) return { value: message, again: true };
  const had = listed || (senderId === me && known?.mine === true);
  if (had === action.set) return { value: message, again: false };
  const after: ReactionCount = {
    emoji: action.emoji,
    count: count + (action.set ? 1 : -1),
    userIds: action.set ? [...userIds, senderId].slice(0, REACTORS_SHOWN) : userIds.filter((id) => id !== senderId),
    mine: senderId === me ? action.set : (known?.mine ?? false),
  };
  const reactions = known
    ? message.reactions.map((one) => (one === known ? after : one)).filter((one) => one.count > 0)
    : [...message.reactions, after];
  // A list that was cut has somebody else move up, whom only the server knows.
  return { value: { ...message, reactions }, again: !action.set && count > userIds.length };
}

// ---------------------------------------------------------------- a page

/** Apply an entry to a page that `me` is shown; `thread` if it is the page of that thread. */
export function foldPage(page: HistoryPage, entry: Entry, me: string, thread = 0): Folded<HistoryPage> {
  if (entry.seq <= page.asOf) return { value: page, again: false };
  let again = false;
  page = letGo(page, keptFrom(entry));
  let items: HistoryItem[] = page.items.map((item) => {
    if (item.type !== "message") return item;
    const folded = foldMessage(item.message, entry, me);
    again ||= folded.again;
    return folded.value === item.message ? item : { type: "message", message: folded.value };
  });
  let { toSeq } = page;
  if (!page.moreAfter) {
    toSeq = entry.seq;
    const item = itemOf(entry, thread);
    if (item) items = [...items, item];
  }
  return { value: { ...page, items, toSeq, asOf: entry.seq }, again };
}

/** A page without what is below a seq, which is gone; 0: nothing is. */
export function letGo(page: HistoryPage, since: number): HistoryPage {
  if (page.fromSeq >= since) return page;
  const items = page.items.filter((item) => (item.type === "message" ? item.message.seq : item.entry.seq) >= since);
  return { ...page, items, moreBefore: false };
}

/** Below which seq nothing is there any more after an entry (protocol.md 7.7); 0 when it says nothing of it. */
export function keptFrom({ action }: Entry): number {
  return action.kind === "conversationChange" ? (action.keptFrom ?? 0) : 0;
}

/** The row that an entry adds at the end of a conversation, or of a thread of it; null if it adds none. */
export function itemOf(entry: Entry, thread = 0): HistoryItem | null {
  switch (entry.action.kind) {
    case "message":
      if (thread && entry.action.thread !== thread && entry.seq !== thread) return null;
      return { type: "message", message: messageOf(entry, entry.action) };
    case "created":
    case "memberChange":
    case "conversationChange":
    case "dissolved":
      if (keptFrom(entry)) return null;
      return thread ? null : { type: "line", entry };
    default:
      return null;
  }
}

// ---------------------------------------------------------------- a conversation as one person sees it

/** Apply an entry to a conversation as `me` sees it (protocol.md 10.9, 14.5). */
export function foldConversation(held: Conversation, entry: Entry, me: string): Folded<Conversation> {
  if (entry.seq <= held.asOf) return { value: held, again: false };
  let conversation: Conversation = { ...held, asOf: entry.seq, lastTimeMs: entry.timeMs };
  let { lastMessage, unread, mentions } = held;
  let again = false;
  const { action } = entry;
  switch (action.kind) {
    case "message": {
      const counts = action.thread === 0 || action.alsoInConversation;
      if (entry.senderId !== me) {
        unread = add(unread, counts ? 1 : 0);
        mentions = add(mentions, mentioned(action, me));
      }
      if (counts && !action.withdrawn) lastMessage = messageOf(entry, action);
      break;
    }
    case "edit":
      if (isUnread(held, action.target, action.targetSenderId, me)) {
        const before = { mentions: action.previousMentions, mentionAll: action.previousMentionAll };
        const by = mentioned(action, me) - mentioned(before, me);
        again = by < 0 && mentions >= UNREAD_CAP;
        mentions = add(mentions, by);
      }
      break;
    case "recall":
      if (isUnread(held, action.target, action.targetSenderId, me)) {
        const was = mentioned({ mentions: action.targetMentions, mentionAll: action.targetMentionAll }, me);
        again = (action.targetCounts && unread >= UNREAD_CAP) || (was > 0 && mentions >= UNREAD_CAP);
        unread = add(unread, action.targetCounts ? -1 : 0);
        mentions = add(mentions, -was);
      }
      break;
    case "memberChange":
      // One's own coming and going comes as a row; a channel bans people who may never have been in it.
      again =
        (came(action) !== 0 && action.userIds.includes(me)) || (held.kind === "channel" && action.action === "ban");
      // Whom it names may be one of those who wait to be let in.
      again ||= Boolean(held.joinRequests) && (action.action === "add" || action.action === "ban");
      conversation = foldRole(
        { ...conversation, memberCount: Math.max(0, held.memberCount + came(action)) },
        entry,
        me,
      );
      break;
    case "conversationChange": {
      const { kind: _, ...fields } = action;
      conversation = { ...conversation, ...fields };
      // The role this person has may give another right to let people in than before.
      again = Boolean(action.roles && held.ownRole);
      if (action.keptFrom !== undefined) {
        // How much of what was unread is gone, only the server knows.
        again ||= (unread > 0 || mentions > 0) && action.keptFrom > held.readSeq + 1;
        if (lastMessage && lastMessage.seq < action.keptFrom) lastMessage = null;
      }
      break;
    }
    case "dissolved":
      conversation = { ...conversation, dissolved: true, ...(held.joinRequests ? { joinRequests: 0 } : {}) };
      break;
    default:
      break;
  }
  if (lastMessage && lastMessage.seq !== entry.seq) {
    const folded = foldMessage(lastMessage, entry, me);
    again ||= folded.again || folded.value.recalled;
    lastMessage = folded.value;
  }
  return { value: { ...conversation, lastMessage, unread, mentions }, again };
}

/** Raise one's own mark; what is unread below the head must be counted by the server. */
export function foldRead(held: Conversation, readSeq: number): Conversation {
  if (readSeq <= held.readSeq) return held;
  const deliveredSeq = Math.max(held.deliveredSeq, readSeq);
  if (readSeq >= held.asOf) return { ...held, readSeq, deliveredSeq, unread: 0, mentions: 0 };
  return { ...held, readSeq, deliveredSeq };
}

/** Whether a seq lies inside somebody's membership. */
export function maySee(intervals: readonly Interval[], seq: number): boolean {
  return intervals.some(({ from, to }) => seq >= from && (to === 0 || seq <= to));
}

/** The seq inside somebody's membership that is the first at or after `seq`, or else the last before it. */
export function nearestSeen(intervals: readonly Interval[], seq: number): number {
  if (!intervals.length || maySee(intervals, seq)) return seq;
  const following = intervals.find(({ from }) => from > seq);
  return following ? following.from : Math.max(...intervals.map(({ to }) => to));
}

function foldRole(conversation: Conversation, entry: Entry, me: string): Conversation {
  const action = entry.action as MemberChange;
  const named = action.userIds.includes(me);
  if (action.action === "role" && named) return { ...conversation, role: action.role, ownRole: action.ownRole ?? "" };
  if (action.action === "mute" && named) return { ...conversation, mutedUntilMs: action.mutedUntilMs };
  if (action.action === "transfer" && named) return { ...conversation, role: "owner", ownRole: "" };
  if (action.action === "transfer" && entry.senderId === me) return { ...conversation, role: "admin" };
  return conversation;
}

function came({ action, userIds }: MemberChange): number {
  if (action === "add") return userIds.length;
  if (action === "join") return 1;
  if (action === "leave") return -Math.max(1, userIds.length);
  return action === "remove" || action === "ban" ? -userIds.length : 0;
}

function isUnread(held: Conversation, seq: number, senderId: string, me: string): boolean {
  return seq > held.readSeq && senderId !== me && maySee(held.intervals, seq);
}

function mentioned(of: { mentions: readonly string[]; mentionAll: boolean }, me: string): number {
  return of.mentionAll || of.mentions.includes(me) ? 1 : 0;
}

function add(count: number, by: number): number {
  return count >= UNREAD_CAP ? UNREAD_CAP : Math.max(0, count + by);
}

function changed<T>(value: T): Folded<T> {
  return { value, again: false };
}
