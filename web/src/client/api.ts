/**
 * What a program is given: one person's connection to one server.
 *
 * `Client` is an interface because it has two lives: `HubbubClient` holds the connection itself; `PortClient` speaks to
 * one that lives in a SharedWorker, so that several tabs share a connection, a store and an outbox.  Therefore every
 * argument, result and event is plain data that survives a structured clone.
 *
 * A program never sees a connection.  Commands wait in the outbox, entries come once and in order, requests wait for
 * the connection up to their deadline.
 */
import type { ErrorData } from "./errors";
import type {
  Accepted,
  Action,
  Body,
  Contact,
  Conversation,
  ConversationChange,
  Entry,
  EntryPage,
  File,
  Found,
  HistoryPage,
  Kind,
  Mark,
  Member,
  MemberAction,
  Message,
  Own,
  Page,
  Post,
  Presence,
  Reminder,
  Revision,
  Role,
  Scheduled,
  ServerInfo,
  SignIn,
  User,
} from "./models";

/**
 * Where a client stands.
 *
 * - `connecting`: it looks for the server, opens a connection, says hello.
 * - `resyncing`: connected; it learns what it missed.  Requests are served already.
 * - `online`: up to date; pushes are live.
 * - `waiting`: the connection was lost or refused; it tries again after a while, or when the network is back.
 * - `ended`: for good; `error` says why (`session_ended`: log in anew).  Nothing leads on from here.
 */
export type State = "connecting" | "resyncing" | "online" | "waiting" | "ended";

export interface Status {
  readonly state: State;
  /** Why it waits or ended. */
  readonly error: ErrorData | null;
  /** While it waits: when it tries again by itself, as `Date.now()`; 0 otherwise. */
  readonly retryAtMs: number;
}

/**
 * How far a message of one's own has come.  `waiting` and `failed` are the outbox's word (`Pending.state`); a stored one
 * is `sent`, `delivered` when a device of somebody has it, `read` when somebody saw it, as far as others let it be known.
 */
export type Sending = "waiting" | "failed" | "sent" | "delivered" | "read";

/** A command in the outbox: not stored yet, as far as is known. */
export interface Pending {
  readonly conversationId: string;
  readonly clientId: string;
  readonly action: Action;
  /** When it was given, by this machine's clock; for showing. */
  readonly madeMs: number;
  /** `waiting` will be sent by itself, now or later; `failed` was refused and waits for `retry` or `discard`. */
  readonly state: "waiting" | "failed";
  readonly error: ErrorData | null;
}

/** What a command is until its answer comes. */
export interface Submission {
  readonly conversationId: string;
  readonly clientId: string;
  /**
   * Settles with the outcome; rejects with a `HubbubError` for a final refusal.  However long that takes: over
   * reconnects it waits on, over restarts of the program only the outbox remembers.  Nobody has to await it.
   */
  readonly done: Promise<Accepted>;
}

export interface SendOptions {
  readonly replyTo?: number;
  readonly thread?: number;
  readonly alsoInConversation?: boolean;
  readonly mentions?: readonly string[];
  readonly mentionAll?: boolean;
  /** Files that were uploaded. */
  readonly files?: readonly File[];
  /** A UUID; chosen for you otherwise. */
  readonly clientId?: string;
}

/** A text, or a content of a program's own kind. */
export type Content = string | { readonly type: string; readonly json: string; readonly fallback: string };

export interface SearchOptions {
  readonly sender?: string;
  readonly place?: string;
  readonly before?: string;
  readonly after?: string;
  readonly has?: string;
  readonly cursor?: string;
  readonly limit?: number;
}

/** Everything one can hear of; `Events[K]` is what a listener for `K` is given. */
export interface Events {
  status: Status;
  /** An entry, once and in its conversation's order. */
  entry: Entry;
  /** A conversation appeared or changed: its settings, its last message, one's own counts, marks, role … */
  conversation: Conversation;
  /** A command was put into the outbox, failed, or is tried again. */
  pending: Pending;
  /** A command left the outbox: stored (`seq` > 0), or discarded (`seq` 0). */
  settled: { readonly conversationId: string; readonly clientId: string; readonly seq: number };
  marks: { readonly conversationId: string; readonly marks: readonly Mark[] };
  /** Somebody types, or stopped to; silence for 6 seconds is told as stopping. */
  typing: { readonly conversationId: string; readonly userId: string; readonly typing: boolean };
  presence: Presence;
  /** Somebody one watches, or oneself, is called or shown another way now. */
  profile: User;
  /** The place's own emoji are others; the list is read over HTTP. */
  emoji: { readonly version: number };
  /** "Was this you": a sign-in from a new device.  What came before one listened, `GET /api/v1/me/arrivals` lists. */
  signedIn: SignIn;
  /** What one keeps of somebody changed, on whichever device.  What was before is read over HTTP. */
  contact: Contact;
  /** A reminder is due, or was set, moved or taken away, on whichever device. */
  reminder: Reminder;
  /** What was cached of this conversation (empty: of all) is stale; load history again before showing it. */
  reset: { readonly conversationId: string; readonly reason: string };
}

