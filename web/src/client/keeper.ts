/**
 * What is to be kept, gathered until it is written.
 *
 * Changes of one turn belong together, so they go to the store as one batch, one batch at a time: commands at once,
 * everything else within a moment, so that a page that is reloaded finds what it showed.  A store that fails
 * (a full disk, a browser that takes its storage away) is given up with a report: the client goes on without it, and
 * commands are then sent unkept rather than never.
 */
import type { Fault } from "./emitter";
import type { Conversation, HistoryPage } from "./models";
import type { Command } from "./outbox";
import type { Batch, Kept, KeptConversation, Store } from "./store";

/** How long what is no command may wait to be written along with what comes next. */
const GATHER_MS = 200;

/** Calls back once after a while; what is returned prevents that. */
type After = (ms: number, then: () => void) => () => void;

interface Gathered {
  drop: Batch["drop"];
  userId: string | null;
  version: Batch["version"];
  conversations: Map<string, KeptConversation>;
  commands: Map<string, Command>;
  gone: Map<string, Command>;
  pages: Map<string, HistoryPage>;
}

function nothing(): Gathered {
  return {
    drop: "nothing",
    userId: null,
    version: null,
    conversations: new Map(),
    commands: new Map(),
    gone: new Map(),
    pages: new Map(),
  };
}

export class Keeper {
  readonly #store: Store;
  readonly #fault: Fault;
  readonly #written: (commands: readonly Command[]) => void;
  readonly #after: After;
  #stopWaiting: (() => void) | null = null;
  #closed = false;
  #batch = nothing();
  #dirty = false;
  #working: Promise<void> | null = null;
  #broken = false;

  /** `written` gets the commands that may be sent now. */
  constructor(
    store: Store,
    written: (commands: readonly Command[]) => void,
    { fault, after }: { readonly fault: Fault; readonly after: After },
  ) {
    this.#store = store;
    this.#written = written;
    this.#fault = fault;
    this.#after = after;
  }

  /** Whether a command must be kept before it is sent. */
  get durable(): boolean {
    return this.#store.durable && !this.#broken;
  }

  async load(): Promise<Kept | null> {
    try {
      return await this.#store.load();
    } catch (thrown) {
      this.#giveUp(thrown);
      return null;
    }
  }

  async page(conversationId: string): Promise<HistoryPage | null> {
    const gathered = this.#batch.pages.get(conversationId);
    if (gathered) return gathered;
    if (this.#broken) return null;
    try {
      return await this.#store.page(conversationId);
    } catch (thrown) {
      this.#fault(thrown);
      return null;
    }
  }

  /** Write what is left and let the store go. */
  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    if (!this.#broken) await this.#store.close();
  }

  /** Write what was gathered; resolves when nothing is left. */
  async flush(): Promise<void> {
    while (this.#dirty || this.#working) {
      this.#working ??= this.#write();
      await this.#working;
    }
  }

  /** Have what was gathered written now. */
  soon(): void {
    if (this.#dirty && !this.#closed) this.#working ??= this.#write();
  }

  // ------------------------------------------------------------ what is gathered

  command(command: Command): void {
    const key = `${command.conversationId}/${command.clientId}`;
    this.#batch.gone.delete(key);
    this.#batch.commands.set(key, command);
    this.#touch(true);
  }

  gone(command: Command): void {
    const key = `${command.conversationId}/${command.clientId}`;
    this.#batch.commands.delete(key);
    this.#batch.gone.set(key, command);
    this.#touch(true);
  }

  held(conversation: Conversation, seen: number): void {
    this.#batch.conversations.set(conversation.id, { conversation, seen });
    this.#touch(false);
  }

  newest(page: HistoryPage): void {
    this.#batch.pages.set(page.conversationId, page);
    this.#touch(false);
  }

  version(epoch: string, userVersion: number): void {
    this.#batch.version = { epoch, userVersion };
    this.#touch(false);
  }

  /** Say whose this is; with `evict`, everything that was another person's goes first. */
  owner(userId: string, evict: boolean): void {
    if (evict) {
      this.#batch = nothing();
      this.#batch.drop = "all";
    }
    this.#batch.userId = userId;
    this.#touch(false);
  }

  /** Drop rows and positions: the epoch changed.  Commands stay. */
  forget(): void {
    const { drop, userId, commands, gone } = this.#batch;
    this.#batch = { ...nothing(), drop: drop === "all" ? "all" : "rows", userId, commands, gone };
    this.#touch(true);
  }

  /** Drop everything: the login has ended. */
  erase(): void {
    this.#batch = nothing();
    this.#batch.drop = "all";
    this.#touch(true);
  }

  #touch(now: boolean): void {
    this.#dirty = true;
    if (now) {
      this.soon();
    } else if (!this.#closed) {
      this.#stopWaiting ??= this.#after(GATHER_MS, () => {
        this.#stopWaiting = null;
        this.soon();
      });
    }
  }

  async #write(): Promise<void> {
    // What else is changed in this turn goes along.
    await Promise.resolve();
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    const batch = this.#batch;
    this.#batch = nothing();
    this.#dirty = false;
    try {
      if (!this.#broken) {
        await this.#store.write({
          drop: batch.drop,
          userId: batch.userId,
          version: batch.version,
          conversations: [...batch.conversations.values()],
          commands: [...batch.commands.values()],
          gone: [...batch.gone.values()].map(({ conversationId, clientId }) => ({ conversationId, clientId })),
          pages: [...batch.pages.values()],
        });
      }
    } catch (thrown) {
      this.#giveUp(thrown);
    } finally {
      this.#working = null;
    }
    this.#written([...batch.commands.values()]);
    // What was to be written at once while this went on.
    if (this.#batch.commands.size || this.#batch.gone.size) this.soon();
  }

  #giveUp(thrown: unknown): void {
    this.#broken = true;
    this.#fault(thrown);
  }
}
