/**
 * What was received and seen, merged before it is told.
 *
 * A mark stands for everything below it, so only the highest of each conversation is kept, and they are told together
 * about once a second (protocol.md 14.2).  What could not be told is told later; a mark told twice changes nothing.
 */

export interface Receipt {
  readonly conversationId: string;
  readonly read: number;
  readonly delivered: number;
}

export class Receipts {
  readonly #waiting = new Map<string, Receipt>();

  /** Raise the marks of one conversation. */
  note(conversationId: string, { read = 0, delivered = 0 }: { read?: number; delivered?: number }): void {
    const old = this.#waiting.get(conversationId);
    this.#waiting.set(conversationId, {
      conversationId,
      read: Math.max(read, old?.read ?? 0),
      delivered: Math.max(delivered, old?.delivered ?? 0),
    });
  }

  /** Take up to `limit` marks; `note` those that fail. */
  take(limit: number): Receipt[] {
    const taken = [...this.#waiting.values()].slice(0, limit);
    for (const one of taken) this.#waiting.delete(one.conversationId);
    return taken;
  }

  clear(): void {
    this.#waiting.clear();
  }
}