export type Listener<K extends keyof Events> = (event: Events[K]) => void;

export interface Client {
  // ------------------------------------------------------------ life

  /** Load what is kept and begin to connect.  Resolves once what was kept is known; never waits for the network. */
  start(): Promise<void>;
  /** End for good, keeping what is kept. */
  close(): Promise<void>;
  /** Resolves once it is online.  Rejects with why it never will be, or `timeout`. */
  ready(timeoutMs?: number): Promise<void>;
  /** Resolves once every command that is in the outbox now is stored or refused.  Rejects with `timeout`. */
  flush(timeoutMs?: number): Promise<void>;
  /** End the login on the server and with it this client, and forget what is kept. */
  logOut(): Promise<void>;

  readonly status: Status;
  /** Empty until the first connection, or until `start` found it kept. */
  readonly userId: string;
  /** The server's time now, as well as it is known; for showing ages and due times. */
  serverNow(): number;
  /** Listen; what is returned stops that. */
  on<K extends keyof Events>(kind: K, listener: Listener<K>): () => void;

  /** The conversations this person is or was in, as of now. */
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** The outbox, in the order it was filled. */
  readonly outbox: readonly Pending[];

  /** A token for calls over HTTP (files, search …), fresh enough to be used now. */
  token(): Promise<string>;
  /** Call the HTTP interface with a token: JSON in, JSON out.  Rejects with `HubbubError`. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;

  // ------------------------------------------------------------ commands: through the outbox

  /** Put any command into the outbox.  Commands of one conversation are stored in the order they were given. */
  submit(conversationId: string, action: Action, options?: { clientId?: string; ordered?: boolean }): Submission;
  /** Try a failed command again, with what was lined up behind it. */
  retry(conversationId: string, clientId: string): void;
  /** Take a failed command out of the outbox. */
  discard(conversationId: string, clientId: string): void;

  send(conversationId: string, content: Content, options?: SendOptions): Submission;
  edit(
    conversationId: string,
    target: number,
    content: Content,
    options?: Pick<SendOptions, "mentions" | "mentionAll" | "files" | "clientId">,
  ): Submission;
  recall(conversationId: string, target: number): Submission;
  react(conversationId: string, target: number, emoji: string, set?: boolean): Submission;
  pin(conversationId: string, target: number, set?: boolean): Submission;
  changeMembers(
    conversationId: string,
    action: MemberAction,
    userIds: readonly string[],
    /** With the role `member`, `ownRole` is one of the conversation's own. */
    options?: { role?: Role; mutedUntilMs?: number; ownRole?: string },
  ): Submission;
  changeConversation(conversationId: string, change: Omit<ConversationChange, "kind">): Submission;
  dissolve(conversationId: string): Submission;

  // ------------------------------------------------------------ best effort

  /** Say that a person saw what is here up to `seq`; told within a second or two, merged, also after a reconnect. */
  saw(conversationId: string, seq: number): void;
  /** Show others that one is typing; repeat it while one does, as often as one likes: it is told every 3 seconds. */
  typing(conversationId: string, typing?: boolean): void;
  /** Say whose coming and going to hear of, instead of those named before; holds over reconnects. */
  watchPresence(userIds: readonly string[]): Promise<readonly Presence[]>;

  // ------------------------------------------------------------ requests: may be repeated, so they survive reconnects

  openDirect(userId: string): Promise<Conversation>;
  createConversation(
    kind: Kind,
    title: string,
    options?: { userIds?: readonly string[]; topic?: string; historyForNewcomers?: boolean; clientId?: string },
  ): Promise<Conversation>;
  join(conversationId: string): Promise<Conversation>;
  leave(conversationId: string): Promise<void>;
  /** One conversation afresh. */
  conversation(conversationId: string): Promise<Conversation>;
  channels(query?: string, cursor?: string, limit?: number): Promise<Page<Conversation>>;
  members(conversationId: string, cursor?: string, limit?: number): Promise<Page<Member>>;

  /** Messages in their current state; the newest page without a position. */
  history(
    conversationId: string,
    at?: { before?: number; after?: number; around?: number; thread?: number; limit?: number },
  ): Promise<HistoryPage>;
  /** What is kept on this machine of the newest page, for showing something before the network answers. */
  kept(conversationId: string): Promise<HistoryPage | null>;
  /** Entries as they were appended, oldest first. */
  entries(conversationId: string, after?: number, limit?: number): Promise<EntryPage>;
  /** The versions of a message, the original first. */
  edits(conversationId: string, target: number): Promise<readonly Revision[]>;
  /** Delete a message for oneself. */
  hide(conversationId: string, seq: number): Promise<void>;
  /** Raise one's marks, and wait until the server knows. */
  mark(conversationId: string, marks: { read?: number; delivered?: number }): Promise<void>;

