/**
 * What this client has of every conversation, and what it must ask for.
 *
 * Entries arrive live, on return, and from fetches, in any interleaving; they leave once and in order, and are folded
 * into the conversations on their way.  This module keeps one `Timeline` per conversation, the person's rows and their
 * version, and says what to fetch; sending the requests is its owner's work, so it is tested without a connection.
 */
import { toNumber } from "../protocol/codec";
import type * as pb from "../protocol/hubbub_pb";
import { Timeline } from "../protocol/timeline";
import type { Events } from "./api";
import type { HubbubError } from "./errors";
import { foldConversation, foldRead } from "./fold";
import type { Conversation, Entry } from "./models";
import type { KeptConversation } from "./store";
import { contactOf, conversationOf, entryOf, marksOf, presenceOf, reminderOf, userOf } from "./translate";

/** Where a client that holds nothing begins: with what comes, what is unread, or the first entry it may see. */
export type Since = "now" | "unread" | "beginning";

/** How many conversations a resume names at most (protocol.md 9.1). */
export const HAVE_LIMIT = 2_000;

/** How many pages are asked for at the same time. */
const FETCHES = 4;

/** How many entries of a conversation are kept to be folded into a row that is older than they are. */
const RECENT = 64;

/** What is held of one conversation. */
export class Track {
  conversation: Conversation | null;
  readonly timeline: Timeline<Entry>;
  /** The highest seq known to exist; above `timeline.seen` means: something is missing. */
  head: number;
  fetching = false;
  /** How far a person saw, though the server may not know yet. */
  saw = 0;
  recent: Entry[] = [];
  /** Every entry from here to `timeline.seen` is among `recent`. */
  recentFrom: number;

  constructor(conversation: Conversation | null, seen: number) {
    this.conversation = conversation;
    this.timeline = new Timeline(seen);
    this.head = seen;
    this.recentFrom = seen + 1;
  }

  remember(entries: readonly Entry[]): void {
    this.recent.push(...entries);
    const gone = this.recent.splice(0, Math.max(0, this.recent.length - RECENT)).at(-1);
    if (gone) this.recentFrom = gone.seq + 1;
  }

  jump(seen: number): void {
    this.timeline.reset(seen);
    this.recent = [];
    this.recentFrom = seen + 1;
    this.head = Math.max(this.head, seen);
  }
}

/** What a feed tells of. */
export type Told =
  "entry" | "conversation" | "marks" | "typing" | "presence" | "profile" | "emoji" | "contact" | "reminder" | "reset";

type Emit = <K extends Told>(kind: K, event: Events[K]) => void;

export interface FeedOptions {
  readonly since: Since;
  /** A conversation that misses more than this many entries is reset instead of read entry by entry. */
  readonly catchUpLimit: number;
  /** Whose it is. */
  readonly me: () => string;
  /** Called when something of a conversation that is kept has changed. */
  readonly changed: (conversationId: string, track: Track) => void;
}

export class Feed {
  readonly #emit: Emit;
  readonly #options: FeedOptions;
  epoch = "";
  version = 0;
  /** Whether the conversations were listed once, so that one not known is new. */
  based = false;
  readonly tracks = new Map<string, Track>();
  /** Heads of conversations whose state has not come yet. */
  readonly #unknown = new Map<string, number>();
  readonly #wanted = new Set<string>();
  readonly #doubted = new Set<string>();
  #fetching = 0;
  /** Whether rows of this person must be asked for (`get_user_state` since `version`). */
  rowsMissing = false;

  constructor(emit: Emit, options: FeedOptions) {
    this.#emit = emit;
    this.#options = options;
  }

  // ------------------------------------------------------------ what is held

  /** Whether nothing is known to be missing. */
  get complete(): boolean {
    return this.#wanted.size === 0 && this.#fetching === 0 && !this.rowsMissing && this.#doubted.size === 0;
  }

  /** Whether there is something to ask for. */
  get hungry(): boolean {
    return this.#wanted.size > 0 || this.rowsMissing || this.#doubted.size > 0;
  }

  /** What a resume names: the most recent conversations, at most as many as the server takes. */
  have(): { conversationId: string; seq: bigint }[] {
    const tracks = [...this.tracks].sort(
      ([, a], [, b]) => (b.conversation?.lastTimeMs ?? 0) - (a.conversation?.lastTimeMs ?? 0),
    );
    return tracks
      .slice(0, HAVE_LIMIT)
      .map(([conversationId, track]) => ({ conversationId, seq: BigInt(track.timeline.seen) }));
  }

  /** Take up what an earlier run had kept. */
  restore(epoch: string, version: number, held: readonly KeptConversation[]): void {
    this.epoch = epoch;
    this.version = version;
    this.based = true;
    for (const { conversation, seen } of held) {
      this.tracks.set(conversation.id, new Track(conversation, seen));
      this.#emit("conversation", conversation);
    }
  }

