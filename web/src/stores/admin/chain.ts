/**
 * Checks the chain of the audit log here, so that nobody has to take the server's word for it.
 *
 * What an entry's hash is made of is said in docs/security.md; `hubbub audit verify` does the same.
 */
import { addressOf, type AuditEntry, type AuditPage, type Call } from "./api";

const FORM = "hubbub audit 1";
const PAGE = 200;
export const ORIGIN = "0".repeat(64);

export interface Verdict {
  /** How many entries were checked and found as they were written. */
  readonly checked: number;
  /** The first that is not; 0: all are. */
  readonly broken: number;
}

/** A browser gives the means to hash only to pages that came over a secure connection. */
export function canCheck(): boolean {
  return isSecureContext;
}

export async function hashOf(entry: AuditEntry): Promise<string> {
  const encode = new TextEncoder();
  const fields: Uint8Array[] = [
    FORM,
    String(entry.seq),
    String(entry.time_ms),
    entry.act,
    entry.user_id,
    entry.client_id,
    entry.address,
    entry.target,
    entry.detail,
  ].map((field) => encode.encode(field));
  fields.push(bytesOf(entry.previous));
  const parts = fields.flatMap((field) => [encode.encode(`${field.length}:`), field, encode.encode(",")]);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)));
}

/** Walk the whole log from its beginning; `told` hears how far it is. */
export async function verify(call: Call, told: (checked: number, of: number) => void): Promise<Verdict> {
  let checked = 0;
  let last = ORIGIN;
  let cursor = "";
  let head: AuditPage["head"];
  do {
    const page: AuditPage = await call("GET", addressOf("/audit", { order: "oldest", limit: PAGE, cursor }));
    for (const entry of page.entries) {
      const follows = entry.seq === checked + 1 && entry.previous === last && entry.hash === (await hashOf(entry));
      if (!follows) return { checked, broken: checked + 1 };
      checked = entry.seq;
      last = entry.hash;
    }
    ({ head, next_cursor: cursor } = page);
    told(checked, Math.max(checked, head.seq));
  } while (cursor);
  // The newest was read before the entries of its page: they may be more by now, and never fewer.
  const whole = checked > head.seq || (checked === head.seq && (checked === 0 || last === head.hash));
  return { checked, broken: whole ? 0 : checked + 1 };
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
