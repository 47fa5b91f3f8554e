/**
 * The commands inside a conversation, as methods: each is one `submit`, whoever carries that out.
 */
import type { Client, Content, SendOptions, Submission } from "./api";
import type { Action, ConversationChange, MemberAction, Role } from "./models";
import { bodyFor, postFor } from "./translate";

export abstract class Commands {
  abstract submit: Client["submit"];

  send(conversationId: string, content: Content, options: SendOptions = {}): Submission {
    return this.submit(conversationId, postFor(content, options), named(options));
  }

  edit(
    conversationId: string,
    target: number,
    content: Content,
    options: Pick<SendOptions, "mentions" | "mentionAll" | "files" | "clientId"> = {},
  ): Submission {
    const action: Action = {
      kind: "edit",
      target,
      body: bodyFor(content, options.files),
      mentions: options.mentions ?? [],
      mentionAll: options.mentionAll ?? false,
      withdrawn: false,
      previousMentions: [],
      previousMentionAll: false,
      targetSenderId: "",
      targetCounts: false,
    };
    return this.submit(conversationId, action, named(options));
  }

  recall(conversationId: string, target: number): Submission {
    return this.submit(conversationId, {
      kind: "recall",
      target,
      targetSenderId: "",
      targetCounts: false,
      targetMentions: [],
      targetMentionAll: false,
    });
  }

  react(conversationId: string, target: number, emoji: string, set = true): Submission {
    return this.submit(conversationId, { kind: "reaction", target, emoji, set }, { ordered: false });
  }

  pin(conversationId: string, target: number, set = true): Submission {
    return this.submit(conversationId, { kind: "pin", target, set }, { ordered: false });
  }

  changeMembers(
    conversationId: string,
    action: MemberAction,
    userIds: readonly string[],
    options: { role?: Role; mutedUntilMs?: number; ownRole?: string } = {},
  ): Submission {
    const { role = "none", mutedUntilMs = 0, ownRole } = options;
    const change = { kind: "memberChange", action, userIds, role, mutedUntilMs } as const;
    return this.submit(conversationId, ownRole ? { ...change, ownRole } : change);
  }

  changeConversation(conversationId: string, change: Omit<ConversationChange, "kind">): Submission {
    return this.submit(conversationId, { kind: "conversationChange", ...change });
  }

  dissolve(conversationId: string): Submission {
    return this.submit(conversationId, { kind: "dissolved" });
  }
}

function named(options: { readonly clientId?: string }): { clientId?: string } {
  return options.clientId === undefined ? {} : { clientId: options.clientId };
}
