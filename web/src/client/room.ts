/**
 * A conversation that is being looked at: pages and live entries folded into one unbroken list.
 *
 * It works on any `Client` and knows nothing of connections.  Pages may have been read at different moments, so every
 * row remembers what it is as of, and an entry changes only rows that are older (protocol.md 10.6).  What was kept on
 * this machine is shown at once, marked unverified, and never folded into.
 */
import type { Client, Pending, Room, RoomItem, RoomView, Sending } from "./api";
import { HubbubError, type ErrorData } from "./errors";
import { foldMessage, itemOf, keptFrom, letGo } from "./fold";
import type { Action, Entry, HistoryItem, HistoryPage, Mark, Message, Post } from "./models";

/** Above this many members nobody is shown receipts (protocol.md 14.7). */
const MARKS_LIMIT = 100;

/** A row of the list, and the seq it is as of. */
interface Row {
  readonly seq: number;
  readonly item: HistoryItem;
  readonly asOf: number;
}

/** The unbroken stretch that is held. */
interface Stretch {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly rows: readonly Row[];
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

/** A command of one's own that is stored, and whose entry has not been told yet. */
interface Landed {
  readonly pending: Pending;
  readonly seq: number;
}

type Loading = NonNullable<RoomView["loading"]>;

/** Look at a conversation, or at one thread of it.  It shows what is kept and loads the newest messages by itself. */
export function openRoom(client: Client, conversationId: string, options: { thread?: number } = {}): Room {
  const room = new OpenRoom(client, conversationId, options.thread ?? 0);
  room.begin();
  return room;
}

class OpenRoom implements Room {
  readonly #client: Client;
  readonly #id: string;
  readonly #thread: number;
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  readonly #marks = new Map<string, Mark>();
  readonly #typing = new Set<string>();
  readonly #outbox = new Map<string, Pending>();
  readonly #landed = new Map<string, Landed>();
  readonly #shown = new WeakMap<Message, Extract<RoomItem, { type: "message" }>>();
  #stretch: Stretch | null = null;
  #unverified = false;
  #loading: { readonly what: Loading; readonly done: Promise<void> } | null = null;
  /** Entries that came while a page was on its way: the page may have been read before them. */
  #during: Entry[] = [];
  /** The highest seq that was told of. */
  #told = 0;
  #error: ErrorData | null = null;
  #generation = 0;
  #publishing = false;
  #closed = false;
  #view: RoomView | null = null;

