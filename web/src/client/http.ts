/**
 * The HTTP calls of a chat client: an account, tokens, where to connect, and whatever else the API has.
 *
 * Refusals arrive as problem+json (or, from the token endpoint, as RFC 6749 section 5.2 errors) and leave as
 * `HubbubError`; a server that cannot be reached is `unreachable`, which may be retried.
 */
import { HubbubError } from "./errors";
import type { User } from "./models";
import { thisPlatform, type Platform } from "./platform";

/** What a login gave. */
export interface Tokens {
  readonly accessToken: string;
  /** Seconds the access token lives from when it was given; 0 when that is not known. */
  readonly expiresInS: number;
  readonly refreshToken: string;
  readonly userId: string;
  readonly username: string;
  readonly deviceId: string;
}

/** Where to connect. */
export interface Place {
  readonly websocketUrl: string;
  readonly nodeId: string;
}

export interface CallOptions {
  readonly token?: string;
  /** A JSON value. */
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Of the sentences in errors. */
  readonly language?: string;
}

type Json = Readonly<Record<string, unknown>>;

const OAUTH_CODES: Readonly<Record<string, string>> = {
  invalid_grant: "bad_credentials",
  invalid_client: "unauthenticated",
  invalid_request: "bad_request",
  temporarily_unavailable: "unavailable",
};

export class HttpApi {
  readonly server: string;
  readonly #platform: Platform;
  readonly #timeoutMs: number;

