/** The golden time lines of `spec/vectors`, which the Python tests run too. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { Timeline } from "@/protocol/timeline";

interface Step {
  from_seq: number;
  to_seq: number;
  seqs: number[];
  shown: number[];
  seen: number;
  missing: [number, number] | null;
}

const path = new URL("../../../spec/vectors/timeline.json", import.meta.url);
const rows = JSON.parse(readFileSync(path, "utf8")) as { name: string; seen: number; steps: Step[] }[];

test.each(rows)("a conversation is shown once and in order: $name", ({ seen, steps }) => {
  const timeline = new Timeline<{ seq: number }>(seen);
  for (const step of steps) {
    const shown = timeline.cover(
      step.from_seq,
      step.to_seq,
      step.seqs.map((seq) => ({ seq })),
    );
    expect(shown.map((one) => one.seq)).toEqual(step.shown);
    expect(timeline.seen).toBe(step.seen);
    expect(timeline.missing).toEqual(step.missing);
  }
});