  constructor(client: Client, conversationId: string, thread: number) {
    this.#client = client;
    this.#id = conversationId;
    this.#thread = thread;
    for (const pending of client.outbox) {
      if (pending.conversationId === conversationId) this.#outbox.set(pending.clientId, pending);
    }
    this.#stops.push(
      client.on("entry", (entry) => this.#entry(entry)),
      client.on("pending", (pending) => this.#pending(pending)),
      client.on("settled", (settled) => this.#settled(settled)),
      client.on("marks", (event) => {
        if (event.conversationId === this.#id) this.#raise(event.marks);
      }),
      client.on("typing", ({ conversationId: id, userId, typing }) => {
        if (id !== this.#id || userId === client.userId) return;
        if (typing) this.#typing.add(userId);
        else this.#typing.delete(userId);
        this.#publish();
      }),
      client.on("reset", ({ conversationId: id }) => {
        if (id === "" || id === this.#id) this.#stale(id === "");
      }),
      client.on("status", ({ state }) => {
        if (state === "online" && !this.#loading && (this.#unverified || !this.#stretch)) this.#again(false);
      }),
    );
  }

  get view(): RoomView {
    return (this.#view ??= this.#build());
  }

  /** Show what is kept, then the newest messages. */
  begin(): void {
    void this.#showKept();
    this.newest().catch(() => undefined);
    this.#loadMarks().catch(() => undefined);
  }

  onChange(listener: () => void): () => void {
    const one = (): void => listener();
    this.#listeners.add(one);
    return () => void this.#listeners.delete(one);
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  // ------------------------------------------------------------ loading

  async newest(): Promise<void> {
    if (this.#stretch && !this.#stretch.moreAfter && !this.#unverified) return;
    await this.#load("newest", {}, (page) => this.#replace(page));
  }

  async around(seq: number): Promise<void> {
    const held = this.#stretch;
    if (held && !this.#unverified && seq >= held.fromSeq && seq <= held.toSeq) return;
    await this.#load("around", { around: seq }, (page) => this.#replace(page));
  }

  async before(): Promise<void> {
    const held = this.#stretch;
    if (!held?.moreBefore || this.#unverified) return;
    await this.#load("before", { before: held.fromSeq }, (page) => {
      const now = this.#stretch;
      if (now?.fromSeq !== held.fromSeq) return;
      const rows = [...this.#rowsOf(page).filter((row) => row.seq < now.fromSeq), ...now.rows];
      this.#stretch = { ...now, fromSeq: Math.min(page.fromSeq, now.fromSeq), rows, moreBefore: page.moreBefore };
    });
  }

  async after(): Promise<void> {
    const held = this.#stretch;
    if (!held?.moreAfter || this.#unverified) return;
    await this.#load("after", { after: held.toSeq }, (page) => {
      const now = this.#stretch;
      if (now?.toSeq !== held.toSeq) return;
      const rows = [...now.rows, ...this.#rowsOf(page).filter((row) => row.seq > now.toSeq)];
      this.#stretch = { ...now, toSeq: Math.max(page.toSeq, now.toSeq), rows, moreAfter: page.moreAfter };
      if (!page.moreAfter) this.#catchUp(page.asOf);
    });
  }

  trim(limit: number, seq: number): void {
    const held = this.#stretch;
    if (!held || held.rows.length <= limit || this.#unverified || this.#loading) return;
    const near = Math.max(0, firstAbove(held.rows, seq) - 1);
    const start = Math.min(Math.max(0, near - (limit >> 1)), held.rows.length - limit);
    const rows = held.rows.slice(start, start + limit);
    const first = rows[0];
    const last = rows.at(-1);
    if (!first || !last) return;
    const cutAfter = start + limit < held.rows.length;
    this.#stretch = {
      rows,
      fromSeq: start > 0 ? first.seq : held.fromSeq,
      toSeq: cutAfter ? last.seq : held.toSeq,
      moreBefore: held.moreBefore || start > 0,
      moreAfter: held.moreAfter || cutAfter,
    };
    this.#publish();
  }

  async hide(seq: number): Promise<void> {
    await this.#client.hide(this.#id, seq);
    if (!this.#stretch) return;
    this.#stretch = { ...this.#stretch, rows: this.#stretch.rows.filter((row) => row.seq !== seq) };
    this.#publish();
  }

  /** Load one page at a time; the same wish again joins the first, another one waits for it. */
  async #load(
    what: Loading,
    at: { before?: number; after?: number; around?: number },
    take: (page: HistoryPage) => void,
  ): Promise<void> {
    const under = this.#loading;
    if (under && under.what === what && what !== "around") return under.done;
    const generation = what === "newest" || what === "around" ? ++this.#generation : this.#generation;
    if (under) await under.done.catch(() => undefined);
    // A jump that was asked for meanwhile makes this one pointless.
    if (generation !== this.#generation || this.#isClosed()) return;
    const work = async (): Promise<void> => {
      try {
        this.#during = [];
        const page = await this.#client.history(this.#id, { ...at, thread: this.#thread });
        if (generation !== this.#generation || this.#isClosed()) return;
        this.#error = null;
        take(page);
      } catch (thrown) {
        const error = HubbubError.from(thrown);
        if (generation === this.#generation) this.#error = error.toData();
        throw error;
      } finally {
        this.#during = [];
        this.#loading = null;
        this.#publish();
      }
    };
    const done = work();
    this.#loading = { what, done };
    this.#publish();
    await done;
  }

  #replace(page: HistoryPage): void {
    const { fromSeq, toSeq, moreBefore, moreAfter } = page;
    this.#stretch = { fromSeq, toSeq, rows: this.#rowsOf(page), moreBefore, moreAfter };
    this.#unverified = false;
    if (!moreAfter) this.#catchUp(page.asOf);
  }

  /** The rows of a page, with what came while it was on its way. */
  #rowsOf(page: HistoryPage): Row[] {
    const since = Math.max(0, ...this.#during.map(keptFrom));
    return letGo(page, since).items.map((item) => {
      let row: Row = { seq: seqOf(item), item, asOf: page.asOf };
      for (const entry of this.#during) row = this.#foldRow(row, entry);
      return row;
    });
  }

  /** Add what came while the newest page was on its way. */
  #catchUp(asOf: number): void {
    for (const entry of this.#during) if (entry.seq > asOf) this.#append(entry);
    this.#land(asOf);
  }

  async #showKept(): Promise<void> {
    if (this.#thread) return;
    const page = await this.#client.kept(this.#id).catch(() => null);
    if (!page || this.#stretch || this.#isClosed()) return;
    this.#replaceUnverified(page);
  }

  #replaceUnverified(page: HistoryPage): void {
    this.#replace(page);
    this.#unverified = true;
    this.#publish();
  }

  /** What is held may be wrong: load it again, where one is, or at the end when its numbers mean nothing any more. */
  #stale(everything: boolean): void {
    this.#unverified = true;
    this.#publish();
    this.#again(everything);
  }

  #again(everything: boolean): void {
    const held = this.#stretch;
    const middle = held?.rows[held.rows.length >> 1]?.seq ?? 0;
    const again = everything || !held?.moreAfter ? this.newest() : this.around(middle);
    again.catch(() => undefined);
  }

  // ------------------------------------------------------------ what comes

  #entry(entry: Entry): void {
    if (entry.conversationId !== this.#id) return;
    this.#told = Math.max(this.#told, entry.seq);
    this.#land(entry.seq);
    if (this.#loading) this.#during.push(entry);
    const held = this.#stretch;
    if (held && !this.#unverified) {
      this.#foldInto(held, entry);
      if (!held.moreAfter) this.#append(entry);
    }
    this.#letGo(keptFrom(entry));
    this.#publish();
  }

  #foldInto(held: Stretch, entry: Entry): void {
    const target = targetOf(entry.action);
    if (!target) return;
    const at = firstAbove(held.rows, target) - 1;
    const row = held.rows[at];
    if (row?.seq !== target) return;
    const after = this.#foldRow(row, entry);
    if (after === row) return;
    const rows = held.rows.slice();
    rows[at] = after;
    this.#stretch = { ...held, rows };
  }

  #foldRow(row: Row, entry: Entry): Row {
    if (entry.seq <= row.asOf || row.item.type !== "message") return row;
    const { value, again } = foldMessage(row.item.message, entry, this.#client.userId);
    if (again) void this.#askAgain(row.seq);
    if (value === row.item.message) return row;
    return { seq: row.seq, item: { type: "message", message: value }, asOf: entry.seq };
  }

  /** Drop what the conversation does not keep any more: everything below a seq. */
  #letGo(since: number): void {
    const held = this.#stretch;
    if (!held || !since) return;
    const rows = held.rows.filter((row) => row.seq >= since);
    this.#stretch = { ...held, rows, moreBefore: held.moreBefore && held.fromSeq > since };
  }

  #append(entry: Entry): void {
    const held = this.#stretch;
    if (!held || entry.seq <= held.toSeq) return;
    const item = itemOf(entry, this.#thread);
    const rows = item ? [...held.rows, { seq: entry.seq, item, asOf: entry.seq }] : held.rows;
    this.#stretch = { ...held, toSeq: entry.seq, rows };
  }

  /** Fetch one message whose reactions cannot be known from here. */
  async #askAgain(seq: number): Promise<void> {
    const page = await this.#client.history(this.#id, { around: seq, limit: 1 }).catch(() => null);
    const item = page?.items.find((one) => seqOf(one) === seq);
    const held = this.#stretch;
    if (!page || !item || !held || this.#isClosed()) return;
    const rows = held.rows.map((row) =>
      row.seq === seq && row.asOf <= page.asOf ? { seq, item, asOf: page.asOf } : row,
    );
    this.#stretch = { ...held, rows };
    this.#publish();
  }

  // ------------------------------------------------------------ what waits to be sent

  #pending(pending: Pending): void {
    if (pending.conversationId !== this.#id) return;
    this.#outbox.set(pending.clientId, pending);
    this.#publish();
  }

  #settled({ conversationId, clientId, seq }: { conversationId: string; clientId: string; seq: number }): void {
    if (conversationId !== this.#id) return;
    const pending = this.#outbox.get(clientId);
    this.#outbox.delete(clientId);
    // Its entry may come a little later than its answer: until then it stays where it is.
    if (pending && seq > this.#told && !this.#stretch?.moreAfter) this.#landed.set(clientId, { pending, seq });
    this.#publish();
  }

  /** Entries up to `seq` are known: what was stored there is shown from the log. */
  #land(seq: number): void {
    for (const [clientId, landed] of this.#landed) if (landed.seq <= seq) this.#landed.delete(clientId);
  }

  // ------------------------------------------------------------ how far others are

  async #loadMarks(): Promise<void> {
    const conversation = this.#client.conversations.get(this.#id);
    const shows = conversation && (conversation.kind === "direct" || conversation.kind === "group");
    if (!shows || conversation.memberCount > MARKS_LIMIT || conversation.state !== "joined") return;
    let cursor = "";
    do {
      const page = await this.#client.members(this.#id, cursor, MARKS_LIMIT);
      this.#raise(page.items);
      cursor = page.nextCursor;
    } while (cursor && !this.#isClosed());
  }

  #raise(marks: readonly Mark[]): void {
    for (const { userId, readSeq, deliveredSeq } of marks) {
      if (userId === this.#client.userId) continue;
      const old = this.#marks.get(userId);
      this.#marks.set(userId, {
        userId,
        readSeq: Math.max(readSeq, old?.readSeq ?? 0),
        deliveredSeq: Math.max(deliveredSeq, readSeq, old?.deliveredSeq ?? 0),
      });
    }
    this.#publish();
  }

  /** How far a stored message of one's own has come: with others, the first of them counts. */
  #sendingOf(seq: number): Sending {
    let sending: Sending = "sent";
    for (const mark of this.#marks.values()) {
      if (mark.readSeq >= seq) return "read";
      if (mark.deliveredSeq >= seq) sending = "delivered";
    }
    return sending;
  }

  // ------------------------------------------------------------ what is shown

  #publish(): void {
    this.#view = null;
    if (this.#publishing || this.#closed) return;
    this.#publishing = true;
    queueMicrotask(() => {
      this.#publishing = false;
      if (this.#isClosed()) return;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #build(): RoomView {
    const held = this.#stretch;
    const items: RoomItem[] = [];
    const changes = this.#changes();
    for (const { seq, item } of held?.rows ?? []) {
      if (item.type === "line") items.push({ type: "line", key: `${seq}`, entry: item.entry });
      else if (this.#thread || isInConversation(item.message.post))
        items.push(this.#show(item.message, changes.get(seq)));
    }
    if (held?.moreAfter !== true) items.push(...this.#waiting(held?.toSeq ?? 0));
    return {
      conversationId: this.#id,
      items,
      covers: held && { from: held.fromSeq, to: held.toSeq },
      moreBefore: held?.moreBefore ?? false,
      moreAfter: held?.moreAfter ?? false,
      loading: this.#loading?.what ?? null,
      unverified: this.#unverified,
      error: this.#error,
      typing: [...this.#typing],
      marks: new Map(this.#marks),
    };
  }

  /** One's own messages that are not in the log yet, as far as is known. */
  *#waiting(toSeq: number): Generator<RoomItem> {
    const me = this.#client.userId;
    for (const { pending, seq } of this.#landed.values()) {
      if (pending.action.kind !== "message" || seq <= toSeq || !this.#belongs(pending.action)) continue;
      const { conversationId, clientId, madeMs, action } = pending;
      const entry = { conversationId, clientId, seq, timeMs: madeMs, senderId: me, action };
      const item = itemOf(entry, this.#thread);
      if (item?.type === "message") yield this.#show(item.message, undefined);
    }
    for (const pending of this.#outbox.values()) {
      if (pending.action.kind !== "message" || !this.#belongs(pending.action)) continue;
      yield { type: "pending", key: pending.clientId, pending, post: pending.action };
    }
  }

  #belongs(post: Post): boolean {
    return this.#thread ? post.thread === this.#thread : isInConversation(post);
  }

  /** Changes of messages that wait for their answer, by the message's seq, in their order. */
  #changes(): Map<number, Pending[]> {
    const changes = new Map<number, Pending[]>();
    const landed = [...this.#landed.values()].map((one) => one.pending);
    for (const pending of [...landed, ...this.#outbox.values()]) {
      const target = pending.action.kind === "message" ? 0 : targetOf(pending.action);
      if (target) changes.set(target, [...(changes.get(target) ?? []), pending]);
    }
    return changes;
  }

  #show(message: Message, changes: readonly Pending[] | undefined): RoomItem {
    const me = this.#client.userId;
    const own = message.senderId === me;
    const sending = own ? this.#sendingOf(message.seq) : null;
    const failed = changes?.find((one) => one.state === "failed") ?? null;
    const waiting = changes?.filter((one) => one.state === "waiting") ?? [];
    const before = this.#shown.get(message);
    const calm = waiting.length === 0 && failed === null;
    if (calm && before?.sending === sending && !before.changing && before.failed === null) return before;
    let shown = message;
    for (const { action, clientId, madeMs } of waiting) {
      const { conversationId } = message;
      const entry = { conversationId, clientId, seq: Infinity, timeMs: madeMs, senderId: me, action };
      shown = foldMessage(shown, entry, me).value;
    }
    const key = own && message.clientId ? message.clientId : `${message.seq}`;
    const item = { type: "message", key, message: shown, sending, changing: waiting.length > 0, failed } as const;
    if (calm) this.#shown.set(message, item);
    return item;
  }

  #isClosed(): boolean {
    return this.#closed;
  }
}

function seqOf(item: HistoryItem): number {
  return item.type === "message" ? item.message.seq : item.entry.seq;
}

/** The seq of the message that an action changes; 0 for none. */
function targetOf(action: Action): number {
  switch (action.kind) {
    case "message":
      return action.thread;
    case "edit":
    case "recall":
    case "reaction":
    case "pin":
      return action.target;
    default:
      return 0;
  }
}

function isInConversation(post: Post): boolean {
  return post.thread === 0 || post.alsoInConversation;
}

/** The index of the first row whose seq is above `seq`. */
function firstAbove(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
