/** What a refusal over HTTP says to a program. */
import { expect, test } from "vitest";

import { HubbubError } from "@/client/errors";
import { HttpApi } from "@/client/http";

import { FakePlatform } from "./fake";

async function refusal(body: object): Promise<HubbubError> {
  const platform = new FakePlatform();
  platform.answer = () => Response.json(body, { status: 403 });
  const asked = new HttpApi("http://fake", { platform }).logIn("romeo", "secret");
  return asked.then(
    () => Promise.reject(new Error("it was let in")),
    (thrown: unknown) => HubbubError.from(thrown),
  );
}

test("a login that needs a second step says which there are, over a port too", async () => {
  const error = await refusal({ code: "second_factor_needed", second_factors: ["recovery_code", "passkey", 7] });
  expect(error.code).toBe("second_factor_needed");
  expect(error.secondFactors).toEqual(["recovery_code", "passkey"]);
  expect(HubbubError.of(structuredClone(error.toData())).secondFactors).toEqual(["recovery_code", "passkey"]);
  expect((await refusal({ code: "bad_credentials" })).secondFactors).toEqual([]);
});
