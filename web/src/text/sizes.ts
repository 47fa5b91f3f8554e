/** Sizes of files as people read them. */

const UNITS = ["B", "KB", "MB", "GB"];

/** 1.4 MB */
export function sizeName(bytes: number, language: string): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = size < 10 && unit > 0 ? 1 : 0;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(size)} ${UNITS[unit] ?? ""}`;
}