  /** Begin anew under another epoch: numbers of the old one mean nothing. */
  forget(epoch: string, reason: string): void {
    this.tracks.clear();
    this.#unknown.clear();
    this.#wanted.clear();
    this.#doubted.clear();
    this.#fetching = 0;
    this.rowsMissing = false;
    this.epoch = epoch;
    this.version = 0;
    this.based = false;
    this.#emit("reset", { conversationId: "", reason });
  }

  /** Requests under way will not be answered; what they were for is wanted still. */
  disconnected(): void {
    this.#fetching = 0;
    for (const [conversationId, track] of this.tracks) {
      track.fetching = false;
      if (track.head > track.timeline.seen) this.#wanted.add(conversationId);
    }
  }

  // ------------------------------------------------------------ rows of the person

  /** Take a state that was listed or asked for: whole, and as new as its `as_of` says. */
  state(state: pb.ConversationState, asked = false): Conversation {
    const row = conversationOf(state);
    this.#row(row, asked);
    return this.tracks.get(row.id)?.conversation ?? row;
  }

  /** Take rows that were pushed (protocol.md 11.3). */
  userState(state: pb.UserState): void {
    if (toNumber(state.version) <= this.version) return;
    if (toNumber(state.sinceVersion) > this.version) {
      this.rowsMissing = true;
      return;
    }
    this.version = toNumber(state.version);
    this.#rows(state);
  }

  /** Take the rows changed since `version`, which were asked for. */
  rowsAnswered(state: pb.UserState): void {
    this.version = Math.max(this.version, toNumber(state.version));
    this.rowsMissing = state.more;
    this.#rows(state);
    // Whatever one is in has a row by now; what is still unknown is none of ours.
    if (!state.more) this.#unknown.clear();
  }

