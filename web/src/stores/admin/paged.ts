/** A list that comes in pages: the first when it is wanted, the next when somebody asks for more. */
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";

import { HubbubError } from "@/client";

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Empty on the last page. */
  readonly next: string;
}

export interface Paged<Row> {
  readonly rows: ShallowRef<readonly Row[]>;
  readonly more: Ref<boolean>;
  readonly loading: Ref<boolean>;
  /** Whether a first page has come. */
  readonly loaded: Ref<boolean>;
  readonly error: ShallowRef<HubbubError | null>;
  /** Begin anew; what is shown stays until the first page is there. */
  readonly load: () => Promise<void>;
  readonly loadMore: () => Promise<void>;
  /** Change or, with null, drop the rows that something is true of. */
  readonly change: (which: (row: Row) => boolean, to: Row | null) => void;
  readonly put: (row: Row) => void;
}

export function createPaged<Row>(fetch: (cursor: string) => Promise<Page<Row>>): Paged<Row> {
  const rows = shallowRef<readonly Row[]>([]);
  const more = ref(false);
  const loading = ref(false);
  const loaded = ref(false);
  const error = shallowRef<HubbubError | null>(null);
  let cursor = "";
  let turn = 0;

  async function take(from: string): Promise<void> {
    const mine = (turn += 1);
    loading.value = true;
    error.value = null;
    try {
      const page = await fetch(from);
      // What was asked for before, with another filter say, comes too late.
      if (mine !== turn) return;
      rows.value = from ? [...rows.value, ...page.rows] : page.rows;
      cursor = page.next;
      more.value = page.next !== "";
      loaded.value = true;
    } catch (thrown) {
      if (mine === turn) error.value = HubbubError.from(thrown);
    } finally {
      if (mine === turn) loading.value = false;
    }
  }

  function change(which: (row: Row) => boolean, to: Row | null): void {
    rows.value = rows.value.flatMap((row) => (which(row) ? (to === null ? [] : [to]) : [row]));
  }

  return {
    rows,
    more,
    loading,
    loaded,
    error,
    load: () => take(""),
    loadMore: () => (cursor ? take(cursor) : Promise.resolve()),
    change,
    put: (row) => (rows.value = [row, ...rows.value]),
  };
}
