/** Times to come that people mean when they say "later". */

export type LaterKey = "hour" | "evening" | "tomorrow" | "monday";

const HOUR_MS = 3_600_000;

/** Quick choices, soonest first; each is a time that still makes sense to wait for. */
export function laterTimes(nowMs: number): { key: LaterKey; timeMs: number }[] {
  const now = new Date(nowMs);
  const at = (days: number, hour: number): number =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour).getTime();
  const toMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { key: "hour" as const, timeMs: nowMs + HOUR_MS },
    ...(now.getHours() < 16 ? [{ key: "evening" as const, timeMs: at(0, 18) }] : []),
    { key: "tomorrow" as const, timeMs: at(1, 9) },
    ...(toMonday > 1 ? [{ key: "monday" as const, timeMs: at(toMonday, 9) }] : []),
  ];
}

export type RemindKey = "minutes" | "hour" | "hours" | "tomorrow" | "monday";

/** When people mean to come back to something, soonest first. */
export function remindTimes(nowMs: number): { key: RemindKey; timeMs: number }[] {
  return [
    { key: "minutes", timeMs: nowMs + HOUR_MS / 3 },
    { key: "hour", timeMs: nowMs + HOUR_MS },
    { key: "hours", timeMs: nowMs + 3 * HOUR_MS },
    ...laterTimes(nowMs).flatMap(({ key, timeMs }) =>
      key === "tomorrow" || key === "monday" ? [{ key, timeMs }] : [],
    ),
  ];
}

/** A moment as a field for date and time writes it: 2025-10-03T14:05, here. */
export function fieldOf(timeMs: number): string {
  const date = new Date(timeMs);
  return new Date(timeMs - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The moment such a field holds; 0 while it holds none. */
export function momentOf(field: string): number {
  return new Date(field).getTime() || 0;
}
