/** Where arrows lead in a grid of sections, each of which begins a row of its own. */

export const COLUMNS = 8;

/** Return the cell an arrow leads to from a cell; -1: up and out; null: the key is no arrow. */
export function stepFrom(at: number, key: string, lengths: readonly number[]): number | null {
  const count = lengths.reduce((sum, each) => sum + each, 0);
  if (key === "ArrowRight") return Math.min(at + 1, count - 1);
  if (key === "ArrowLeft") return at - 1;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  let first = 0;
  let section = 0;
  while (section < lengths.length - 1 && at >= first + (lengths[section] ?? 0)) first += lengths[section++] ?? 0;
  const length = lengths[section] ?? 0;
  const within = at - first;
  const column = within % COLUMNS;
  if (key === "ArrowDown") {
    const lastRow = Math.floor((length - 1) / COLUMNS);
    if (Math.floor(within / COLUMNS) < lastRow) return first + Math.min(within + COLUMNS, length - 1);
    const following = lengths[section + 1];
    return following ? first + length + Math.min(column, following - 1) : at;
  }
  if (within >= COLUMNS) return at - COLUMNS;
  const before = lengths[section - 1];
  if (!before) return -1;
  const row = Math.floor((before - 1) / COLUMNS) * COLUMNS;
  return first - before + Math.min(row + column, before - 1);
}
