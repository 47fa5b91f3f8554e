/**
 * A client of one server: it connects, stays connected, and keeps its promises while it is not.
 *
 * ```ts
 * const client = new HubbubClient({ server, login: new KeptLogin({ username, password }) });
 * await client.start();
 * client.on("entry", (entry) => …);
 * await client.send(conversationId, "Soft!").done;
 * ```
 */
import { toNumber, type ClientBody } from "../protocol/codec";
import type { Welcome } from "../protocol/hubbub_pb";
import type { Client, Events, Listener, Pending, Status, Submission } from "./api";
import { exponentialBackoff, type Backoff } from "./backoff";
import { Emitter } from "./emitter";
import { HubbubError } from "./errors";
import { Feed, HAVE_LIMIT, type Told, type Track } from "./feed";
import { Fetcher } from "./fetcher";
import { letGo } from "./fold";
import { HttpApi } from "./http";
import { newId } from "./ids";
import { Keeper } from "./keeper";
import type { Login } from "./login";
import type { Action, Conversation, Entry, HistoryPage, Presence } from "./models";
import type { ClientOptions } from "./options";
import { Outbox, pendingOf } from "./outbox";
import { Pages } from "./pages";
import { thisPlatform, type Platform, type Wake } from "./platform";
import { Requests } from "./requests";
import { Sending } from "./sending";
import type { Answer, ServerBody, ServerCase, Session } from "./session";
import { MemoryStore } from "./store";
import { conversationOf, presenceOf, signInOf } from "./translate";
import { Typists } from "./typing";
import { until } from "./until";
import { Upkeep } from "./upkeep";

export const VERSION = "0.1.0";

/** How often deadlines, heartbeats and what waits are looked at. */
const TICK_MS = 1_000;

/** How long to wait before asking for what a live push skipped: a gap usually closes by itself (protocol.md 8.6). */
const GAP_MS = 50;

/** Above this many members nobody is shown receipts. */
const RECEIPTS_LIMIT = 100;

export class HubbubClient extends Requests implements Client {
  readonly #platform: Platform;
  readonly #events: Emitter<Events>;
  readonly #http: HttpApi;
  readonly #login: Login;
  readonly #name: string;
  /** This run of the program, and how often it said hello. */
  readonly #run = newId();
  #attempt = 0;
  readonly #heartbeatMs: number;
  readonly #timeoutMs: number;
  readonly #tellsDelivered: boolean;
  readonly #backoff: Backoff;
  readonly #keeper: Keeper;
  readonly #feed: Feed;
  readonly #fetcher: Fetcher;
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;
  readonly #pages: Pages;
  readonly #typists: Typists;
  readonly #sending: Sending;
  readonly #conversations = new Map<string, Conversation>();
  #watched: readonly string[] = [];
  #started: Promise<void> | null = null;
  #closed = false;
  #stops: (() => void)[] = [];
  #stopTicking = (): void => undefined;
  #gapTimer = false;
  #serverAheadMs = 0;
  #userId = "";