  #rows({ conversations, contacts, reminders }: pb.UserState): void {
    for (const row of conversations) this.state(row);
    for (const row of contacts) this.#emit("contact", contactOf(row));
    for (const row of reminders) this.#emit("reminder", reminderOf(row));
  }

  #row(row: Conversation, asked: boolean): void {
    let track = this.tracks.get(row.id);
    if (!track) {
      track = new Track(null, this.#begin(row));
      this.tracks.set(row.id, track);
      track.head = Math.max(track.head, this.#unknown.get(row.id) ?? 0);
      this.#unknown.delete(row.id);
    }
    const held = track.conversation;
    const newer =
      !held || row.version > held.version || (row.version === held.version && (asked || row.asOf > held.asOf));
    if (newer) {
      // What was folded already and is newer than the row is folded into it once more (protocol.md 11.4).
      let conversation = row;
      let again = row.asOf < track.timeline.seen && row.asOf + 1 < track.recentFrom;
      for (const entry of track.recent) {
        const folded = foldConversation(conversation, entry, this.#options.me());
        conversation = folded.value;
        again ||= folded.again && row.state === "joined";
      }
      if (again && !asked) this.#doubted.add(row.id);
      this.#show(row.id, track, foldRead(conversation, track.saw));
    }
    this.#raiseHead(row.id, track, row.asOf);
  }

  /** The seq after which a conversation that is new to this client is told of. */
  #begin(row: Conversation): number {
    const first = row.intervals[0]?.from ?? 1;
    const { since } = this.#options;
    if (since === "now" && !this.based) return row.asOf;
    if (since === "beginning") return first - 1;
    // New to this person, not only to this client: the entry that brought them in counts as read, and is told of.
    const read = this.based && (row.kind === "direct" || row.kind === "group") ? row.readSeq - 1 : row.readSeq;
    return Math.max(read, first - 1);
  }

  /** Say that a person saw what is there up to `seq`; counts fall at once where that is certain. */
  saw(conversationId: string, seq: number): void {
    const track = this.tracks.get(conversationId);
    if (!track?.conversation) return;
    track.saw = Math.max(track.saw, seq);
    const after = foldRead(track.conversation, track.saw);
    if (after !== track.conversation) this.#show(conversationId, track, after);
  }

  #show(conversationId: string, track: Track, conversation: Conversation): void {
    track.conversation = conversation;
    this.#emit("conversation", conversation);
    this.#options.changed(conversationId, track);
  }

  // ------------------------------------------------------------ entries

  /** Take entries that were pushed. */
  page(page: pb.EntryPage): void {
    const id = page.conversationId;
    let track = this.tracks.get(id);
    if (!track) {
      this.rowsMissing = true;
      if (page.fromSeq > 1n || page.reset) {
        this.#unknown.set(id, Math.max(toNumber(page.toSeq), this.#unknown.get(id) ?? 0));
        return;
      }
      track = new Track(null, 0);
      this.tracks.set(id, track);
    }
    this.#take(id, track, page);
  }

  /** Take the answer to a fetch. */
  fetched(conversationId: string, answer: pb.EntryPage | HubbubError): void {
    const track = this.tracks.get(conversationId);
    if (!track?.fetching) return;
    track.fetching = false;
    this.#fetching -= 1;
    if (answer instanceof Error) {
      // Not ours to read (any more): what is there does not concern this person.
      if (!answer.retry) track.head = track.timeline.seen;
      else if (track.head > track.timeline.seen) this.#wanted.add(conversationId);
      return;
    }
    const before = track.timeline.seen;
    track.head = Math.max(track.head, toNumber(answer.asOf));
    this.#take(conversationId, track, answer);
    // The log ends here for this reader, whatever a head said.
    if (track.timeline.seen === before && toNumber(answer.toSeq) <= before) {
      track.head = before;
      this.#wanted.delete(conversationId);
    }
  }

  #take(conversationId: string, track: Track, page: pb.EntryPage): void {
    const { timeline } = track;
    const from = toNumber(page.fromSeq);
    const to = toNumber(page.toSeq);
    if (page.reset) {
      if (to < timeline.seen || to - timeline.seen > this.#options.catchUpLimit) {
        track.jump(to);
        this.#emit("reset", { conversationId, reason: "too much is missing" });
        // The entries that would have been folded are passed over.
        if (track.conversation) this.#doubted.add(conversationId);
        this.#options.changed(conversationId, track);
      } else {
        this.#raiseHead(conversationId, track, to);
      }
      return;
    }
    const seenBefore = timeline.seen;
    const released = timeline.cover(from, to, page.entries.map(entryOf));
    track.remember(released);
    const held = track.conversation;
    let conversation = held;
    for (const entry of released) {
      this.#emit("entry", entry);
      if (!conversation) continue;
      const folded = foldConversation(conversation, entry, this.#options.me());
      conversation = folded.value;
      if (folded.again) this.#doubted.add(conversationId);
    }
    if (conversation && conversation !== held) this.#show(conversationId, track, foldRead(conversation, track.saw));
    else if (timeline.seen > seenBefore) this.#options.changed(conversationId, track);
    // A page of a resume may end before the head, by its size; the rest is fetched (protocol.md 8.4).
    this.#raiseHead(conversationId, track, Math.max(to, toNumber(page.asOf)));
  }

  /** Take word that entries exist. */
  heads(heads: pb.Heads): void {
    for (const head of heads.heads) {
      const track = this.tracks.get(head.conversationId);
      const seq = toNumber(head.seq);
      if (track) {
        this.#raiseHead(head.conversationId, track, seq);
      } else {
        this.#unknown.set(head.conversationId, Math.max(seq, this.#unknown.get(head.conversationId) ?? 0));
        this.rowsMissing = true;
      }
    }
  }

  #raiseHead(conversationId: string, track: Track, head: number): void {
    track.head = Math.max(track.head, head);
    if (track.head > track.timeline.seen && !track.fetching) this.#wanted.add(conversationId);
  }

  // ------------------------------------------------------------ best effort

  marks(marks: pb.Marks): void {
    this.#emit("marks", { conversationId: marks.conversationId, marks: marksOf(marks) });
  }

  typing({ conversationId, userId, typing }: pb.Typing): void {
    this.#emit("typing", { conversationId, userId, typing });
  }

  presence(presence: pb.Presence): void {
    this.#emit("presence", presenceOf(presence));
  }

  profile(user: pb.User): void {
    this.#emit("profile", userOf(user));
  }

  emoji({ version }: pb.EmojiChanged): void {
    this.#emit("emoji", { version: Number(version) });
  }

  // ------------------------------------------------------------ what to ask for

  /** Take what to fetch now; each counts as asked for. */
  *wanted(): Generator<{ conversationId: string; after: number }> {
    for (const conversationId of this.#wanted) {
      if (this.#fetching >= FETCHES) return;
      this.#wanted.delete(conversationId);
      const track = this.tracks.get(conversationId);
      if (!track || track.fetching || track.head <= track.timeline.seen) continue;
      track.fetching = true;
      this.#fetching += 1;
      yield { conversationId, after: track.timeline.seen };
    }
  }

  /** Take the conversations whose state is only guessed; each counts as asked for. */
  doubted(): string[] {
    const all = [...this.#doubted];
    this.#doubted.clear();
    return all;
  }

  /** A state that was asked for did not come: it is in doubt still. */
  doubt(conversationId: string): void {
    if (this.tracks.has(conversationId)) this.#doubted.add(conversationId);
  }
}
