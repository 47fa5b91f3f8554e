/**
 * Keeps what was begun to be written the same on all devices of a person.
 *
 * Of each conversation, and of each thread, three drafts are compared: the one here, the server's, and what both were when they last agreed.
 * If only this one changed it is told, once the writing rests; if only the server's did it is taken.  If both did, the
 * one here wins: nobody wants letters to change under their fingers.  It knows no conversation, no clock and no client.
 */
import { HubbubError } from "@/client";

export interface Draft {
  readonly text: string;
  /** The seq of the message it answers; 0 for none. */
  readonly replyTo: number;
}

export interface DraftPorts {
  here(id: string): Draft;
  there(id: string): Draft;
  /** Keep a draft on the server. */
  tell(id: string, draft: Draft): Promise<void>;
  /** Put the server's draft where this device keeps its own. */
  take(id: string, draft: Draft): void;
  after(ms: number, run: () => void): () => void;
}

/** Writing rests when nothing was typed for this long. */
const REST_MS = 1_000;
/** What came from elsewhere waits this long after the last key. */
const TYPING_MS = 4_000;

const NONE: Draft = { text: "", replyTo: 0 };
/** Is the same as no draft there is. */
const UNSAID: Draft = { text: "", replyTo: -1 };

export class DraftSync {
  readonly #ports: DraftPorts;
  readonly #agreed: Record<string, Draft>;
  readonly #resting = new Map<string, () => void>();
  readonly #typing = new Map<string, () => void>();
  readonly #telling = new Set<string>();
  /** What the server will not have: it stays here, and is not told again as it is. */
  readonly #refused = new Map<string, Draft>();
  #online = false;

  /** `agreed` is what an earlier run left; it is changed in place. */
  constructor(ports: DraftPorts, agreed: Record<string, Draft>) {
    this.#ports = ports;
    this.#agreed = agreed;
  }

  /** The draft here changed. */
  changed(id: string): void {
    this.#typing.get(id)?.();
    this.#typing.set(
      id,
      this.#ports.after(TYPING_MS, () => {
        this.#typing.delete(id);
        this.heard(id);
      }),
    );
    this.#tellSoon(id);
  }

  /** The server's draft may have changed. */
  heard(id: string): void {
    const here = this.#ports.here(id);
    const there = this.#ports.there(id);
    const agreed = this.#agreed[id] ?? NONE;
    if (same(there, agreed)) return;
    if (same(there, here)) {
      this.#agree(id, there);
    } else if (same(here, agreed) && !this.#typing.has(id) && !this.#telling.has(id)) {
      this.#agree(id, there);
      this.#ports.take(id, there);
    }
  }

  /** The places of which something was agreed on. */
  get known(): readonly string[] {
    return Object.keys(this.#agreed);
  }

  /** There is a connection, and these are the places: make up for what was missed without one. */
  online(ids: Iterable<string>): void {
    this.#online = true;
    for (const id of ids) {
      this.heard(id);
      this.#tellSoon(id);
    }
  }

  offline(): void {
    this.#online = false;
  }

  close(): void {
    for (const stop of [...this.#resting.values(), ...this.#typing.values()]) stop();
    this.#resting.clear();
    this.#typing.clear();
    this.#online = false;
  }

  #tellSoon(id: string): void {
    this.#resting.get(id)?.();
    this.#resting.delete(id);
    if (this.#isTold(id)) return;
    this.#resting.set(
      id,
      this.#ports.after(REST_MS, () => void this.#tell(id)),
    );
  }

  async #tell(id: string): Promise<void> {
    this.#resting.delete(id);
    if (!this.#online || this.#telling.has(id) || this.#isTold(id)) return;
    const draft = this.#ports.here(id);
    this.#telling.add(id);
    let refused = false;
    try {
      await this.#ports.tell(id, draft);
    } catch (thrown) {
      // Without a connection it is told once there is one; what is refused for good stays on this device.
      const error = HubbubError.from(thrown);
      if (error.retry || error.is("closed", "session_ended")) return;
      refused = true;
    } finally {
      this.#telling.delete(id);
    }
    if (refused) this.#refused.set(id, draft);
    else this.#agree(id, draft);
    this.#tellSoon(id);
  }

  #isTold(id: string): boolean {
    const here = this.#ports.here(id);
    return same(here, this.#agreed[id] ?? NONE) || same(here, this.#refused.get(id) ?? UNSAID);
  }

  #agree(id: string, draft: Draft): void {
    if (draft.text) this.#agreed[id] = draft;
    else Reflect.deleteProperty(this.#agreed, id);
  }
}

function same(a: Draft, b: Draft): boolean {
  return a.text === b.text && a.replyTo === b.replyTo;
}
