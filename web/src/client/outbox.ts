/**
 * Commands that wait for their answer, kept so that neither a reconnect nor a crash loses or reorders one.
 *
 * Every command has a clientId for life, so sending it again is harmless.  Commands of one conversation form a lane:
 * they are sent in the order they were given, several at once, each naming the one before it as `after` while that one
 * is unanswered.  An answer that leaves the outcome open, or asks for patience, puts a command back where it was; a
 * final refusal also refuses what was lined up behind it, because that was written by somebody who did not know.
 *
 * What was refused and is somebody's writing (a message, an edit) stays as `failed`, outside the lane, until it is
 * tried again or discarded.  This module does no I/O and reads no clock.
 */
import type { Pending } from "./api";
import { HubbubError, type ErrorData } from "./errors";
import type { Accepted, Action } from "./models";
import { writeSubmit, type SubmitInit } from "./translate";

/** How long a wait the server may ask for before a command is refused instead of kept. */
const PATIENCE_MS = 60_000;

/**
 * So long after it had no answer a sending may still be decided, whatever a later one was told (protocol.md 6.17).
 * A refusal is final only once no earlier sending of the same command can be under way any more.
 */
const DECIDED_MS = 20_000;

/** How often to ask meanwhile. */
const ASK_MS = 2_000;

const IN_DOUBT = new Set(["unknown_outcome", "timeout"]);

/** Refusals a person wants to hear of at once, although trying again later may help. */
const IMPATIENT = new Set(["muted", "conflict"]);

/** How many commands of a lane are sent before the first is answered. */
const WINDOW = 64;

/** One submit, as it is kept. */
export interface Command {
  readonly conversationId: string;
  readonly clientId: string;
  readonly action: Action;
  /** The clientId of the command this one must follow; empty for none. */
  readonly after: string;
  /** Whether it keeps its place among the other ordered commands of the conversation. */
  readonly ordered: boolean;
  readonly madeMs: number;
  /** Why it failed; null while it is to be sent. */
  readonly error: ErrorData | null;
}

/** A command that is to be sent, or under way. */
export interface Waiting {
  command: Command;
  submit: SubmitInit;
  /** Whether it may be sent: what is to survive a crash is on disk first. */
  kept: boolean;
  inflight: boolean;
  tries: number;
  /** Monotonic time until which an earlier sending may yet be stored. */
  openUntil: number;
  /** Whoever made it wants to know; nobody, for what an earlier run left. */
  settle: (outcome: Accepted | HubbubError) => void;
}

interface Lane {
  waiting: Map<string, Waiting>;
  inflight: number;
  /** Monotonic time before which nothing is sent; set when the server asks for patience. */
  notBefore: number;
}

/** Hears what becomes of commands. */
export interface OutboxOwner {
  /** A command was put in, failed, or is to be tried again: keep it like this. */
  changed(command: Command): void;
  /** A command has left; `seq` 0: it was not stored. */
  gone(command: Command, seq: number): void;
}

export function pendingOf({ conversationId, clientId, action, madeMs, error }: Command): Pending {
  return { conversationId, clientId, action, madeMs, state: error ? "failed" : "waiting", error };
}

function isWriting(action: Action): boolean {
  return action.kind === "message" || action.kind === "edit";
}

export class Outbox {
  readonly #owner: OutboxOwner;
  readonly #limit: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #failed = new Map<string, Command>();

  constructor(owner: OutboxOwner, limit: number) {
    this.#owner = owner;
    this.#limit = limit;
  }

