/**
 * What can go wrong for a program that uses the SDK, and what it may do about it.
 *
 * Everything the SDK throws on purpose is a `HubbubError`: a code of `spec/errors.toml`, a sentence, whether the same
 * request may succeed later, and after how long.  Foreign exceptions (sockets, fetch, protobuf) are translated once,
 * where they come in.
 */
import { ERRORS, type Code, type ErrorRow } from "../protocol/errors";

/**
 * A row of `errors.toml`; or one that never travels: `unreachable` (no server answered), `closed` (the client was
 * closed, or the login is another person's).  A newer server may send a code that is neither.
 */
export type ErrorCode = Code | "unreachable" | "closed";

/** An error as plain data, for what crosses a port or is kept. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
  readonly retryAfterMs: number;
  readonly secondFactors?: readonly string[];
}

const rows: Readonly<Record<string, ErrorRow | undefined>> = ERRORS;

/** A request was refused, or could not be made. */
export class HubbubError extends Error implements ErrorData {
  override readonly name = "HubbubError";
  readonly code: string;
  /** Whether the same request, with the same clientId, may succeed later. */
  readonly retry: boolean;
  /** Milliseconds to wait before trying again; 0 when nothing was said. */
  readonly retryAfterMs: number;
  /**
   * Of `second_factor_needed`: what the person has of `app`, `recovery_code` and `passkey`; empty otherwise.  The first
   * two are typed in; a passkey needs a page of the server.
   */
  readonly secondFactors: readonly string[];

  constructor(
    code: ErrorCode | (string & {}),
    message = "",
    options: { retry?: boolean; retryAfterMs?: number; secondFactors?: readonly string[]; cause?: unknown } = {},
  ) {
    const row = rows[code];
    const fallback = row?.en ?? `The server answered ${JSON.stringify(code)}.`;
    super(message || fallback, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? row?.retry ?? code === "unreachable";
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.secondFactors = options.secondFactors ?? [];
  }

  /** Whether it is this error. */
  is(...codes: ErrorCode[]): boolean {
    return (codes as string[]).includes(this.code);
  }

  /** The sentence in a language this server speaks; programs look at the code alone. */
  sentence(language: "en" | "zh"): string {
    return rows[this.code]?.[language] ?? this.message;
  }

  toData(): ErrorData {
    const { code, message, retry, retryAfterMs, secondFactors } = this;
    return { code, message, retry, retryAfterMs, ...(secondFactors.length ? { secondFactors } : {}) };
  }

  static of(data: ErrorData): HubbubError {
    const { code, message, ...options } = data;
    return new HubbubError(code, message, options);
  }

  /** What was thrown, as one of these: anything else is a mistake of this program and final. */
  static from(thrown: unknown): HubbubError {
    if (thrown instanceof HubbubError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new HubbubError("closed", message, { cause: thrown });
  }
}

/** Close codes after which connecting again cannot help, each with the code it most likely stands for. */
function finalCloses(): ReadonlyMap<number, string> {
  const retried = new Set(Object.values(ERRORS).flatMap((row) => (row.retry ? [row.close as number] : [])));
  const found = new Map<number, string>();
  for (const [code, row] of Object.entries(ERRORS)) {
    if (row.close && !retried.has(row.close) && !found.has(row.close)) found.set(row.close, code);
  }
  return found;
}

export const FINAL_CLOSES = finalCloses();

/** The error for a connection that ended with a close code and a reason. */
export function errorOfClose(closeCode: number, reason: string): HubbubError {
  if (rows[reason]) return new HubbubError(reason);
  const code =
    FINAL_CLOSES.get(closeCode) ?? Object.entries(ERRORS).find(([, row]) => row.close && row.close === closeCode)?.[0];
  if (code !== undefined) return new HubbubError(code, reason);
  return new HubbubError("unreachable", `The connection was lost (${closeCode}).`, { retry: true });
}
