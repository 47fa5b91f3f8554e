/** How far a message of one's own has come, by what others have received and read. */
import type { Mark, Pending, Sending } from "@/client";

export interface Progress {
  readonly state: Sending;
  /** How many others have read it. */
  readonly readers: number;
}

export function progressOf(seq: number, pending: Pending | null, marks: Iterable<Mark>, me: string): Progress {
  if (pending?.state === "failed") return { state: "failed", readers: 0 };
  if (!seq) return { state: "waiting", readers: 0 };
  let readers = 0;
  let delivered = false;
  for (const mark of marks) {
    if (mark.userId === me) continue;
    if (mark.readSeq >= seq) readers += 1;
    delivered ||= mark.deliveredSeq >= seq;
  }
  return { state: readers ? "read" : delivered ? "delivered" : "sent", readers };
}
