/** Legal holds, and writing what one holds into a file that can be checked. */
import { addressOf, type Call } from "./api";

export interface Hold {
  readonly hold_id: string;
  readonly name: string;
  readonly reason: string;
  readonly from_ms: number;
  readonly until_ms: number;
  readonly created_by: string;
  readonly created_ms: number;
  readonly closed_by: string;
  readonly closed_ms: number;
  readonly people: number;
  readonly conversations: number;
}

export interface Subject {
  readonly subject_id: string;
  readonly kind: "person" | "conversation";
  readonly name: string;
}

export interface Subjects {
  readonly user_ids: string[];
  readonly conversation_ids: string[];
}

interface HeldPage {
  readonly entries: readonly {
    readonly entry: Readonly<Record<string, unknown>> & { readonly conversation_id: string };
    readonly sender: string;
    readonly recalled: boolean;
    readonly erased: boolean;
  }[];
  readonly conversations: readonly { readonly conversation_id: string }[];
  readonly next_cursor: string;
}

export interface Exported {
  readonly file: Blob;
  readonly sha256: string;
  readonly entries: number;
}

const PAGE = 200;

/** Part what somebody typed into names, at commas and spaces. */
export function namesIn(text: string): string[] {
  const names = text.split(/[\s,，、]+/).map((name) => name.replace(/^@/, ""));
  return [...new Set(names.filter((name) => name !== ""))];
}

/** Read everything a hold holds, a line for each conversation and entry, and have the server remember its digest. */
export async function readHold(call: Call, holdId: string): Promise<Exported> {
  const begun = `/holds/${holdId}/exports`;
  const { export_id: id } = await call<{ export_id: string }>("POST", addressOf(begun));
  const lines: string[] = [];
  const known = new Set<string>();
  let entries = 0;
  let cursor = "";
  do {
    const page = await call<HeldPage>("GET", addressOf(`${begun}/${id}/entries`, { limit: PAGE, cursor }));
    const named = new Map(page.conversations.map((one) => [one.conversation_id, one]));
    for (const { entry, ...about } of page.entries) {
      if (!known.has(entry.conversation_id)) {
        known.add(entry.conversation_id);
        lines.push(JSON.stringify({ type: "conversation", ...named.get(entry.conversation_id) }) + "\n");
      }
      lines.push(JSON.stringify({ ...entry, type: "entry", ...about }) + "\n");
      entries += 1;
    }
    cursor = page.next_cursor;
  } while (cursor);
  const file = new Blob(lines, { type: "application/jsonl" });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  await call("POST", addressOf(`${begun}/${id}/finish`), { sha256, entries });
  return { file, sha256, entries };
}
