/** What the console asks the server, and what the server answers; the words are those of the HTTP interface. */
import { useSession } from "@/stores/session";

import type { Page } from "./paged";

export type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

export interface Account {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly email: string;
  readonly bot: boolean;
  readonly state: "active" | "waiting" | "banned" | "deleted";
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly created_ms: number;
  readonly last_seen_ms: number;
  readonly banned_until_ms: number;
  readonly muted_until_ms: number;
}

export interface Login {
  readonly login_id: string;
  readonly device_name: string;
  readonly client_id: string;
  readonly created_ms: number;
  readonly used_ms: number;
  readonly current: boolean;
}

export interface JoinCode {
  readonly code: string;
  readonly created_by: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly uses_left: number;
  readonly note: string;
}

export interface Waiting {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly created_ms: number;
}

export interface Role {
  readonly role: string;
  readonly name: string;
  readonly built_in: boolean;
  readonly permissions: readonly string[];
}

export interface Holder {
  readonly user_id: string;
  readonly username: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** Who may not come in, or not say anything; 0: without end. */
export interface Ban {
  readonly user_id: string;
  readonly username: string;
  readonly until_ms: number;
}

export type Value = boolean | number | string;

export interface Setting {
  readonly key: string;
  readonly value: Value;
  readonly default: Value;
  readonly is_set: boolean;
  readonly description: string;
  readonly allowed: string;
}

export interface Configuration {
  readonly version: number;
  readonly settings: readonly Setting[];
}

export interface ConfigVersion {
  readonly version: number;
  readonly values: Readonly<Record<string, Value>>;
  readonly author: string;
  readonly made_ms: number;
  readonly note: string;
}

export interface Report {
  readonly report_id: string;
  readonly reporter_id: string;
  readonly user_id: string;
  readonly reason: "spam" | "abuse" | "violence" | "illegal" | "other";
  readonly note: string;
  readonly time_ms: number;
  readonly conversation_id: string;
  readonly seq: number;
  readonly excerpt: string;
  readonly resolution: "" | "dismissed" | "acted";
  readonly resolved_by: string;
  readonly resolved_ms: number;
  readonly resolved_note: string;
}

export interface Held {
  readonly held_id: string;
  readonly conversation_id: string;
  readonly user_id: string;
  readonly edit_of: number;
  readonly text: string;
  readonly filter_id: string;
  readonly time_ms: number;
  readonly state: "waiting" | "accepted" | "declined" | "failed";
}

export interface WordFilter {
  readonly filter_id: string;
  readonly pattern: string;
  readonly action: "refuse" | "mask" | "hold";
  readonly created_by: string;
  readonly created_ms: number;
}

export interface Load {
  readonly sessions: number;
  readonly users: number;
  readonly acked_per_s: number;
  readonly delivered_per_s: number;
  readonly cpu: number;
  readonly rss_mib: number;
  readonly pending: number;
}

export interface Node {
  readonly node_id: string;
  readonly incarnation: string;
  readonly roles: readonly string[];
  readonly state: "up" | "draining" | "suspect" | "dead";
  readonly draining: boolean;
  readonly starting: boolean;
  readonly http: string;
  readonly version: string;
  readonly level: number;
  readonly started_ms: number;
  readonly heard_ms: number | null;
  readonly load: Load;
}

export interface NodeList {
  readonly node_id: string;
  readonly server_time_ms: number;
  readonly level: number;
  readonly nodes: readonly Node[];
}

export interface OAuthClient {
  readonly client_id: string;
  readonly name: string;
  readonly public: boolean;
  readonly redirect_uris: readonly string[];
  readonly grants: readonly string[];
  readonly scopes: readonly string[];
  readonly bot_id: string;
  readonly trusted: boolean;
  readonly resource_server: boolean;
  readonly created_ms: number;
}

export interface AuditEntry {
  readonly seq: number;
  readonly time_ms: number;
  readonly act: string;
  readonly user_id: string;
  readonly client_id: string;
  readonly address: string;
  readonly target: string;
  readonly detail: string;
  readonly previous: string;
  readonly hash: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next_cursor: string;
  readonly head: { readonly seq: number; readonly hash: string };
}

/** Return an address below /api/v1 with what of a query is not empty. */
export function addressOf(path: string, query: Readonly<Record<string, string | number>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== 0);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

/** Return one page of a list whose rows stand under a name. */
export async function pageOf<Row>(
  call: Call,
  path: string,
  rows: string,
  query: Readonly<Record<string, string | number>> = {},
): Promise<Page<Row>> {
  const answer = await call<Record<string, unknown>>("GET", addressOf(path, query));
  const next = answer["next_cursor"];
  return { rows: answer[rows] as Row[], next: typeof next === "string" ? next : "" };
}

/** The call of whoever is logged in. */
export function useCall(): Call {
  const session = useSession();
  return (method, path, body) => session.client.call(method, path, body);
}

/** Somebody's mute on the server, looked for in the whole list; those who may not see accounts have nothing else. */
export async function muteOf(call: Call, userId: string): Promise<Ban | undefined> {
  let cursor = "";
  do {
    const { rows, next } = await pageOf<Ban>(call, "/mutes", "mutes", { limit: 200, cursor });
    const found = rows.find((one) => one.user_id === userId);
    if (found) return found;
    cursor = next;
  } while (cursor);
  return undefined;
}
