import { expect, test } from "vitest";

import type { Post } from "@/client";
import { postFor, writeSubmit } from "@/client/translate";

test("what is passed on is named and nothing else is said of it", () => {
  const forwarded = { conversationId: "ab".repeat(16), seq: 7, senderId: "cd".repeat(16), timeMs: 5 };
  const shownMeanwhile: Post = { ...postFor("Soft!"), forwarded };
  expect(writeSubmit("ef".repeat(16), "01".repeat(16), shownMeanwhile).action).toEqual({
    case: "message",
    value: { forwarded: { conversationId: forwarded.conversationId, seq: 7n } },
  });
});
