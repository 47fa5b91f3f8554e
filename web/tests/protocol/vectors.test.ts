/** The golden vectors of `spec/vectors`, which the Python tests run too. */
import { readFileSync } from "node:fs";

import { create, fromBinary, fromJson, toBinary, toJson, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import { ClientFrameSchema, ServerFrameSchema } from "@/protocol/hubbub_pb";

interface Row {
  name: string;
  hex: string;
  json: JsonValue;
}

function vectors(name: string): Row[] {
  const path = new URL(`../../../spec/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Row[];
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

function theSameInBothDialects(schema: DescMessage, row: Row): void {
  const frame = fromBinary(schema, bytes(row.hex));
  expect(toJson(schema, frame)).toEqual(row.json);
  expect(toJson(schema, fromJson(schema, row.json))).toEqual(row.json);
  expect(toJson(schema, fromBinary(schema, toBinary(schema, frame)))).toEqual(row.json);
}

describe("a client frame is the same in both dialects", () => {
  test.each(vectors("client_frames"))("$name", (row) => theSameInBothDialects(ClientFrameSchema, row));
});

describe("a server frame is the same in both dialects", () => {
  test.each(vectors("server_frames"))("$name", (row) => theSameInBothDialects(ServerFrameSchema, row));
});

describe("an unusual form is read", () => {
  test.each(vectors("lenient").filter((row) => row.hex))("$name", (row) => {
    expect(toJson(ClientFrameSchema, fromBinary(ClientFrameSchema, bytes(row.hex)))).toEqual(row.json);
  });
});

test("every kind of frame has a vector", () => {
  for (const [name, schema] of [
    ["client_frames", ClientFrameSchema],
    ["server_frames", ServerFrameSchema],
  ] as const) {
    const seen = new Set(
      vectors(name).map((row) => (fromJson(schema, row.json) as { body: { case: string } }).body.case),
    );
    const known = new Set(Object.values(schema.oneofs[0]!.fields).map((field) => field.localName));
    expect(seen).toEqual(known);
    expect(create(schema)).toBeDefined();
  }
});
