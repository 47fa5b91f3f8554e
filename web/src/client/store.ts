/**
 * What a client keeps on its machine: the person's rows and how far they were read, commands without an answer, and the
 * newest page of some conversations, so that an app starts with what it had.
 *
 * A command is kept before it is sent for the first time; how far one has read may lag a little behind, which repeats
 * entries after a crash of this program but never skips one.  Anything here may be lost with no harm but a slower start,
 * except commands.
 */
import { letGo } from "./fold";
import type { Conversation, HistoryPage } from "./models";
import type { Command } from "./outbox";

/** A conversation as it is kept, with the highest seq that was told of. */
export interface KeptConversation {
  readonly conversation: Conversation;
  readonly seen: number;
}

/** What an earlier run left. */
export interface Kept {
  /** Whose it is; empty in a fresh store. */
  readonly userId: string;
  readonly epoch: string;
  readonly userVersion: number;
  readonly conversations: readonly KeptConversation[];
  /** In the order they were given. */
  readonly commands: readonly Command[];
}

/** Changes to write together, all or nothing. */
export interface Batch {
  /** Drop this first: `rows` (and pages) when the epoch changed, `all` when it was another person's. */
  readonly drop: "nothing" | "rows" | "all";
  readonly userId: string | null;
  readonly version: { readonly epoch: string; readonly userVersion: number } | null;
  readonly conversations: readonly KeptConversation[];
  /** Commands that are new or changed. */
  readonly commands: readonly Command[];
  readonly gone: readonly { readonly conversationId: string; readonly clientId: string }[];
  readonly pages: readonly HistoryPage[];
}

export interface Store {
  /** Whether anything outlives the program. */
  readonly durable: boolean;
  load(): Promise<Kept>;
  /** Durable when it resolves. */
  write(batch: Batch): Promise<void>;
  /** The newest page of a conversation, as it was kept. */
  page(conversationId: string): Promise<HistoryPage | null>;
  close(): Promise<void>;
}

const NOTHING: Kept = { userId: "", epoch: "", userVersion: 0, conversations: [], commands: [] };

/** Keeps everything for as long as it lives; for tests, for Node.js, and where a browser refuses to keep anything. */
export class MemoryStore implements Store {
  readonly durable: boolean;
  #kept = NOTHING;
  readonly #conversations = new Map<string, KeptConversation>();
  readonly #commands = new Map<string, Command>();
  readonly #pages = new Map<string, HistoryPage>();

  /** `durable` false: nobody waits for it. */
  constructor(durable = false) {
    this.durable = durable;
  }

  load(): Promise<Kept> {
    const conversations = [...this.#conversations.values()];
    return Promise.resolve({ ...this.#kept, conversations, commands: [...this.#commands.values()] });
  }

  write(batch: Batch): Promise<void> {
    if (batch.drop !== "nothing") {
      this.#conversations.clear();
      this.#pages.clear();
      this.#kept = { ...NOTHING, userId: this.#kept.userId };
    }
    if (batch.drop === "all") {
      this.#commands.clear();
      this.#kept = NOTHING;
    }
    if (batch.userId !== null) this.#kept = { ...this.#kept, userId: batch.userId };
    if (batch.version) this.#kept = { ...this.#kept, ...batch.version };
    for (const one of batch.conversations) {
      const { id, keptFrom } = one.conversation;
      this.#conversations.set(id, one);
      const page = this.#pages.get(id);
      if (page && keptFrom) this.#pages.set(id, letGo(page, keptFrom));
    }
    for (const one of batch.commands) this.#commands.set(`${one.conversationId}/${one.clientId}`, one);
    for (const one of batch.gone) this.#commands.delete(`${one.conversationId}/${one.clientId}`);
    for (const page of batch.pages) this.#pages.set(page.conversationId, page);
    return Promise.resolve();
  }

  page(conversationId: string): Promise<HistoryPage | null> {
    return Promise.resolve(this.#pages.get(conversationId) ?? null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