  /** How many commands wait for an answer. */
  get size(): number {
    let size = 0;
    for (const lane of this.#lanes.values()) size += lane.waiting.size;
    return size;
  }

  /** Everything in it, in the order it was given. */
  commands(): Command[] {
    const waiting = [...this.#lanes.values()].flatMap((lane) => [...lane.waiting.values()].map((one) => one.command));
    return [...waiting, ...this.#failed.values()].sort((a, b) => a.madeMs - b.madeMs);
  }

  find(conversationId: string, clientId: string): Waiting | undefined {
    return this.#lanes.get(conversationId)?.waiting.get(clientId);
  }

  /**
   * Put a command at the end of its lane, naming its predecessor if that one is unanswered.
   *
   * Throws HubbubError when the outbox is full, and for what cannot be submitted.
   */
  add(command: Command, kept: boolean, settle: (outcome: Accepted | HubbubError) => void): Waiting {
    if (this.size >= this.#limit) {
      throw new HubbubError("overloaded", `The outbox holds ${this.#limit} commands already.`);
    }
    const held = this.#lanes.get(command.conversationId);
    const after = command.after || (command.ordered ? lastOrdered(held) : "");
    const submit = writeSubmit(command.conversationId, command.clientId, command.action, after);
    const lane = held ?? { waiting: new Map<string, Waiting>(), inflight: 0, notBefore: 0 };
    this.#lanes.set(command.conversationId, lane);
    this.#failed.delete(keyOf(command));
    const waiting = { command: { ...command, after }, submit, kept, inflight: false, tries: 0, openUntil: 0, settle };
    lane.waiting.set(command.clientId, waiting);
    this.#owner.changed(waiting.command);
    return waiting;
  }

  /** Take up what an earlier run left; it goes before what was given since. */
  restore(commands: readonly Command[], nowMs: number): void {
    const given = new Map(this.#lanes);
    this.#lanes.clear();
    for (const command of commands) {
      if (command.error) this.#failed.set(keyOf(command), command);
      else if (!given.get(command.conversationId)?.waiting.has(command.clientId)) this.#restore(command, nowMs);
    }
    for (const [conversationId, lane] of given) {
      const restored = this.#lanes.get(conversationId)?.waiting ?? [];
      this.#lanes.set(conversationId, { ...lane, waiting: new Map([...restored, ...lane.waiting]) });
    }
  }

  #restore(command: Command, nowMs: number): void {
    const lane = this.#lanes.get(command.conversationId) ?? { waiting: new Map(), inflight: 0, notBefore: 0 };
    this.#lanes.set(command.conversationId, lane);
    const submit = writeSubmit(command.conversationId, command.clientId, command.action, command.after);
    const settle = (): void => undefined;
    const openUntil = nowMs + DECIDED_MS;
    lane.waiting.set(command.clientId, { command, submit, kept: true, inflight: false, tries: 0, openUntil, settle });
  }

  // ------------------------------------------------------------ sending

  /** Take what may be sent now, in order; each counts as sent. */
  *ready(nowMs: number, conversationId?: string): Generator<Waiting> {
    const one = conversationId === undefined ? undefined : this.#lanes.get(conversationId);
    const lanes = conversationId === undefined ? [...this.#lanes.values()] : one ? [one] : [];
    for (const lane of lanes) {
      if (nowMs < lane.notBefore) continue;
      for (const waiting of [...lane.waiting.values()]) {
        if (lane.inflight >= WINDOW) break;
        if (waiting.inflight) continue;
        // What is not on disk yet holds back what follows.
        if (!waiting.kept) break;
        waiting.inflight = true;
        waiting.tries += 1;
        lane.inflight += 1;
        yield waiting;
      }
    }
  }

  /** Every command without an answer will be sent again. */
  disconnected(nowMs: number): void {
    for (const lane of this.#lanes.values()) {
      lane.notBefore = 0;
      lane.inflight = 0;
      for (const waiting of lane.waiting.values()) {
        if (waiting.inflight) waiting.openUntil = nowMs + DECIDED_MS;
        waiting.inflight = false;
      }
    }
  }

  // ------------------------------------------------------------ answers

  /** The command is stored, as an answer says, or an entry of one's own that came by another way. */
  accepted(outcome: Accepted): void {
    const lane = this.#lanes.get(outcome.conversationId);
    const waiting = lane?.waiting.get(outcome.clientId);
    if (lane && waiting) {
      this.#remove(lane, waiting);
      this.#owner.gone(waiting.command, outcome.seq);
      waiting.settle(outcome);
      return;
    }
    const failed = this.#failed.get(keyOf(outcome));
    if (!failed) return;
    this.#failed.delete(keyOf(outcome));
    this.#owner.gone(failed, outcome.seq);
  }

  /**
   * The command was not stored, or nobody knows: keep it or fail it, and those behind it.
   *
   * `waitMs` is how long to be patient when the server did not say.
   */
  refused(conversationId: string, clientId: string, refusal: HubbubError, nowMs: number, waitMs: number): void {
    const lane = this.#lanes.get(conversationId);
    const waiting = lane?.waiting.get(clientId);
    if (!lane || !waiting) return;
    let error = refusal;
    if (error.code === "predecessor_missing") {
      if (lane.waiting.has(waiting.command.after)) {
        // The predecessor is being tried again; this one follows it.
        takeBack(lane, waiting);
        return;
      }
      error = new HubbubError(error.code, error.message, { retry: false });
    }
    const mayWait = error.retry && !IMPATIENT.has(error.code);
    if (IN_DOUBT.has(error.code)) {
      waiting.openUntil = nowMs + DECIDED_MS;
    } else if (nowMs < waiting.openUntil && !mayWait) {
      takeBack(lane, waiting);
      lane.notBefore = Math.max(lane.notBefore, nowMs + ASK_MS);
      return;
    }
    if (mayWait && error.retryAfterMs <= PATIENCE_MS) {
      takeBack(lane, waiting);
      lane.notBefore = Math.max(lane.notBefore, nowMs + Math.max(error.retryAfterMs, waitMs));
      return;
    }
    this.#failChain(lane, waiting, error);
  }

  /** Try a failed command again, at the end of its lane, with those that failed because it did. */
  retry(conversationId: string, clientId: string, kept: boolean): void {
    const first = this.#failed.get(keyOf({ conversationId, clientId }));
    if (!first) return;
    const again = new Set([clientId]);
    for (const command of this.#failed.values()) {
      if (command.conversationId !== conversationId) continue;
      const follows = command.error?.code === "predecessor_missing" && again.has(command.after);
      if (command !== first && !follows) continue;
      again.add(command.clientId);
      this.#failed.delete(keyOf(command));
      this.add({ ...command, after: "", error: null }, kept, () => undefined);
    }
  }

  /** Take a failed command out. */
  discard(conversationId: string, clientId: string): void {
    const failed = this.#failed.get(keyOf({ conversationId, clientId }));
    if (!failed) return;
    this.#failed.delete(keyOf(failed));
    this.#owner.gone(failed, 0);
  }

  /** Let everybody go who waits, leaving what is kept as it is. */
  abandon(error: HubbubError): void {
    const waiting = [...this.#lanes.values()].flatMap((lane) => [...lane.waiting.values()]);
    for (const one of waiting) one.settle(error);
  }

  /** Forget everything: it was another person's. */
  clear(error: HubbubError): void {
    this.abandon(error);
    const commands = this.commands();
    this.#lanes.clear();
    this.#failed.clear();
    for (const command of commands) this.#owner.gone(command, 0);
  }

  #failChain(lane: Lane, first: Waiting, error: HubbubError): void {
    const refused = new Set([first.command.clientId]);
    this.#fail(lane, first, error);
    for (const waiting of [...lane.waiting.values()]) {
      if (!refused.has(waiting.command.after)) continue;
      refused.add(waiting.command.clientId);
      const sentence = `A message before this one was refused: ${error.message}`;
      this.#fail(lane, waiting, new HubbubError("predecessor_missing", sentence, { retry: false, cause: error }));
    }
  }

  #fail(lane: Lane, waiting: Waiting, error: HubbubError): void {
    this.#remove(lane, waiting);
    const command = { ...waiting.command, error: error.toData() };
    if (isWriting(command.action)) {
      this.#failed.set(keyOf(command), command);
      this.#owner.changed(command);
    } else {
      this.#owner.gone(command, 0);
    }
    waiting.settle(error);
  }

  #remove(lane: Lane, waiting: Waiting): void {
    const { conversationId, clientId } = waiting.command;
    lane.waiting.delete(clientId);
    if (waiting.inflight) lane.inflight -= 1;
    if (lane.waiting.size === 0) this.#lanes.delete(conversationId);
  }
}

function keyOf(of: { readonly conversationId: string; readonly clientId: string }): string {
  return `${of.conversationId}/${of.clientId}`;
}

function takeBack(lane: Lane, waiting: Waiting): void {
  if (!waiting.inflight) return;
  waiting.inflight = false;
  lane.inflight -= 1;
}

function lastOrdered(lane: Lane | undefined): string {
  const before = lane ? [...lane.waiting.values()].reverse().find((one) => one.command.ordered) : undefined;
  return before?.command.clientId ?? "";
}