  /** `server`: its address, such as `https://chat.example`. */
  constructor(server: string, options: { platform?: Platform; timeoutMs?: number } = {}) {
    this.server = server.replace(/\/+$/, "");
    this.#platform = options.platform ?? thisPlatform;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  // ------------------------------------------------------------ accounts and tokens

  /**
   * Make an account; `code` where people come by invitation.
   *
   * Where an administrator lets people in it is `pending`: logging in is refused as `approval_pending` until then.
   */
  async register(
    username: string,
    password: string,
    displayName = "",
    code = "",
  ): Promise<User & { readonly pending: boolean }> {
    const json = { username, password, display_name: displayName, ...(code ? { code } : {}) };
    const answer = await this.call<Json>("POST", "/api/v1/accounts", { json });
    return {
      id: text(answer["user_id"]),
      username: text(answer["username"]) || username,
      displayName: text(answer["display_name"]) || displayName,
      signature: "",
      bot: false,
      avatar: "",
      pending: answer["pending"] === true,
    };
  }

  /**
   * Exchange a name and a password for tokens.
   *
   * Where that is refused as `second_factor_needed`, `secondFactor` is a code of the person's app or a recovery code;
   * `secondFactors` of the error says which of them there are.
   */
  async logIn(
    username: string,
    password: string,
    device: { readonly id?: string; readonly name?: string } = {},
    secondFactor = "",
  ): Promise<Tokens> {
    const form: Record<string, string> = { grant_type: "password", username, password };
    if (device.id) form["device_id"] = device.id;
    if (device.name) form["device_name"] = device.name;
    if (secondFactor) form["second_factor"] = secondFactor;
    return tokensOf(await this.call<Json>("POST", "/oauth/token", { form }));
  }

  /** Exchange the code of the server's sign-in pages, once, for tokens (RFC 6749 section 4.1.3, RFC 7636). */
  async redeem(
    code: string,
    verifier: string,
    redirectUri: string,
    device: { readonly id?: string; readonly name?: string } = {},
  ): Promise<Tokens> {
    const form: Record<string, string> = { grant_type: "authorization_code", code, redirect_uri: redirectUri };
    form["code_verifier"] = verifier;
    if (device.id) form["device_id"] = device.id;
    if (device.name) form["device_name"] = device.name;
    return tokensOf(await this.call<Json>("POST", "/oauth/token", { form }));
  }

  /** Exchange a refresh token, once, for new tokens. */
  async refresh(refreshToken: string): Promise<Tokens> {
    const form = { grant_type: "refresh_token", refresh_token: refreshToken };
    try {
      return tokensOf(await this.call<Json>("POST", "/oauth/token", { form }));
    } catch (thrown) {
      const error = HubbubError.from(thrown);
      if (!error.is("bad_credentials", "bad_token", "unauthenticated")) throw error;
      throw new HubbubError("session_ended", "The login has ended; log in again.", { cause: error });
    }
  }

  /** End the login the token descends from. */
  async logOut(accessToken: string): Promise<void> {
    await this.call("POST", "/api/v1/me/logout", { token: accessToken });
  }

  /** Ask where to open a connection, but for nodes that could not be reached. */
  async connect(accessToken: string, avoid: readonly string[] = []): Promise<Place> {
    const json = avoid.length ? { avoid } : undefined;
    const answer = await this.call<Json>("POST", "/api/v1/connect", { token: accessToken, json });
    return { websocketUrl: text(answer["websocket_url"]), nodeId: text(answer["node_id"]) };
  }

  // ------------------------------------------------------------ one call

  /**
   * Return the JSON a call answers, an empty object for no content.
   *
   * Rejects with HubbubError for refusals and for servers that do not answer.
   */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (options.token) headers["authorization"] = `Bearer ${options.token}`;
    if (options.language) headers["accept-language"] = options.language;
    let body: string | null = null;
    if (options.form) {
      headers["content-type"] = "application/x-www-form-urlencoded";
      body = new URLSearchParams(options.form).toString();
    } else if (options.json !== undefined) {
      headers["content-type"] = "application/json";
      body = JSON.stringify(options.json);
    }
    const query = options.query ? `?${new URLSearchParams(options.query).toString()}` : "";
    const limit = new AbortController();
    const stop = this.#platform.after(this.#timeoutMs, () => limit.abort());
    let answer: Response;
    let content: string;
    try {
      const init = { method, headers, body, signal: limit.signal, credentials: "same-origin" } as const;
      answer = await this.#platform.fetch(`${this.server}${path}${query}`, init);
      content = await answer.text();
    } catch (cause) {
      throw new HubbubError("unreachable", `${this.server || "The server"} cannot be reached.`, { retry: true, cause });
    } finally {
      stop();
    }
    let value: unknown = {};
    try {
      if (content) value = JSON.parse(content);
    } catch {
      value = null;
    }
    if (answer.ok && value !== null) return value as T;
    throw refusal(answer, typeof value === "object" && value !== null ? (value as Json) : {});
  }
}

function refusal(answer: Response, problem: Json): HubbubError {
  let code = text(problem["code"]);
  let sentence = text(problem["detail"]) || text(problem["error_description"]) || text(problem["title"]);
  if (!code) {
    const oauth = text(problem["error"]);
    if (oauth) {
      code = OAUTH_CODES[oauth] ?? oauth;
    } else if (answer.status >= 500) {
      code = "unavailable";
    } else {
      code = "bad_request";
      sentence ||= `The server answered with HTTP ${answer.status}.`;
    }
  }
  const { retry, retry_after_ms: afterMs, second_factors: factors } = problem;
  return new HubbubError(code, sentence, {
    ...(typeof retry === "boolean" ? { retry } : {}),
    retryAfterMs: typeof afterMs === "number" ? afterMs : 0,
    secondFactors: Array.isArray(factors) ? factors.map(text).filter(Boolean) : [],
  });
}

function tokensOf(answer: Json): Tokens {
  const accessToken = text(answer["access_token"]);
  if (!accessToken) throw new HubbubError("internal_error", "The server's answer holds no token.");
  const expiresIn = answer["expires_in"];
  return {
    accessToken,
    expiresInS: typeof expiresIn === "number" ? expiresIn : 0,
    refreshToken: text(answer["refresh_token"]),
    userId: text(answer["user_id"]),
    username: text(answer["username"]),
    deviceId: text(answer["device_id"]),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
