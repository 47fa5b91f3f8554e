/**
 * How tall the rows of a long list are: measured where a row was drawn once, guessed where not.
 *
 * The guess is the mean of what was measured.  A wrong guess moves nothing on the screen, because the list keeps its
 * anchor row in place (see `AnchoredList`); it only makes the scroll bar's thumb a little longer or shorter.
 */
export interface Keyed {
  readonly key: string;
}

export interface Range {
  /** The first row that is drawn. */
  first: number;
  /** The row behind the last one that is drawn. */
  last: number;
}

const FIRST_GUESS_PX = 48;

export class Heights {
  private readonly measured = new Map<string, number>();
  private total = 0;

  /** Note how tall a row is; return whether that is news. */
  set(key: string, height: number): boolean {
    const before = this.measured.get(key);
    if (before === height) return false;
    this.total += height - (before ?? 0);
    this.measured.set(key, height);
    return true;
  }

  of(key: string): number {
    return this.measured.get(key) ?? this.guess;
  }

  get guess(): number {
    return this.measured.size ? this.total / this.measured.size : FIRST_GUESS_PX;
  }

  /** The height of the rows from `first` to before `last`. */
  sum(items: readonly Keyed[], first: number, last: number): number {
    let sum = 0;
    for (const item of items.slice(first, last)) sum += this.of(item.key);
    return sum;
  }

  /** The rows that lie between two distances from the top of the list, at least one. */
  between(items: readonly Keyed[], top: number, bottom: number): Range {
    let first = -1;
    let y = 0;
    let index = 0;
    for (const item of items) {
      const below = y + this.of(item.key);
      if (first < 0 && below > top) first = index;
      y = below;
      index += 1;
      if (y >= bottom) break;
    }
    if (first < 0) first = Math.max(0, index - 1);
    return { first, last: Math.max(index, Math.min(items.length, first + 1)) };
  }

  /** Forget rows that are no longer on the list, when they have become many. */
  keepOnly(items: readonly Keyed[]): void {
    if (this.measured.size < 4 * items.length + 1000) return;
    const keep = new Set(items.map((item) => item.key));
    for (const [key, height] of this.measured) {
      if (keep.has(key)) continue;
      this.measured.delete(key);
      this.total -= height;
    }
  }
}

/** What a list can be told to do. */
export interface ListControls {
  /** Put a row into view, with `part` of the view's height above it; return whether there is such a row. */
  show(key: string, part?: number): Promise<boolean>;
  showEnd(): void;
  /** Give the keyboard to a row. */
  focusRow(key: string): Promise<void>;
}
