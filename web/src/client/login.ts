/**
 * Where tokens come from: one that was handed in, a name and password, or a login kept from an earlier run.
 *
 * A refresh token works once.  So a new pair is kept (by `LoginKeeper.keep`, which is durable when it resolves) before
 * the old one is forgotten, and only one refresh runs at a time, over all tabs where the browser has locks.
 */
import { HubbubError } from "./errors";
import type { HttpApi, Tokens } from "./http";

/** A token this near its end is replaced before it is used. */
const EARLY_MS = 30_000;

/** Gives access tokens. */
export interface Login {
  /**
   * Resolve with a token that lives a while yet, renewing it if necessary.
   *
   * Rejects with HubbubError: one that says `retry` is worth another attempt, any other ends the login.
   */
  token(http: HttpApi, nowMs: number): Promise<string>;
  /** Resolve with another token than `refused`, which the server turned away or which is about to end. */
  renew(http: HttpApi, refused: string, nowMs: number): Promise<string>;
  /** How long the present token lives, in milliseconds; infinite when that is not known. */
  leftMs(nowMs: number): number;
  /** Forget what is kept: the login has ended. */
  forget(): Promise<void>;
}

/** One access token; when it ends, so does the client. */
export class FixedToken implements Login {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  token(): Promise<string> {
    return Promise.resolve(this.#token);
  }

  renew(_http: HttpApi, refused: string): Promise<string> {
    if (refused !== this.#token) return Promise.resolve(this.#token);
    const sentence = "The token was refused, and there is no way to renew it.";
    return Promise.reject(new HubbubError("token_expired", sentence));
  }

  leftMs(): number {
    return Infinity;
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }
}

/** A login as it is kept. */
export interface KeptTokens {
  readonly tokens: Tokens;
  /** When they were given, as `Date.now()`. */
  readonly obtainedMs: number;
}

/** Keeps one login. */
export interface LoginKeeper {
  load(): Promise<KeptTokens | null>;
  /** Durable when it resolves; null forgets. */
  keep(login: KeptTokens | null): Promise<void>;
}

/** Runs one thing at a time under a name. */
export type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/** One at a time over all tabs and workers of this origin, where there are Web Locks; else in this program. */
export function exclusively(name: string): Exclusively {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (locks) return (work) => locks.request(name, work);
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** A login with a refresh token, and a password to fall back on if one was given. */
export class KeptLogin implements Login {
  readonly #keeper: LoginKeeper | null;
  readonly #alone: Exclusively;
  readonly #password: { readonly username: string; readonly password: string } | null;
  readonly #device: { readonly id?: string; readonly name?: string };
  #kept: KeptTokens | null;

  constructor(
    options: {
      kept?: KeptTokens | null;
      keeper?: LoginKeeper | null;
      username?: string;
      password?: string;
      device?: { readonly id?: string; readonly name?: string };
      exclusively?: Exclusively;
    } = {},
  ) {
    this.#kept = options.kept ?? null;
    this.#keeper = options.keeper ?? null;
    this.#password =
      options.username && options.password ? { username: options.username, password: options.password } : null;
    this.#device = options.device ?? {};
    this.#alone = options.exclusively ?? exclusively("hubbub-login");
  }

  token(http: HttpApi, nowMs: number): Promise<string> {
    return this.#alone(async () => {
      if (this.leftMs(nowMs) < EARLY_MS) await this.#renew(http, nowMs);
      return this.#present();
    });
  }

  renew(http: HttpApi, refused: string, nowMs: number): Promise<string> {
    return this.#alone(async () => {
      if (!this.#kept || this.#kept.tokens.accessToken === refused) await this.#renew(http, nowMs);
      return this.#present();
    });
  }

  leftMs(nowMs: number): number {
    if (!this.#kept) return 0;
    const { tokens, obtainedMs } = this.#kept;
    return tokens.expiresInS ? obtainedMs + tokens.expiresInS * 1000 - nowMs : Infinity;
  }

  async forget(): Promise<void> {
    this.#kept = null;
    await this.#keeper?.keep(null);
  }

  #present(): string {
    if (!this.#kept) throw new HubbubError("unauthenticated");
    return this.#kept.tokens.accessToken;
  }

  async #renew(http: HttpApi, nowMs: number): Promise<void> {
    const mine = this.#kept;
    // Another tab may have renewed it: a refresh token that was spent there ends the whole login here.
    const kept = (await this.#keeper?.load().catch(() => null)) ?? mine;
    if (kept && kept.tokens.accessToken !== mine?.tokens.accessToken) {
      this.#kept = kept;
      if (this.leftMs(nowMs) >= EARLY_MS) return;
    }
    const fresh = await this.#fresh(http, kept?.tokens.refreshToken ?? "");
    const tokens = fresh.refreshToken ? fresh : { ...fresh, refreshToken: kept?.tokens.refreshToken ?? "" };
    const login = { tokens, obtainedMs: nowMs };
    // Where a browser refuses to keep anything, the login lasts as long as the page.
    await this.#keeper?.keep(login).catch(() => undefined);
    this.#kept = login;
  }

  async #fresh(http: HttpApi, refreshToken: string): Promise<Tokens> {
    if (refreshToken) {
      try {
        return await http.refresh(refreshToken);
      } catch (thrown) {
        const error = HubbubError.from(thrown);
        if (error.retry || !this.#password) throw error;
      }
    }
    if (!this.#password) throw new HubbubError("unauthenticated");
    return http.logIn(this.#password.username, this.#password.password, this.#device);
  }
}
