/**
 * A client that lives elsewhere: in another tab, or in a SharedWorker.
 *
 * `Host` serves one client over any number of ports; `PortClient` is a `Client` over one of them.  What crosses is plain
 * data.  A host may die with its tab: the next one is attached to the same `PortClient`, which says `reset`, gives again
 * what had no answer (requests may be repeated, and commands keep their names), and tells no entry twice.
 */
import type { Client, Events, Listener, Pending, Status, Submission } from "./api";
import { Commands } from "./commands";
import { Emitter, type Fault } from "./emitter";
import { HubbubError, type ErrorData } from "./errors";
import { newId } from "./ids";
import type { Accepted, Action, Conversation, Presence } from "./models";
import type { Wake } from "./platform";

/** One end of something that carries plain values both ways, in order. */
export interface Port {
  post(message: unknown): void;
  /** Called with what the other end posts; set once. */
  onMessage: ((message: unknown) => void) | null;
  close(): void;
}

/** A `MessagePort`, as SharedWorkers give them out. */
export function portOf(port: MessagePort): Port {
  const one: Port = { post: (message) => port.postMessage(message), onMessage: null, close: () => port.close() };
  port.onmessage = (event: MessageEvent<unknown>) => one.onMessage?.(event.data);
  return one;
}

/** Methods that are carried as they are, and answered. */
const ASKED = [
  "ready",
  "flush",
  "logOut",
  "token",
  "call",
  "openDirect",
  "createConversation",
  "join",
  "leave",
  "conversation",
  "channels",
  "members",
  "history",
  "kept",
  "entries",
  "edits",
  "hide",
  "mark",
  "setOwn",
  "search",
  "schedule",
  "cancelScheduled",
  "scheduled",
  "remind",
  "forgetReminder",
  "reminders",
  "users",
  "findUsers",
  "online",
  "serverInfo",
] as const satisfies readonly (keyof Client)[];

type Asked = (typeof ASKED)[number];
/** Methods that are carried as they are, without an answer. */
type Told = "retry" | "discard" | "saw" | "typing";

const EVENTS = [
  "status",
  "entry",
  "conversation",
  "pending",
  "settled",
  "marks",
  "typing",
  "presence",
  "profile",
  "emoji",
  "signedIn",
  "contact",
  "reminder",
  "reset",
] as const satisfies readonly (keyof Events)[];

type ToHost =
  | { readonly kind: "hello" }
  | { readonly kind: "ask"; readonly id: number; readonly method: Asked; readonly args: readonly unknown[] }
  | { readonly kind: "tell"; readonly method: Told; readonly args: readonly unknown[] }
  | { readonly kind: "watch"; readonly id: number; readonly userIds: readonly string[] }
  | { readonly kind: "wake"; readonly why: Wake }
  | {
      readonly kind: "submit";
      readonly id: number;
      readonly conversationId: string;
      readonly action: Action;
      readonly options: { readonly clientId: string; readonly ordered?: boolean };
    };

interface Snapshot {
  readonly status: Status;
  readonly userId: string;
  readonly aheadMs: number;
  readonly conversations: readonly Conversation[];
  readonly outbox: readonly Pending[];
}

type FromHost =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "person"; readonly userId: string; readonly aheadMs: number }
  | { readonly kind: "event"; readonly name: keyof Events; readonly event: Events[keyof Events] }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: ErrorData };

// ---------------------------------------------------------------- where the connection is

/** What a host serves: a client that also hears of the network from tabs. */
export type Hosted = Client & { wake(why: Wake): void };

export class Host {
  readonly #client: Hosted;
  readonly #watched = new Map<Port, readonly string[]>();

  constructor(client: Hosted) {
    this.#client = client;
  }

