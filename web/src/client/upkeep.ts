/**
 * Being connected, again and again, until it is of no use.
 *
 * `Upkeep` owns one loop round the states `connecting`, `resyncing`, `online`, `waiting`: it finds the server, opens a
 * connection, says hello, lets its owner catch up, renews the token before it ends, moves when it is asked to, and
 * after a loss waits as the backoff says, or until the network is back.  What is sent and received over the connection
 * is its owner's affair.
 */
import { toNumber, type ClientBody } from "../protocol/codec";
import type { Goaway, Welcome } from "../protocol/hubbub_pb";
import type { State, Status } from "./api";
import type { Backoff } from "./backoff";
import { HubbubError } from "./errors";
import type { HttpApi } from "./http";
import type { Login } from "./login";
import type { Platform } from "./platform";
import { Session, type ServerBody } from "./session";

const AUTH_CODES = new Set(["bad_token", "token_expired", "unauthenticated"]);
/** What another node may do better: this one cannot be reached, went without a word, or takes nobody. */
const NODE_CODES = new Set(["unreachable", "going_away", "overloaded", "timeout"]);
/** How many nodes a server is asked to avoid (protocol.md 2.6). */
const AVOIDED = 8;
/** How many tokens in a row may be refused before it is given up. */
const RENEWALS = 2;
/** The part of a token's life that is left when it is renewed. */
const REFRESH_EARLY = 0.2;
/** How long catching up may take before one is called online all the same. */
const SYNC_MS = 30_000;

/** Who uses the connection. */
export interface Owner {
  /** The first frame, with what is held. */
  hello(token: string): ClientBody;
  /** The session is open; called before any push of it. */
  welcomed(welcome: Welcome): void;
  /** A frame nobody asked for, `ready` and `goaway` excepted. */
  pushed(body: ServerBody): void;
  /** Learn what must be known before anything else.  Rejects with HubbubError: the connection is then given up. */
  begin(session: Session): Promise<void>;
  /** Wait until what is missing was fetched; it may be cut short. */
  catchUp(session: Session): Promise<void>;
  /** The connection is gone; what had no answer will have none. */
  disconnected(): void;
  became(status: Status): void;
}

export interface UpkeepOptions {
  readonly platform: Platform;
  readonly http: HttpApi;
  readonly login: Login;
  readonly backoff: Backoff;
  /** Where to connect, instead of asking the server. */
  readonly address: string;
  readonly helloTimeoutMs: number;
}

export class Upkeep {
  readonly #owner: Owner;
  readonly #options: UpkeepOptions;
  status: Status = { state: "connecting", error: null, retryAtMs: 0 };
  /** The session, while it is welcome. */
  session: Session | null = null;
  /** Why it is over, once it is. */
  end: HubbubError | null = null;
  #greeting: Session | null = null;
  #token = "";
  #nodeId = "";
  #avoided: string[] = [];
  #moveTo: string | null = null;
  #wasReady = false;
  #wakeUp: (() => void) | null = null;
  #openers: (() => void)[] = [];

