/**
 * One connection's conversation with the server: requests and answers, pushes, heartbeats.
 *
 * It decodes each frame once and hands an answer to whoever asked and a push to its owner, in the order they came.  It
 * ends exactly once, with the error that says why.  What outlives a connection (order, outbox) is not its affair.
 */
import {
  BadFrame,
  CLIENT_FRAME_BYTES,
  SUBPROTOCOL,
  decode,
  encode,
  toNumber,
  type ClientBody,
  type ServerFrame,
} from "../protocol/codec";
import type { Error as WireError, Welcome } from "../protocol/hubbub_pb";
import { HubbubError, errorOfClose } from "./errors";
import type { Link, Platform } from "./platform";

type Body = ServerFrame["body"];
export type ServerBody = Extract<Body, { value: unknown }>;
export type ServerCase = ServerBody["case"];
type Answers = { [B in ServerBody as B["case"]]: B["value"] };
/** What a frame of a kind carries. */
export type Answer<C extends ServerCase> = Answers[C];

/** Frames nobody asked for. */
export type Push = (body: ServerBody) => void;

interface Waiting {
  readonly settle: (outcome: ServerBody | HubbubError) => void;
  readonly deadline: number;
}

const DEFAULT_HEARTBEAT_MS = 25_000;

/** How long an answer to a probe may take. */
const PROBE_MS = 5_000;

export function errorOf(error: WireError): HubbubError {
  return new HubbubError(error.code, error.message, { retry: error.retry, retryAfterMs: error.retryAfterMs });
}

export class Session {
  readonly #platform: Platform;
  readonly #push: Push;
  readonly #waiting = new Map<number, Waiting>();
  #link: Link | null = null;
  #nextId = 0;
  #heard: number;
  #spoke: number;
  #probedAt: number | null = null;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #limitBytes = CLIENT_FRAME_BYTES;
  #established = false;
  /** The last error frame that answered nothing: why the connection is about to end. */
  #said: HubbubError | null = null;
  #end: HubbubError | null = null;
  readonly #opened = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<HubbubError>();

  constructor(platform: Platform, push: Push) {
    this.#platform = platform;
    this.#push = push;
    this.#heard = this.#spoke = platform.monotonic();
    this.#opened.promise.catch(() => undefined);
  }

  /** Resolves when the connection has ended, with the reason. */
  get lost(): Promise<HubbubError> {
    return this.#lost.promise;
  }

  get ended(): HubbubError | null {
    return this.#end;
  }