  /** Serve a port; what is returned stops that. */
  attach(port: Port): () => void {
    const stops: (() => void)[] = [];
    const post = (message: FromHost): void => port.post(message);
    port.onMessage = (message) => {
      const wish = message as ToHost;
      if (wish.kind !== "hello") {
        // Not before it knows what is kept: a command may be among that already.
        void this.#client.start().then(() => this.#serve(port, wish, post));
        return;
      }
      for (const stop of stops.splice(0)) stop();
      void this.#client.start().then(() => {
        // Between what is told now and what is told from now on nothing is lost: no event comes in between.
        for (const name of EVENTS) {
          const listen = (event: Events[keyof Events]): void => {
            if (name === "status") post({ kind: "person", ...this.#person() });
            post({ kind: "event", name, event });
          };
          stops.push(this.#client.on(name, listen));
        }
        post({ kind: "snapshot", snapshot: this.#snapshot() });
      });
    };
    return () => {
      for (const stop of stops) stop();
      port.onMessage = null;
      this.#watched.delete(port);
    };
  }

  #serve(port: Port, wish: Exclude<ToHost, { kind: "hello" }>, post: (message: FromHost) => void): void {
    const client = this.#client;
    switch (wish.kind) {
      case "ask": {
        const method = client[wish.method] as (...args: readonly unknown[]) => Promise<unknown>;
        settle(wish.id, method.apply(client, [...wish.args]), post);
        break;
      }
      case "tell": {
        const method = client[wish.method] as (...args: readonly unknown[]) => void;
        method.apply(client, [...wish.args]);
        break;
      }
      case "submit":
        settle(wish.id, client.submit(wish.conversationId, wish.action, wish.options).done, post);
        break;
      case "watch":
        settle(wish.id, this.#watch(port, wish.userIds), post);
        break;
      case "wake":
        client.wake(wish.why);
        break;
    }
  }

  /** Each tab has people of its own whom it watches; the connection watches all of them. */
  async #watch(port: Port, userIds: readonly string[]): Promise<readonly Presence[]> {
    this.#watched.set(port, userIds);
    const all = new Set([...this.#watched.values()].flat());
    const presences = await this.#client.watchPresence([...all]);
    return presences.filter((one) => userIds.includes(one.userId));
  }

  #person(): { userId: string; aheadMs: number } {
    return { userId: this.#client.userId, aheadMs: this.#client.serverNow() - Date.now() };
  }

  #snapshot(): Snapshot {
    const { status, conversations, outbox } = this.#client;
    return { status, ...this.#person(), conversations: [...conversations.values()], outbox };
  }
}

function settle(id: number, work: Promise<unknown>, post: (message: FromHost) => void): void {
  work.then(
    (value) => post({ kind: "answer", id, value }),
    (thrown: unknown) => post({ kind: "refusal", id, error: HubbubError.from(thrown).toData() }),
  );
}

// ---------------------------------------------------------------- where it is used

interface Open {
  readonly wish: ToHost;
  readonly resolve: (value: never) => void;
  readonly reject: (error: HubbubError) => void;
}

type Requests = Pick<Client, Asked>;

/** A `Client` whose connection lives at the other end of a port. */
// The methods of `Requests` are made from `ASKED` below.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type
export interface PortClient extends Requests {}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class PortClient extends Commands implements Client {
  readonly #events: Emitter<Events>;
  readonly #conversations = new Map<string, Conversation>();
  readonly #outbox = new Map<string, Pending>();
  readonly #open = new Map<number, Open>();
  readonly #told = new Map<string, number>();
  readonly #started = Promise.withResolvers<void>();
  #port: Port | null = null;
  #nextId = 0;
  /** How many hosts there have been. */
  #hosts = 0;
  #watched: readonly string[] | null = null;
  #status: Status = { state: "connecting", error: null, retryAtMs: 0 };
  #userId = "";
  #aheadMs = 0;
  #closed = false;

  constructor(fault: Fault) {
    super();
    this.#events = new Emitter<Events>(fault);
  }

  /** Use a host from now on, instead of the one before. */
  attach(port: Port): void {
    if (this.#closed) return;
    const before = this.#port;
    this.#port = port;
    if (before && before !== port) before.close();
    port.onMessage = (message) => {
      if (this.#port === port) this.#received(message as FromHost);
    };
    port.post({ kind: "hello" } satisfies ToHost);
    for (const [id, { wish, reject }] of this.#open) {
      if (this.#hosts > 0 && wish.kind === "ask" && wish.method === "call") {
        // It may have been carried out, and need not be one that can be repeated.
        this.#open.delete(id);
        reject(new HubbubError("unknown_outcome"));
      } else {
        port.post(wish);
      }
    }
    if (this.#hosts > 0 && this.#watched) this.watchPresence(this.#watched).catch(() => undefined);
  }

  /** Word of the network, or that somebody looks again. */
  wake(why: Wake): void {
    this.#port?.post({ kind: "wake", why } satisfies ToHost);
  }

  // ------------------------------------------------------------ Client

  start(): Promise<void> {
    return this.#started.promise;
  }

  /** Let go of the host, which others may use on. */
  close(): Promise<void> {
    this.#closed = true;
    this.#port?.close();
    this.#port = null;
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const one of open) one.reject(new HubbubError("closed", "The client was closed."));
    this.#become({ state: "ended", error: new HubbubError("closed").toData(), retryAtMs: 0 });
    return Promise.resolve();
  }

  get status(): Status {
    return this.#status;
  }

  get userId(): string {
    return this.#userId;
  }

  get conversations(): ReadonlyMap<string, Conversation> {
    return this.#conversations;
  }

  get outbox(): readonly Pending[] {
    return [...this.#outbox.values()];
  }

  serverNow(): number {
    return Date.now() + this.#aheadMs;
  }

  on<K extends keyof Events>(kind: K, listener: Listener<K>): () => void {
    return this.#events.on(kind, listener);
  }

  override submit = (
    conversationId: string,
    action: Action,
    options: { clientId?: string; ordered?: boolean } = {},
  ): Submission => {
    const clientId = options.clientId ?? newId();
    const done = this.#ask<Accepted>((id) => ({
      kind: "submit",
      id,
      conversationId,
      action,
      options: { ...options, clientId },
    }));
    // Nobody has to await it: `pending` tells, too.
    done.catch(() => undefined);
    return { conversationId, clientId, done };
  };

  retry(...args: Parameters<Client["retry"]>): void {
    this.#tell("retry", args);
  }

  discard(...args: Parameters<Client["discard"]>): void {
    this.#tell("discard", args);
  }

  saw(...args: Parameters<Client["saw"]>): void {
    this.#tell("saw", args);
  }

  typing(...args: Parameters<Client["typing"]>): void {
    this.#tell("typing", args);
  }

  watchPresence(userIds: readonly string[]): Promise<readonly Presence[]> {
    this.#watched = userIds;
    return this.#ask((id) => ({ kind: "watch", id, userIds: [...userIds] }));
  }

  /** Carry a request of `ASKED` to the host. */
  carry(method: Asked, args: readonly unknown[]): Promise<unknown> {
    return this.#ask((id) => ({ kind: "ask", id, method, args }));
  }

  #tell(method: Told, args: readonly unknown[]): void {
    this.#port?.post({ kind: "tell", method, args } satisfies ToHost);
  }

  #ask<T>(make: (id: number) => ToHost): Promise<T> {
    if (this.#closed) return Promise.reject(new HubbubError("closed", "The client was closed."));
    return new Promise((resolve, reject) => {
      const id = ++this.#nextId;
      const wish = make(id);
      // Without a host yet it goes to the first one.
      this.#open.set(id, { wish, resolve, reject });
      this.#port?.post(wish);
    });
  }

  // ------------------------------------------------------------ what the host says

  #received(message: FromHost): void {
    switch (message.kind) {
      case "snapshot":
        this.#take(message.snapshot);
        break;
      case "person":
        this.#userId = message.userId;
        this.#aheadMs = message.aheadMs;
        break;
      case "event":
        this.#event(message.name, message.event);
        break;
      case "answer":
      case "refusal": {
        const open = this.#open.get(message.id);
        this.#open.delete(message.id);
        if (message.kind === "answer") open?.resolve(message.value as never);
        else open?.reject(HubbubError.of(message.error));
        break;
      }
    }
  }

  #take(snapshot: Snapshot): void {
    this.#hosts += 1;
    this.#userId = snapshot.userId;
    this.#aheadMs = snapshot.aheadMs;
    this.#conversations.clear();
    const gone = new Map(this.#outbox);
    for (const one of snapshot.conversations) this.#event("conversation", one);
    for (const one of snapshot.outbox) {
      gone.delete(keyOf(one));
      this.#event("pending", one);
    }
    // What left the outbox between two hosts.
    for (const { conversationId, clientId } of gone.values())
      this.#event("settled", { conversationId, clientId, seq: 0 });
    this.#become(snapshot.status);
    // What came between two hosts was told to nobody.
    if (this.#hosts > 1) this.#events.emit("reset", { conversationId: "", reason: "another host" });
    this.#started.resolve();
  }

  #event<K extends keyof Events>(name: K, event: Events[K]): void {
    switch (name) {
      case "status":
        this.#become(event as Status);
        return;
      case "entry": {
        const { conversationId, seq } = event as Events["entry"];
        if (seq <= (this.#told.get(conversationId) ?? 0)) return;
        this.#told.set(conversationId, seq);
        break;
      }
      case "conversation":
        this.#conversations.set((event as Conversation).id, event as Conversation);
        break;
      case "pending":
        this.#outbox.set(keyOf(event as Pending), event as Pending);
        break;
      case "settled":
        this.#outbox.delete(keyOf(event as Events["settled"]));
        break;
      case "reset":
        // Another epoch: its numbers begin anew.
        if ((event as Events["reset"]).conversationId === "") {
          this.#told.clear();
          this.#conversations.clear();
        }
        break;
      default:
        break;
    }
    this.#events.emit(name, event);
  }

  #become(status: Status): void {
    this.#status = status;
    this.#events.emit("status", status);
  }
}

for (const method of ASKED) {
  Object.defineProperty(PortClient.prototype, method, {
    value(this: PortClient, ...args: readonly unknown[]) {
      return this.carry(method, args);
    },
  });
}

function keyOf(of: { readonly conversationId: string; readonly clientId: string }): string {
  return `${of.conversationId}/${of.clientId}`;
}
