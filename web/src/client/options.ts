/** What a client is told when it is made; all but the server and the login have a default. */
import type { Backoff } from "./backoff";
import type { Since } from "./feed";
import type { Login } from "./login";
import type { Platform } from "./platform";
import type { Store } from "./store";

export interface ClientOptions {
  /** The server's address, such as `https://chat.example`. */
  readonly server: string;
  readonly login: Login;
  /** Keeps rows, pages and commands; nothing outlives the program otherwise. */
  readonly store?: Store;
  /** Where to connect, instead of asking the server. */
  readonly address?: string;
  /** Where a client that holds nothing begins to tell of entries. */
  readonly since?: Since;
  /**
   * How many entries of a conversation are read one by one on return; beyond, `reset` says to load history instead.
   * An app that shows history pages wants 0, which leaves it to the server (200); a bot that must miss nothing wants much.
   */
  readonly catchUpLimit?: number;
  /** Whether others are told what this device received. */
  readonly receipts?: boolean;
  /** Name and version of the program, for the list of sessions. */
  readonly name?: string;
  /** 0 leaves the interval to the server. */
  readonly heartbeatMs?: number;
  readonly requestTimeoutMs?: number;
  readonly outboxLimit?: number;
  readonly backoff?: Backoff;
  readonly platform?: Platform;
}