  constructor(options: ClientOptions) {
    super();
    const platform = (this.#platform = options.platform ?? thisPlatform);
    this.#events = new Emitter<Events>((thrown) => platform.fault(thrown));
    this.#http = new HttpApi(options.server, { platform });
    this.#login = options.login;
    this.#name = options.name ?? `hubbub-typescript ${VERSION}`;
    this.#heartbeatMs = options.heartbeatMs ?? 0;
    this.#timeoutMs = options.requestTimeoutMs ?? 15_000;
    this.#tellsDelivered = options.receipts ?? true;
    this.#backoff = options.backoff ?? exponentialBackoff(() => platform.random());
    this.#keeper = new Keeper(options.store ?? new MemoryStore(), (commands) => this.#sending.written(commands), {
      fault: (thrown) => platform.fault(thrown),
      after: (ms, then) => platform.after(ms, then),
    });
    this.#feed = new Feed((kind, event) => this.#fed(kind, event), {
      since: options.since ?? "now",
      catchUpLimit: options.catchUpLimit ?? 0,
      me: () => this.#userId,
      changed: (_, track) => this.#held(track),
    });
    this.#fetcher = new Fetcher(
      this.#feed,
      () => this.#upkeep.session,
      this.#timeoutMs,
      () => this.#keepVersion(),
    );
    this.#outbox = new Outbox(
      {
        changed: (command) => {
          this.#keeper.command(command);
          this.#events.emit("pending", pendingOf(command));
        },
        gone: (command, seq) => {
          this.#keeper.gone(command);
          const { conversationId, clientId } = command;
          this.#events.emit("settled", { conversationId, clientId, seq });
        },
      },
      options.outboxLimit ?? 10_000,
    );
    this.#sending = new Sending({
      platform,
      outbox: this.#outbox,
      backoff: this.#backoff,
      timeoutMs: this.#timeoutMs,
      session: () => this.#upkeep.session,
      durable: () => this.#keeper.durable,
    });
    this.#pages = new Pages((page) => this.#keeper.newest(page));
    this.#typists = new Typists(platform, (event) => this.#events.emit("typing", event));
    this.#upkeep = new Upkeep(
      {
        hello: (token) => this.#hello(token),
        welcomed: (welcome) => this.#welcomed(welcome),
        pushed: (body) => this.#pushed(body),
        begin: (session) => this.#begin(session),
        catchUp: (session) => this.#fetcher.finished(session),
        disconnected: () => this.#disconnected(),
        became: (status) => this.#became(status),
      },
      {
        platform,
        http: this.#http,
        login: this.#login,
        backoff: this.#backoff,
        address: options.address ?? "",
        helloTimeoutMs: this.#timeoutMs,
      },
    );
  }

  // ------------------------------------------------------------ life

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    const kept = await this.#keeper.load();
    if (this.#closed) return;
    if (kept?.userId) {
      this.#userId = kept.userId;
      if (kept.epoch) this.#feed.restore(kept.epoch, kept.userVersion, kept.conversations);
      this.#sending.restore(kept.commands);
      for (const command of kept.commands) this.#events.emit("pending", pendingOf(command));
    }
    this.#stops.push(this.#platform.onWake((why) => this.wake(why)));
    const tick = (): void => {
      this.#stopTicking = this.#platform.after(TICK_MS, tick);
      this.#tick();
    };
    this.#stopTicking = this.#platform.after(TICK_MS, tick);
    this.#upkeep.run().catch((thrown: unknown) => {
      this.#platform.fault(thrown);
      this.#upkeep.finish(HubbubError.from(thrown));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sending.tellReceipts();
    this.#upkeep.finish(new HubbubError("closed", "The client was closed."));
    await this.#started;
    await this.#keeper.close();
  }

  async ready(timeoutMs = 30_000): Promise<void> {
    const late = new HubbubError("timeout", `No connection within ${timeoutMs} ms.`);
    const online = (): boolean => {
      if (this.#upkeep.end) throw this.#upkeep.end;
      return this.status.state === "online";
    };
    await until(["status"], online, this.#by(timeoutMs, late));
  }

  async flush(timeoutMs = 30_000): Promise<void> {
    const mine = new Set(this.outbox.filter((one) => one.state === "waiting").map((one) => one.clientId));
    const late = new HubbubError("timeout", "Some commands have no answer yet.");
    const answered = (): boolean => {
      if (this.#upkeep.end && !this.#closed) throw this.#upkeep.end;
      return !this.outbox.some((one) => one.state === "waiting" && mine.has(one.clientId));
    };
    await until(["settled", "status"], answered, this.#by(timeoutMs, late));
  }

  async logOut(): Promise<void> {
    try {
      await this.ask("done", { case: "logout", value: {} });
    } catch (thrown) {
      // Whoever logs out is logged out here, whether the server can hear of it or not.
      if (!HubbubError.from(thrown).is("timeout", "unreachable", "session_ended")) throw thrown;
    }
    this.#upkeep.finish(new HubbubError("session_ended"));
    this.#keeper.erase();
    await this.#keeper.flush();
    await this.#login.forget();
  }

  /** Word of the network, or that somebody looks again, for those whose platform cannot tell (a worker). */
  wake(why: Wake): void {
    if (why === "offline") this.#upkeep.session?.probe();
    else this.#upkeep.wake();
  }

  get status(): Status {
    return this.#upkeep.status;
  }

  get userId(): string {
    return this.#userId;
  }

  serverNow(): number {
    return this.#platform.now() + this.#serverAheadMs;
  }

  on<K extends keyof Events>(kind: K, listener: Listener<K>): () => void {
    return this.#events.on(kind, listener);
  }

  get conversations(): ReadonlyMap<string, Conversation> {
    return this.#conversations;
  }

  get outbox(): readonly Pending[] {
    return this.#outbox.commands().map(pendingOf);
  }

  token(): Promise<string> {
    return this.#login.token(this.#http, this.#platform.now());
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const token = await this.token();
    const json = body === undefined ? {} : { json: body };
    try {
      return await this.#http.call<T>(method, path, { token, ...json });
    } catch (thrown) {
      if (!HubbubError.from(thrown).is("token_expired", "bad_token")) throw thrown;
      const fresh = await this.#login.renew(this.#http, token, this.#platform.now());
      return this.#http.call<T>(method, path, { token: fresh, ...json });
    }
  }

  // ------------------------------------------------------------ commands

  override submit = (
    conversationId: string,
    action: Action,
    options: { clientId?: string; ordered?: boolean } = {},
  ): Submission => {
    if (action.kind === "message") this.typing(conversationId, false);
    return this.#sending.submit(conversationId, action, options, this.#upkeep.end);
  };

  retry(conversationId: string, clientId: string): void {
    this.#outbox.retry(conversationId, clientId, !this.#keeper.durable);
    this.#sending.pump(conversationId);
  }

  discard(conversationId: string, clientId: string): void {
    this.#outbox.discard(conversationId, clientId);
  }

  // ------------------------------------------------------------ best effort

  saw(conversationId: string, seq: number): void {
    const read = this.#conversations.get(conversationId)?.readSeq ?? 0;
    if (seq <= read) return;
    this.#feed.saw(conversationId, seq);
    this.#sending.receipts.note(conversationId, { read: seq });
  }

  typing(conversationId: string, typing = true): void {
    const session = this.#upkeep.session;
    if (!session || !this.#typists.tells(conversationId, typing)) return;
    session.tell({ case: "setTyping", value: { conversationId, typing } });
  }

  async watchPresence(userIds: readonly string[]): Promise<readonly Presence[]> {
    this.#watched = [...userIds];
    const page = await this.ask("presencePage", { case: "watchPresence", value: { userIds: [...userIds] } });
    return page.presences.map(presenceOf);
  }

  async kept(conversationId: string): Promise<HistoryPage | null> {
    const page = this.#pages.get(conversationId) ?? (await this.#keeper.page(conversationId));
    return page && letGo(page, this.#conversations.get(conversationId)?.keptFrom ?? 0);
  }

  /** Send a request that may safely be repeated, and is when the connection is lost under it, until its deadline. */
  protected async ask<C extends ServerCase>(expected: C, body: ClientBody): Promise<Answer<C>> {
    const deadline = this.#platform.monotonic() + this.#timeoutMs;
    for (;;) {
      const session = await this.#upkeep.opened(deadline);
      const leftMs = Math.max(1, deadline - this.#platform.monotonic());
      try {
        return await session.ask(expected, body, leftMs);
      } catch (thrown) {
        if (!session.ended) throw thrown;
      }
    }
  }

  protected learn(state: Answer<"conversation">, asked = false): Conversation {
    const known = asked ? this.#feed.tracks.has(state.conversationId) : this.#feed.based;
    return known ? this.#feed.state(state, asked) : conversationOf(state);
  }

  protected read(page: HistoryPage, newest: boolean): void {
    if (newest) this.#pages.keep(page);
  }

  // ------------------------------------------------------------ the connection's owner

  #hello(token: string): ClientBody {
    this.#attempt += 1;
    const program = { client: this.#name, run: this.#run, attempt: this.#attempt };
    const value = { protocol: 1, token, heartbeatMs: this.#heartbeatMs, ...program };
    if (!this.#feed.based) return { case: "hello", value };
    const { epoch, version } = this.#feed;
    return {
      case: "hello",
      value: { ...value, resume: { epoch, userVersion: BigInt(version), have: this.#feed.have() } },
    };
  }

  #welcomed(welcome: Welcome): void {
    if (this.#userId && welcome.userId !== this.#userId) {
      // The store was another person's: their commands and positions are not ours to use.
      this.#outbox.clear(new HubbubError("closed", "The store belonged to somebody else."));
      this.#keeper.owner(welcome.userId, true);
      this.#sending.receipts.clear();
      this.#feed.forget("", "another person");
    } else if (!this.#userId) {
      this.#keeper.owner(welcome.userId, false);
    }
    this.#userId = welcome.userId;
    this.#serverAheadMs = toNumber(welcome.serverTimeMs) - this.#platform.now();
    this.#reset(welcome.epoch, "epoch");
    if (!this.#feed.based) this.#feed.version = toNumber(welcome.userVersion);
  }

  #pushed(body: ServerBody): void {
    switch (body.case) {
      case "entries":
        this.#feed.page(body.value);
        break;
      case "userChanged":
        this.#feed.userState(body.value);
        this.#keepVersion();
        break;
      case "marks":
        this.#feed.marks(body.value);
        break;
      case "heads":
        this.#feed.heads(body.value);
        break;
      case "typing":
        this.#feed.typing(body.value);
        break;
      case "presence":
        this.#feed.presence(body.value);
        break;
      case "profileChanged":
        this.#feed.profile(body.value);
        break;
      case "signedIn":
        this.#events.emit("signedIn", signInOf(body.value));
        break;
      case "emojiChanged":
        this.#feed.emoji(body.value);
        break;
      case "resync":
        this.#feed.rowsMissing = true;
        break;
      case "reset":
        this.#resetNow(body.value.epoch, body.value.reason);
        break;
      default:
        break;
    }
    if (this.#feed.hungry && !this.#gapTimer) {
      this.#gapTimer = true;
      this.#platform.after(GAP_MS, () => {
        this.#gapTimer = false;
        this.#fetcher.pump();
      });
    }
  }

  async #begin(session: Session): Promise<void> {
    if (!this.#feed.based || this.#feed.tracks.size > HAVE_LIMIT) await this.#list(session);
    this.#sending.begin();
    if (this.#watched.length) this.#watchAgain(session);
    this.#fetcher.pump();
  }

  async #list(session: Session): Promise<void> {
    let cursor = "";
    do {
      const wish: ClientBody = { case: "listConversations", value: { cursor } };
      const page = await session.ask("conversationPage", wish, this.#timeoutMs);
      for (const state of page.conversations) this.#feed.state(state);
      cursor = page.nextCursor;
    } while (cursor);
    this.#feed.based = true;
    this.#keepVersion();
  }

  #disconnected(): void {
    this.#sending.stop();
    this.#fetcher.disconnected();
  }

  #became(status: Status): void {
    if (status.state === "ended") {
      for (const stop of this.#stops) stop();
      this.#stops = [];
      this.#stopTicking();
      this.#typists.close();
      this.#outbox.abandon(this.#upkeep.end ?? new HubbubError("closed"));
    }
    this.#events.emit("status", status);
  }

  #tick(): void {
    this.#upkeep.tick();
    this.#sending.pump();
    this.#fetcher.pump();
    this.#sending.tellReceipts();
  }

  // ------------------------------------------------------------ what the feed tells

  #fed<K extends Told>(kind: K, event: Events[K]): void {
    switch (kind) {
      case "entry":
        this.#entry(event as Entry);
        return;
      case "conversation":
        this.#conversations.set((event as Conversation).id, event as Conversation);
        break;
      case "typing":
        this.#typists.heard(event as Events["typing"]);
        return;
      case "reset": {
        const { conversationId } = event as Events["reset"];
        this.#pages.drop(conversationId);
        if (!conversationId) this.#conversations.clear();
        break;
      }
      default:
        break;
    }
    this.#events.emit(kind, event);
  }

  #entry(entry: Entry): void {
    const { conversationId, clientId, seq, timeMs, senderId } = entry;
    // One's own, though its answer may be lost or late (protocol.md 6.10).
    if (senderId === this.#userId) this.#outbox.accepted({ conversationId, clientId, seq, timeMs, repeated: false });
    else if (entry.action.kind === "message") this.#typists.spoke(conversationId, senderId);
    this.#pages.fold(entry, this.#userId);
    if (this.#tellsDelivered && senderId !== this.#userId && this.#showsReceipts(conversationId)) {
      this.#sending.receipts.note(conversationId, { delivered: seq });
    }
    this.#events.emit("entry", entry);
  }

  #showsReceipts(conversationId: string): boolean {
    const held = this.#conversations.get(conversationId);
    return (
      held !== undefined && (held.kind === "direct" || held.kind === "group") && held.memberCount <= RECEIPTS_LIMIT
    );
  }

  #reset(epoch: string, reason: string): void {
    if (epoch === this.#feed.epoch) return;
    if (this.#feed.based) {
      this.#feed.forget(epoch, reason);
      this.#keeper.forget();
    }
    this.#feed.epoch = epoch;
  }

  /** Begin as if nothing were held, on the same connection if the epoch is the same (protocol.md 9.6). */
  #resetNow(epoch: string, reason: string): void {
    if (epoch !== this.#feed.epoch) {
      this.#reset(epoch, reason);
      return;
    }
    const session = this.#upkeep.session;
    if (!this.#feed.based || !session) return;
    this.#feed.forget(epoch, reason);
    this.#keeper.forget();
    this.#list(session).then(
      () => this.#fetcher.pump(),
      (thrown: unknown) => session.close(HubbubError.from(thrown)),
    );
  }

  // ------------------------------------------------------------ sending what waits

  #watchAgain(session: Session): void {
    const wish: ClientBody = { case: "watchPresence", value: { userIds: [...this.#watched] } };
    session.request(wish, this.#timeoutMs, (answer) => {
      if (answer instanceof HubbubError || answer.case !== "presencePage") return;
      for (const presence of answer.value.presences) this.#feed.presence(presence);
    });
  }

  // ------------------------------------------------------------ keeping

  /** A conversation is new, has changed, or was read on: keep it with how far it was told of. */
  #held(track: Track): void {
    if (track.conversation) this.#keeper.held(track.conversation, track.timeline.seen);
  }

  #keepVersion(): void {
    if (this.#feed.based) this.#keeper.version(this.#feed.epoch, this.#feed.version);
  }

  #by(timeoutMs: number, late: HubbubError): Parameters<typeof until>[2] {
    return { client: this, after: (ms, then) => this.#platform.after(ms, then), timeoutMs, late };
  }
}