  /** Open the connection.  Rejects with HubbubError. */
  open(url: string): Promise<void> {
    try {
      this.#link = this.#platform.open(url, SUBPROTOCOL, {
        opened: () => {
          this.#heard = this.#spoke = this.#platform.monotonic();
          this.#opened.resolve();
        },
        received: (data) => this.#received(data),
        closed: (code, reason) => this.#finish(this.#said ?? errorOfClose(code, reason)),
      });
    } catch (cause) {
      this.#finish(new HubbubError("unreachable", `${url} is not an address.`, { retry: false, cause }));
    }
    return this.#opened.promise;
  }

  /** Take what the server decided for this session. */
  welcome(welcome: Welcome): void {
    this.#established = true;
    if (welcome.heartbeatMs) this.#heartbeatMs = welcome.heartbeatMs;
    if (welcome.limits?.frameBytes) this.#limitBytes = welcome.limits.frameBytes;
  }

  // ------------------------------------------------------------ requests

  /**
   * Send a request; `settle` is called once: with the answer, a refusal, `timeout`, or why the connection was lost.
   *
   * Throws HubbubError when the frame cannot be encoded or is larger than the server takes.
   */
  request(body: ClientBody, timeoutMs: number, settle: (outcome: ServerBody | HubbubError) => void): void {
    const id = ++this.#nextId;
    const data = this.#encode(id, body);
    if (data.byteLength > this.#limitBytes) throw new HubbubError("too_large");
    if (this.#end || !this.#link) {
      settle(this.#end ?? errorOfClose(1006, ""));
      return;
    }
    const now = this.#platform.monotonic();
    this.#waiting.set(id, { settle, deadline: now + timeoutMs });
    this.#spoke = now;
    this.#link.send(data);
  }

  /** Send a request and resolve with the answer.  Rejects with HubbubError. */
  ask<C extends ServerCase>(expected: C, body: ClientBody, timeoutMs: number): Promise<Answer<C>> {
    return new Promise((resolve, reject) => {
      try {
        this.request(body, timeoutMs, (outcome) => {
          if (outcome instanceof HubbubError) reject(outcome);
          else if (outcome.case === expected) resolve(outcome.value as Answer<C>);
          else reject(new HubbubError("internal_error", `The server answered with ${outcome.case}.`, { retry: false }));
        });
      } catch (thrown) {
        reject(HubbubError.from(thrown));
      }
    });
  }

  /** Send a frame that needs no answer. */
  tell(body: ClientBody): void {
    if (!this.#link || this.#end) return;
    this.#spoke = this.#platform.monotonic();
    this.#link.send(this.#encode(0, body));
  }

  /** End the connection now, for `error`. */
  close(error: HubbubError = errorOfClose(1006, "")): void {
    this.#finish(error);
    this.#link?.close();
  }

  // ------------------------------------------------------------ time

  /** Look at deadlines and heartbeats; called about once a second. */
  tick(): void {
    if (this.#end) return;
    const now = this.#platform.monotonic();
    for (const [id, waiting] of this.#waiting) {
      if (now < waiting.deadline) continue;
      this.#waiting.delete(id);
      waiting.settle(new HubbubError("timeout"));
    }
    const probed = this.#probedAt !== null && now - this.#probedAt >= PROBE_MS;
    if (probed || now - this.#heard >= 2 * this.#heartbeatMs) {
      // protocol.md 4.11: nothing for two intervals means that the connection is dead, whatever TCP believes.
      this.close(new HubbubError("heartbeat_missed", "The server stopped answering."));
    } else if (now - this.#spoke >= this.#heartbeatMs) {
      this.tell({ case: "ping", value: {} });
    }
  }

  /** Find out soon whether the connection lives: the machine slept, or the network changed. */
  probe(): void {
    if (!this.#established || this.#end || this.#probedAt !== null) return;
    this.#probedAt = this.#platform.monotonic();
    this.tell({ case: "ping", value: {} });
  }

  // ------------------------------------------------------------ what arrives

  #received(data: Uint8Array): void {
    if (this.#end) return;
    this.#heard = this.#platform.monotonic();
    this.#probedAt = null;
    let frame: ServerFrame;
    try {
      frame = decode(data);
    } catch (thrown) {
      const sentence = "The server sent a frame that cannot be read.";
      this.close(new HubbubError("bad_frame", sentence, { retry: true, cause: thrown }));
      return;
    }
    const replyTo = toNumber(frame.replyTo);
    const body = frame.body;
    if (body.case === undefined) {
      // A newer server's push is none of our business; an answer must not leave its asker waiting.
      if (replyTo) this.#answer(replyTo, new HubbubError("unknown_frame"));
    } else if (replyTo) {
      if (body.case === "error") {
        const error = errorOf(body.value);
        if (!this.#established) this.#said = error;
        this.#answer(replyTo, error);
      } else {
        this.#answer(replyTo, body);
      }
    } else if (body.case === "ping") {
      this.tell({ case: "pong", value: { data: body.value.data } });
    } else if (body.case === "error") {
      this.#said = errorOf(body.value);
    } else if (body.case !== "pong") {
      this.#push(body);
    }
  }

  #answer(id: number, outcome: ServerBody | HubbubError): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.settle(outcome);
  }

  #finish(error: HubbubError): void {
    if (this.#end) return;
    this.#end = error;
    this.#opened.reject(error);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.settle(error);
    this.#lost.resolve(error);
  }

  #encode(id: number, body: ClientBody): Uint8Array<ArrayBuffer> {
    try {
      return encode(id, body);
    } catch (thrown) {
      if (thrown instanceof BadFrame) {
        throw new HubbubError("bad_request", `The frame cannot be encoded: ${thrown.message}`, { cause: thrown });
      }
      throw thrown;
    }
  }
}
