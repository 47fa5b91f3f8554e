/**
 * How long to wait before connecting again.
 *
 * A server that comes back must not meet all its clients in the same moment, so the wait is drawn evenly from nothing up
 * to a ceiling that doubles ("full jitter", protocol.md 4.18).
 */

/** Maps (failures in a row, from 1; milliseconds the server asked for) to milliseconds to wait. */
export type Backoff = (failures: number, askedMs: number) => number;

export function exponentialBackoff(random: () => number, firstMs = 500, ceilingMs = 30_000): Backoff {
  return (failures, askedMs) => {
    const ceiling = Math.min(ceilingMs, firstMs * 2 ** Math.min(failures - 1, 32));
    return askedMs + random() * ceiling;
  };
}
