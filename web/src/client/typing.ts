/**
 * Who types: what is told of oneself no more often than it must be, and others forgotten when they fall silent.
 */
import type { Events } from "./api";
import type { Platform } from "./platform";

/** How often a client says that its user still types (protocol.md 16.2). */
const REPEAT_MS = 3_000;

/** After how long a silence somebody no longer types. */
const FORGET_MS = 6_000;

export class Typists {
  readonly #platform: Platform;
  readonly #emit: (event: Events["typing"]) => void;
  readonly #told = new Map<string, number>();
  readonly #timers = new Map<string, () => void>();

  constructor(platform: Platform, emit: (event: Events["typing"]) => void) {
    this.#platform = platform;
    this.#emit = emit;
  }

  /** Whether the server should be told now what one does. */
  tells(conversationId: string, typing: boolean): boolean {
    const now = this.#platform.monotonic();
    const last = this.#told.get(conversationId);
    if (!typing) return this.#told.delete(conversationId);
    if (last !== undefined && now - last < REPEAT_MS) return false;
    this.#told.set(conversationId, now);
    return true;
  }

  /** Somebody types, or stopped to. */
  heard(event: Events["typing"]): void {
    const key = `${event.conversationId}/${event.userId}`;
    const known = this.#timers.get(key);
    known?.();
    this.#timers.delete(key);
    if (event.typing) {
      const stop = this.#platform.after(FORGET_MS, () => {
        this.#timers.delete(key);
        this.#emit({ ...event, typing: false });
      });
      this.#timers.set(key, stop);
    }
    if (Boolean(known) !== event.typing) this.#emit(event);
  }

  /** Somebody said something: they no longer type it. */
  spoke(conversationId: string, userId: string): void {
    this.heard({ conversationId, userId, typing: false });
  }

  close(): void {
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }
}
