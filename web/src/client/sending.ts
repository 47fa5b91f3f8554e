/**
 * Carry what waits to the server: commands out of the outbox, and how far one has received and read.
 *
 * It sends while it is `open`, over whatever session there is, and hands every answer to the outbox, which decides what it
 * means.  Whoever owns the connection says when it may be used; nothing is lost while it may not.
 */
import { toNumber } from "../protocol/codec";
import type { Submission } from "./api";
import type { Backoff } from "./backoff";
import { HubbubError } from "./errors";
import { newId } from "./ids";
import type { Accepted, Action } from "./models";
import type { Command, Outbox, Waiting } from "./outbox";
import type { Platform } from "./platform";
import { Receipts } from "./receipts";
import { errorOf, type ServerBody, type Session } from "./session";

/** How many conversations' marks are told in about a second. */
const RECEIPTS_A_TICK = 64;

export interface SendingOptions {
  readonly platform: Platform;
  readonly outbox: Outbox;
  readonly backoff: Backoff;
  readonly timeoutMs: number;
  /** The session, while there is one. */
  readonly session: () => Session | null;
  /** Whether a command must be kept before it is sent. */
  readonly durable: () => boolean;
}

export class Sending {
  readonly receipts = new Receipts();
  readonly #options: SendingOptions;
  readonly #submissions = new Map<string, PromiseWithResolvers<Accepted>>();
  #open = false;
  #lastMadeMs = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** Go on with what an earlier run left. */
  restore(commands: readonly Command[]): void {
    const { outbox, platform } = this.#options;
    outbox.restore(commands, platform.monotonic());
    for (const { madeMs } of commands) this.#lastMadeMs = Math.max(this.#lastMadeMs, madeMs);
  }

  /** Put a command into the outbox; the same one again is the same submission.  `end`: why nothing is taken any more. */
  submit(
    conversationId: string,
    action: Action,
    options: { clientId?: string; ordered?: boolean },
    end: HubbubError | null,
  ): Submission {
    const { outbox, platform, durable } = this.#options;
    const clientId = options.clientId ?? newId();
    const key = `${conversationId}/${clientId}`;
    const known = this.#submissions.get(key);
    if (known) return { conversationId, clientId, done: known.promise };
    const mine = Promise.withResolvers<Accepted>();
    // Nobody has to await it: `pending` tells, too.
    mine.promise.catch(() => undefined);
    this.#submissions.set(key, mine);
    const settle = (outcome: Accepted | HubbubError): void => {
      this.#submissions.delete(key);
      if (outcome instanceof HubbubError) mine.reject(outcome);
      else mine.resolve(outcome);
    };
    try {
      if (end) throw end;
      this.#lastMadeMs = Math.max(platform.now(), this.#lastMadeMs + 1);
      const ordered = options.ordered ?? true;
      const command = { conversationId, clientId, action, after: "", ordered, madeMs: this.#lastMadeMs, error: null };
      const kept = outbox.find(conversationId, clientId);
      // A command that an earlier run left, given again under its name: it goes on.
      if (kept) kept.settle = settle;
      else outbox.add(command, !durable(), settle);
      this.pump(conversationId);
    } catch (thrown) {
      settle(HubbubError.from(thrown));
    }
    return { conversationId, clientId, done: mine.promise };
  }

  /** The connection may be used now. */
  begin(): void {
    this.#open = true;
    this.pump();
  }

  /** The connection is gone; what had no answer goes over the next one. */
  stop(): void {
    this.#open = false;
    this.#options.outbox.disconnected(this.#options.platform.monotonic());
  }

  /** Send what may be sent, of one conversation or of all. */
  pump(conversationId?: string): void {
    const session = this.#usable();
    if (!session) return;
    const { outbox, platform } = this.#options;
    for (const waiting of outbox.ready(platform.monotonic(), conversationId)) this.#transmit(session, waiting);
  }

  /** Send commands that are kept now. */
  written(commands: readonly Command[]): void {
    for (const { conversationId, clientId } of commands) {
      const waiting = this.#options.outbox.find(conversationId, clientId);
      if (waiting) waiting.kept = true;
    }
    this.pump();
  }

  /** Tell how far one has received and read, as far as it was not told. */
  tellReceipts(): void {
    const session = this.#usable();
    if (!session) return;
    for (const { conversationId, read, delivered } of this.receipts.take(RECEIPTS_A_TICK)) {
      const value = { conversationId, readSeq: BigInt(read), deliveredSeq: BigInt(delivered) };
      session.request({ case: "setMark", value }, this.#options.timeoutMs, (answer) => {
        if (!(answer instanceof HubbubError) || !(answer.retry || session.ended)) return;
        this.receipts.note(conversationId, { read, delivered });
      });
    }
  }

  #usable(): Session | null {
    const session = this.#options.session();
    return this.#open && session && !session.ended ? session : null;
  }

  #transmit(session: Session, waiting: Waiting): void {
    const { conversationId } = waiting.command;
    try {
      session.request({ case: "submit", value: waiting.submit }, this.#options.timeoutMs, (outcome) => {
        // Nobody knows (protocol.md 6.3): it goes again over the next connection.
        if (session.ended) return;
        this.#answered(waiting, outcome);
        this.pump(conversationId);
      });
    } catch (thrown) {
      this.#refused(waiting, HubbubError.from(thrown));
    }
  }

  #answered(waiting: Waiting, outcome: ServerBody | HubbubError): void {
    if (outcome instanceof HubbubError) {
      this.#refused(waiting, outcome);
      return;
    }
    if (outcome.case !== "submitted") return;
    const { conversationId, clientId, seq, timeMs, repeated, error } = outcome.value;
    if (seq) {
      const accepted = { conversationId, clientId, seq: toNumber(seq), timeMs: toNumber(timeMs), repeated };
      this.#options.outbox.accepted(accepted);
    } else {
      this.#refused(waiting, error ? errorOf(error) : new HubbubError("unknown_outcome"));
    }
  }

  #refused({ command, tries }: Waiting, error: HubbubError): void {
    const { outbox, platform, backoff } = this.#options;
    outbox.refused(command.conversationId, command.clientId, error, platform.monotonic(), backoff(tries, 0));
  }
}
