import { describe, expect, test } from "vitest";

import { isForEver, mutedUntil } from "@/components/conversation/arranging";
import { fieldOf, laterTimes, momentOf, remindTimes } from "@/text/later";

const at = (day: number, hour: number, minute = 0): number => new Date(2025, 9, day, hour, minute).getTime();

describe("times to come", () => {
  test("are those people mean, soonest first", () => {
    // A Friday.
    expect(laterTimes(at(3, 10))).toEqual([
      { key: "hour", timeMs: at(3, 11) },
      { key: "evening", timeMs: at(3, 18) },
      { key: "tomorrow", timeMs: at(4, 9) },
      { key: "monday", timeMs: at(6, 9) },
    ]);
  });

  test("offer no evening that has begun, and no Monday that is tomorrow", () => {
    expect(laterTimes(at(5, 20)).map(({ key }) => key)).toEqual(["hour", "tomorrow"]);
    expect(laterTimes(at(6, 20)).at(-1)).toEqual({ key: "monday", timeMs: at(13, 9) });
  });

  test("lead back to a message soon, today, tomorrow or next week", () => {
    expect(remindTimes(at(3, 22))).toEqual([
      { key: "minutes", timeMs: at(3, 22, 20) },
      { key: "hour", timeMs: at(3, 23) },
      { key: "hours", timeMs: at(4, 1) },
      { key: "tomorrow", timeMs: at(4, 9) },
      { key: "monday", timeMs: at(6, 9) },
    ]);
  });

  test("go into a field and come out as they were", () => {
    expect(fieldOf(at(3, 14, 5))).toBe("2025-10-03T14:05");
    expect(momentOf("2025-10-03T14:05")).toBe(at(3, 14, 5));
    expect(momentOf("")).toBe(0);
  });

  test("end a muting, or never do", () => {
    expect(mutedUntil("hour", at(3, 10))).toBe(at(3, 11));
    expect(mutedUntil("tomorrow", at(3, 23))).toBe(at(4, 8));
    expect(isForEver(mutedUntil("ever", at(3, 10)))).toBe(true);
    expect(isForEver(mutedUntil("hours", at(3, 10)))).toBe(false);
  });
});
