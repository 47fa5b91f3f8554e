/**
 * Rebuild one conversation's order from entries that arrive in any order.
 *
 * Live pushes and fetches may both carry an entry, and pushes may skip one.  This module decides what to show now and
 * what to ask for (protocol.md 8.3).  A page says which range it covers: a number absent inside it is withheld, so it
 * is passed over and never asked for again.  It does no I/O and keeps no clock.
 */

/** Entries, and ranges, beyond a gap that are kept; the others are dropped and fetched again once the gap closes. */
const HELD_LIMIT = 4096;

interface Range {
  readonly from: number;
  readonly to: number;
}

export class Timeline<E extends { readonly seq: number }> {
  /** Highest number released; everything up to it was released once, or is withheld. */
  seen: number;
  /** Highest number heard of. */
  known: number;
  readonly #held = new Map<number, E>();
  /** Covered ranges above a gap, ascending by their beginning; they may overlap. */
  #ranges: Range[] = [];

  constructor(seen = 0) {
    this.seen = seen;
    this.known = seen;
  }

  /** The first range to ask for, both ends included; null when nothing is known to be missing. */
  get missing(): readonly [number, number] | null {
    const first = this.#ranges[0];
    if (first) return [this.seen + 1, first.from - 1];
    return this.known > this.seen ? [this.seen + 1, this.known] : null;
  }

  /** Learn that the conversation reaches up to `head`. */
  announce(head: number): void {
    this.known = Math.max(this.known, head);
  }

  /**
   * Accept a page that speaks for every number from `from` to `to`; return what is now in order.
   *
   * A page with `to` below `from` says nothing.  Entries outside the range are ignored.
   */
  cover(from: number, to: number, entries: Iterable<E>): E[] {
    if (to <= this.seen || to < from) return [];
    const fresh = new Map<number, E>();
    for (const entry of entries) {
      if (entry.seq > this.seen && entry.seq >= from && entry.seq <= to) fresh.set(entry.seq, entry);
    }
    this.known = Math.max(this.known, to);
    if (from > this.seen + 1) {
      this.#hold({ from, to }, fresh);
      return [];
    }
    this.seen = to;
    let next = this.#ranges[0];
    while (next && next.from <= this.seen + 1) {
      this.seen = Math.max(this.seen, next.to);
      this.#ranges.shift();
      next = this.#ranges[0];
    }
    for (const [seq, entry] of this.#held) {
      if (seq > this.seen) continue;
      this.#held.delete(seq);
      // The page wins over what was held: it was read later or says the same.
      if (!fresh.has(seq)) fresh.set(seq, entry);
    }
    return [...fresh.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Forget everything and go on after `seen`: what lies below is loaded by other means. */
  reset(seen: number): void {
    this.seen = seen;
    this.known = Math.max(this.known, seen);
    this.#held.clear();
    this.#ranges = [];
  }

  #hold(range: Range, fresh: ReadonlyMap<number, E>): void {
    // `known` remembers that there is more.
    if (this.#held.size + fresh.size > HELD_LIMIT || this.#ranges.length >= HELD_LIMIT) return;
    for (const [seq, entry] of fresh) {
      if (!this.#held.has(seq)) this.#held.set(seq, entry);
    }
    if (this.#ranges.some((held) => held.from === range.from && held.to === range.to)) return;
    const at = this.#ranges.findIndex(
      (held) => held.from > range.from || (held.from === range.from && held.to > range.to),
    );
    this.#ranges.splice(at < 0 ? this.#ranges.length : at, 0, range);
  }
}
