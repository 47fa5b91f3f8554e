/** Whom and what somebody typed, by id. */
import { HubbubError } from "@/client";
import { addressOf, type Call } from "@/stores/admin/api";
import { namesIn, type Subjects } from "@/stores/admin/holds";

const ID = /^[0-9a-f]{32}$/;

/** Find people by username, or by the id where their account is deleted.  Throws `user_not_found`. */
export async function idsOf(call: Call, people: string, conversations: string): Promise<Subjects> {
  const found = namesIn(people).map(async (name) => {
    if (ID.test(name)) return name;
    const { users } = await call<{ users: { user_id: string }[] }>("GET", addressOf("/users", { username: name }));
    if (!users[0]) throw new HubbubError("user_not_found");
    return users[0].user_id;
  });
  return { user_ids: await Promise.all(found), conversation_ids: namesIn(conversations) };
}