  /**
   * Change what one keeps of a conversation for oneself; an absent field stays, a draft without text goes, and
   * `threadDraft` changes that of its thread alone.
   */
  setOwn(
    conversationId: string,
    change: Partial<Omit<Own, "draft" | "threadDrafts">> & {
      readonly draft?: { readonly text: string; readonly replyTo?: number };
      readonly threadDraft?: { readonly thread: number; readonly text: string; readonly replyTo?: number };
    },
  ): Promise<void>;
  /**
   * Find messages, people and conversations by words and filters such as `from:romeo`.  Filters may be given apart:
   * `sender` a username or `me`, `place` a title or an id, `before` and `after` dates, `has` is `file`.
   */
  search(query: string, options?: SearchOptions): Promise<Found>;

  schedule(conversationId: string, content: Content, dueMs: number, options?: SendOptions): Promise<string>;
  cancelScheduled(conversationId: string, clientId: string): Promise<void>;
  scheduled(cursor?: string, limit?: number): Promise<Page<Scheduled>>;

  /** Be reminded of a message at `dueMs`, on all devices; another time moves it. */
  remind(conversationId: string, seq: number, dueMs: number, note?: string): Promise<void>;
  /** Take a reminder away, whether it was due or not. */
  forgetReminder(conversationId: string, seq: number): Promise<void>;
  /** What one wants to be reminded of, soonest first; what is due comes before all others. */
  reminders(cursor?: string, limit?: number): Promise<Page<Reminder>>;

  users(userIds: readonly string[], usernames?: readonly string[]): Promise<readonly User[]>;
  findUsers(query?: string, cursor?: string, limit?: number): Promise<Page<User>>;
  online(cursor?: string, limit?: number): Promise<Page<Presence>>;
  serverInfo(): Promise<ServerInfo>;
}

/** What to show somebody who knows only text. */
export function shown(body: Body): string {
  return body.text || body.fallback;
}

// ---------------------------------------------------------------- an open conversation

/** One row of an open conversation, in the order to show. */
export type RoomItem =
  | {
      readonly type: "message";
      /** Stays the same from waiting to stored, so that a row does not blink when its answer comes. */
      readonly key: string;
      readonly message: Message;
      /** Of one's own messages; null for those of others. */
      readonly sending: Sending | null;
      /** An edit, reaction, recall or pin of this message waits for its answer, and is shown already. */
      readonly changing: boolean;
      /** A change of this message was refused; `retry` or `discard` it. */
      readonly failed: Pending | null;
    }
  | { readonly type: "line"; readonly key: string; readonly entry: Entry }
  /** One's own message that is not stored yet; always at the end. */
  | { readonly type: "pending"; readonly key: string; readonly pending: Pending; readonly post: Post };

/** What an open conversation shows now.  A new value with every change, sharing what did not change. */
export interface RoomView {
  readonly conversationId: string;
  /** One unbroken stretch of the conversation, oldest first, then what waits to be sent. */
  readonly items: readonly RoomItem[];
  /** What the stretch speaks for: a seq in it that has no item is withheld, or a change; null until there is a page. */
  readonly covers: { readonly from: number; readonly to: number } | null;
  readonly moreBefore: boolean;
  /** Whether the stretch ends before the newest message; what is sent waits behind it unseen. */
  readonly moreAfter: boolean;
  readonly loading: "newest" | "before" | "after" | "around" | null;
  /** What is shown was kept on this machine, or is being revalidated. */
  readonly unverified: boolean;
  /** Why the last loading failed. */
  readonly error: ErrorData | null;
  /** Ids of people who type. */
  readonly typing: readonly string[];
  /** How far the others are, by user id (conversations of up to 100 members). */
  readonly marks: ReadonlyMap<string, Mark>;
}

/**
 * A conversation that is being looked at: pages and live entries folded into one list.
 *
 * It works on any `Client`, keeps an unbroken stretch of messages, and says of each of one's own how far it came.
 */
export interface Room {
  /** Made when it is read: whoever draws only a few times a second has it made as often. */
  readonly view: RoomView;
  /** Hear that there is a new `view`; changes of one moment are told once. */
  onChange(listener: () => void): () => void;
  /** Show the newest messages. */
  newest(): Promise<void>;
  /** Show the messages around a seq: a reply's origin, a search hit, the first unread. */
  around(seq: number): Promise<void>;
  /** Add the page before, or after, what is shown.  Calls while one is loading are merged. */
  before(): Promise<void>;
  after(): Promise<void>;
  /** Drop far rows so that at most `limit` stay, keeping those nearest to `seq`; `before` and `after` bring them back. */
  trim(limit: number, seq: number): void;
  /** Delete a message for oneself: it is gone from here, and withheld from every later page. */
  hide(seq: number): Promise<void>;
  close(): void;
}
