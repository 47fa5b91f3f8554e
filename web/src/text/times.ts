/** Times as people read them, in their language. */

const DAY_MS = 86_400_000;

/** The day a moment falls on, here: equal for two moments of one day. */
export function dayOf(timeMs: number): number {
  const date = new Date(timeMs);
  return Math.round(new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / DAY_MS);
}

function formatter(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language, options);
    formatters.set(key, found);
  }
  return found;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** 14:05 */
export function clockTime(timeMs: number, language: string): string {
  return formatter(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(timeMs);
}

/** Friday, 3 October 2025 at 14:05 */
export function fullTime(timeMs: number, language: string): string {
  return formatter(language, { dateStyle: "full", timeStyle: "short", hourCycle: "h23" }).format(timeMs);
}

/** Today, yesterday, a weekday within a week, else the date. */
export function dayName(timeMs: number, nowMs: number, language: string): string {
  const days = dayOf(timeMs) - dayOf(nowMs);
  if (days === 0 || days === -1) {
    const name = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  }
  const sameYear = new Date(timeMs).getFullYear() === new Date(nowMs).getFullYear();
  return formatter(language, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(timeMs);
}

/** A moment to come, or one not long ago: Tomorrow 08:00, Mon 3 Oct 08:00. */
export function soonName(timeMs: number, nowMs: number, language: string): string {
  const days = dayOf(timeMs) - dayOf(nowMs);
  const time = clockTime(timeMs, language);
  if (days === 0) return time;
  if (days === 1) {
    const name = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(1, "day");
    return `${name.charAt(0).toLocaleUpperCase(language) + name.slice(1)} ${time}`;
  }
  const sameYear = new Date(timeMs).getFullYear() === new Date(nowMs).getFullYear();
  const day = formatter(language, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(timeMs);
  return `${day} ${time}`;
}

/** What fits at the end of a row: the time of today, else the day. */
export function shortTime(timeMs: number, nowMs: number, language: string): string {
  const days = dayOf(nowMs) - dayOf(timeMs);
  if (days <= 0) return clockTime(timeMs, language);
  if (days < 7) return formatter(language, { weekday: "short" }).format(timeMs);
  const sameYear = new Date(timeMs).getFullYear() === new Date(nowMs).getFullYear();
  return formatter(
    language,
    sameYear ? { day: "numeric", month: "short" } : { day: "numeric", month: "numeric", year: "2-digit" },
  ).format(timeMs);
}

/** 5 minutes ago. */
export function ago(timeMs: number, nowMs: number, language: string): string {
  const seconds = Math.min(0, Math.round((timeMs - nowMs) / 1000));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (seconds > -60) return format.format(-Math.max(1, Math.ceil(-seconds / 60)), "minute");
  if (seconds > -3600) return format.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return format.format(Math.round(seconds / 3600), "hour");
  if (seconds > -86_400 * 30) return format.format(Math.round(seconds / 86_400), "day");
  return formatter(language, { dateStyle: "medium" }).format(timeMs);
}