  constructor(owner: Owner, options: UpkeepOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** Resolves with a session that takes requests.  Rejects with why there will be none, or `timeout`. */
  async opened(deadlineMs: number): Promise<Session> {
    const { platform } = this.#options;
    for (;;) {
      if (this.end) throw this.end;
      if (this.session && !this.session.ended) return this.session;
      const leftMs = deadlineMs - platform.monotonic();
      if (leftMs <= 0) throw new HubbubError("timeout");
      await new Promise<void>((resolve) => {
        const stop = platform.after(leftMs, resolve);
        this.#openers.push(() => {
          stop();
          resolve();
        });
      });
    }
  }

  /** Go round the states until it is over. */
  async run(): Promise<void> {
    let failures = 0;
    let renewals = 0;
    while (!this.end) {
      this.#become("connecting");
      let error = await this.#connectOnce();
      if (this.#wasReady) {
        this.#wasReady = false;
        failures = renewals = 0;
      }
      if (this.#isOver()) return;
      if (NODE_CODES.has(error.code) || this.#moveTo !== null) this.#avoid();
      if (this.#moveTo !== null) continue;
      if (AUTH_CODES.has(error.code) && renewals < RENEWALS) {
        renewals += 1;
        try {
          await this.#options.login.renew(this.#options.http, this.#token, this.#options.platform.now());
          continue;
        } catch (thrown) {
          error = HubbubError.from(thrown);
        }
      }
      if (!error.retry) {
        this.finish(error);
        return;
      }
      failures += 1;
      const waitMs = this.#options.backoff(failures, error.retryAfterMs);
      this.#become("waiting", error, this.#options.platform.now() + waitMs);
      await this.#sleep(waitMs);
    }
  }

  /** End for good. */
  finish(error: HubbubError): void {
    if (this.end) return;
    this.end = error;
    (this.session ?? this.#greeting)?.close(error);
    this.#become("ended", error);
    this.#wakeUp?.();
    this.#letIn();
  }

  /** Look at deadlines and heartbeats. */
  tick(): void {
    (this.session ?? this.#greeting)?.tick();
  }

  /** The network is back, or somebody is looking again: do not wait any longer, and see whether the connection lives. */
  wake(): void {
    this.#wakeUp?.();
    this.session?.probe();
  }

  // ------------------------------------------------------------ one connection

  /** Connect and serve one connection; resolves with why it ended. */
  async #connectOnce(): Promise<HubbubError> {
    const { platform, login, http, helloTimeoutMs } = this.#options;
    const moveTo = this.#moveTo;
    this.#moveTo = null;
    const ready = Promise.withResolvers<void>();
    const session = new Session(platform, (body) => {
      if (body.case === "ready") ready.resolve();
      else if (body.case === "goaway") this.#heed(session, body.value);
      else this.#owner.pushed(body);
    });
    this.#greeting = session;
    let welcome: Welcome;
    const limit = platform.after(helloTimeoutMs, () => session.close(new HubbubError("timeout", "", { retry: true })));
    try {
      this.#token = await login.token(http, platform.now());
      // An empty address in a request to move means: ask (protocol.md 4.17).
      const url = moveTo || (await this.#find());
      if (this.end) throw this.end;
      await session.open(url);
      welcome = await this.#greet(session);
    } catch (thrown) {
      const error = HubbubError.from(thrown);
      session.close(error);
      return error;
    } finally {
      limit();
      this.#greeting = null;
    }
    const stopRenewing = this.#stayLoggedIn(session, welcome);
    void this.#sync(session, ready.promise);
    const reason = await session.lost;
    stopRenewing();
    this.session = null;
    this.#owner.disconnected();
    return reason;
  }

  #greet(session: Session): Promise<Welcome> {
    return new Promise((resolve, reject) => {
      session.request(this.#owner.hello(this.#token), this.#options.helloTimeoutMs, (outcome) => {
        // At once, so that no push of this session is seen before its welcome.
        if (outcome instanceof HubbubError) {
          reject(outcome);
        } else if (outcome.case === "welcome") {
          session.welcome(outcome.value);
          this.session = session;
          this.#owner.welcomed(outcome.value);
          this.#become("resyncing");
          this.#letIn();
          resolve(outcome.value);
        } else {
          reject(new HubbubError("bad_frame", "The server did not say welcome.", { retry: true }));
        }
      });
    });
  }

  async #sync(session: Session, ready: Promise<void>): Promise<void> {
    const { platform } = this.#options;
    const late = new HubbubError("timeout", "The server did not become ready.");
    const limit = platform.after(SYNC_MS, () => session.close(late));
    try {
      await Promise.race([ready, session.lost]);
      if (isOver(session)) return;
      this.#wasReady = true;
      this.#avoided = [];
      await this.#owner.begin(session);
    } catch (thrown) {
      session.close(HubbubError.from(thrown));
      return;
    } finally {
      limit();
    }
    // Catching up goes on behind; whoever waits to talk does not wait for all of it.
    const enough = Promise.withResolvers<void>();
    const stop = platform.after(SYNC_MS, enough.resolve);
    await Promise.race([this.#owner.catchUp(session), enough.promise]);
    stop();
    if (this.session === session && !isOver(session)) this.#become("online");
  }

  /** Renew the token while some of its life is left (protocol.md 4.12); what is returned stops that. */
  #stayLoggedIn(session: Session, welcome: Welcome): () => void {
    const { platform, login, http, backoff, helloTimeoutMs } = this.#options;
    const expires = toNumber(welcome.tokenExpiresMs);
    if (!expires) return () => undefined;
    let stop = (): void => undefined;
    let failures = 0;
    const renew = async (): Promise<void> => {
      try {
        this.#token = await login.renew(http, this.#token, platform.now());
        await session.ask("done", { case: "reauthenticate", value: { token: this.#token } }, helloTimeoutMs);
        failures = 0;
        const leftMs = login.leftMs(platform.now());
        if (leftMs !== Infinity)
          stop = platform.after(Math.max(1000, leftMs * (1 - REFRESH_EARLY)), () => void renew());
      } catch (thrown) {
        const error = HubbubError.from(thrown);
        // The server ends the session when the token ends, and says why.
        if (!error.retry || session.ended) return;
        failures += 1;
        stop = platform.after(backoff(failures, error.retryAfterMs), () => void renew());
      }
    };
    const leftMs = expires - toNumber(welcome.serverTimeMs);
    stop = platform.after(Math.max(1000, leftMs * (1 - REFRESH_EARLY)), () => void renew());
    return () => stop();
  }

  /** Move when the server asks for it, at a moment of one's own within what it allows (protocol.md 4.17). */
  #heed(session: Session, wish: Goaway): void {
    const { platform } = this.#options;
    platform.after(platform.random() * wish.withinMs, () => {
      if (session.ended) return;
      this.#moveTo = wish.url;
      session.close(new HubbubError("going_away"));
    });
  }

  async #find(): Promise<string> {
    if (this.#options.address) return this.#options.address;
    this.#nodeId = "";
    const place = await this.#options.http.connect(this.#token, this.#avoided);
    this.#nodeId = place.nodeId;
    return place.websocketUrl || `${this.#options.http.server.replace(/^http/, "ws")}/ws`;
  }

  #avoid(): void {
    if (this.#nodeId && !this.#avoided.includes(this.#nodeId)) {
      this.#avoided = [...this.#avoided, this.#nodeId].slice(-AVOIDED);
    }
  }

  // ------------------------------------------------------------ states

  #isOver(): boolean {
    return this.end !== null;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wakeUp = null;
        stop();
        resolve();
      };
      const stop = this.#options.platform.after(ms, done);
      this.#wakeUp = done;
    });
  }

  #letIn(): void {
    const openers = this.#openers;
    this.#openers = [];
    for (const open of openers) open();
  }

  #become(state: State, error: HubbubError | null = null, retryAtMs = 0): void {
    if (this.status.state === "ended" || (state === this.status.state && state !== "waiting")) return;
    this.status = { state, error: error?.toData() ?? null, retryAtMs };
    this.#owner.became(this.status);
  }
}

function isOver(session: Session): boolean {
  return session.ended !== null;
}
