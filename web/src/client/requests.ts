/**
 * What is asked of the server, as methods: requests that may be repeated safely, and are when the connection is lost
 * under them.  Whoever keeps the connection supplies `ask`.
 */
import { toNumber, type ClientBody } from "../protocol/codec";
import type { Client, Content, SearchOptions, SendOptions } from "./api";
import { Commands } from "./commands";
import { newId } from "./ids";
import type {
  Conversation,
  EntryPage,
  Found,
  HistoryPage,
  Kind,
  Member,
  Page,
  Presence,
  Reminder,
  Revision,
  Scheduled,
  ServerInfo,
  User,
} from "./models";
import type { Answer, ServerCase } from "./session";
import {
  bodyOf,
  conversationOf,
  entryPageOf,
  foundOf,
  historyOf,
  kindNumber,
  memberOf,
  notifyNumber,
  postFor,
  presenceOf,
  reminderOf,
  scheduledOf,
  userOf,
  writeSubmit,
} from "./translate";

/** How many people one request may name. */
const PEOPLE_A_REQUEST = 100;

export abstract class Requests extends Commands {
  /** Send a request and resolve with its answer.  Rejects with HubbubError: the refusal, or `timeout`. */
  protected abstract ask<C extends ServerCase>(expected: C, body: ClientBody): Promise<Answer<C>>;

  /** Take a conversation that an answer brought; `asked` if it was read for its own sake, so that it is the truth. */
  protected abstract learn(state: Answer<"conversation">, asked?: boolean): Conversation;

  /** See a page that was read; `newest` if it is the end of its conversation. */
  protected abstract read(page: HistoryPage, newest: boolean): void;

  async openDirect(userId: string): Promise<Conversation> {
    return this.learn(await this.ask("conversation", { case: "openDirect", value: { userId } }));
  }

  async createConversation(
    kind: Kind,
    title: string,
    options: { userIds?: readonly string[]; topic?: string; historyForNewcomers?: boolean; clientId?: string } = {},
  ): Promise<Conversation> {
    const value = {
      clientId: options.clientId ?? newId(),
      kind: kindNumber(kind),
      title,
      topic: options.topic ?? "",
      userIds: [...(options.userIds ?? [])],
      historyForNewcomers: options.historyForNewcomers ?? true,
    };
    return this.learn(await this.ask("conversation", { case: "createConversation", value }));
  }

  async join(conversationId: string): Promise<Conversation> {
    return this.learn(await this.ask("conversation", { case: "joinConversation", value: { conversationId } }));
  }

  async leave(conversationId: string): Promise<void> {
    await this.ask("done", { case: "leaveConversation", value: { conversationId, clientId: newId() } });
  }

  async conversation(conversationId: string): Promise<Conversation> {
    const state = await this.ask("conversation", { case: "getConversation", value: { conversationId } });
    return this.learn(state, true);
  }

  async channels(query = "", cursor = "", limit = 0): Promise<Page<Conversation>> {
    const page = await this.ask("conversationPage", { case: "listChannels", value: { query, cursor, limit } });
    return { items: page.conversations.map(conversationOf), nextCursor: page.nextCursor };
  }

  async members(conversationId: string, cursor = "", limit = 0): Promise<Page<Member>> {
    const page = await this.ask("memberPage", { case: "listMembers", value: { conversationId, cursor, limit } });
    return { items: page.members.map(memberOf), nextCursor: page.nextCursor };
  }

  async history(
    conversationId: string,
    at: { before?: number; after?: number; around?: number; thread?: number; limit?: number } = {},
  ): Promise<HistoryPage> {
    const { before = 0, after = 0, around = 0, thread = 0, limit = 0 } = at;
    const value = {
      conversationId,
      beforeSeq: BigInt(before),
      afterSeq: BigInt(after),
      aroundSeq: BigInt(around),
      threadSeq: BigInt(thread),
      limit,
    };
    const page = historyOf(await this.ask("historyPage", { case: "getHistory", value }));
    this.read(page, !page.moreAfter && !before && !after && !around && !thread);
    return page;
  }

  async entries(conversationId: string, after = 0, limit = 0): Promise<EntryPage> {
    const value = { conversationId, afterSeq: BigInt(after), limit };
    return entryPageOf(await this.ask("entryPage", { case: "getEntries", value }));
  }

  async edits(conversationId: string, target: number): Promise<readonly Revision[]> {
    const value = { conversationId, targetSeq: BigInt(target) };
    const page = await this.ask("editPage", { case: "getEdits", value });
    return page.revisions.map(({ seq, timeMs, body }) => ({
      seq: toNumber(seq),
      timeMs: toNumber(timeMs),
      body: bodyOf(body),
    }));
  }

  async hide(conversationId: string, seq: number): Promise<void> {
    await this.ask("done", { case: "hideMessage", value: { conversationId, seq: BigInt(seq) } });
  }

  async mark(
    conversationId: string,
    { read = 0, delivered = 0 }: { read?: number; delivered?: number },
  ): Promise<void> {
    const value = { conversationId, readSeq: BigInt(read), deliveredSeq: BigInt(delivered) };
    await this.ask("done", { case: "setMark", value });
  }

  async setOwn(conversationId: string, change: Parameters<Client["setOwn"]>[1]): Promise<void> {
    const { mutedUntilMs, notify, draft, threadDraft, ...rest } = change;
    const value = {
      conversationId,
      ...rest,
      ...(mutedUntilMs === undefined ? {} : { mutedUntilMs: BigInt(mutedUntilMs) }),
      ...(notify === undefined ? {} : { notify: notifyNumber(notify) }),
      ...(draft === undefined ? {} : { draft: { text: draft.text, replyToSeq: BigInt(draft.replyTo ?? 0) } }),
      ...(threadDraft === undefined
        ? {}
        : {
            threadDraft: {
              text: threadDraft.text,
              replyToSeq: BigInt(threadDraft.replyTo ?? 0),
              threadSeq: BigInt(threadDraft.thread),
            },
          }),
    };
    await this.ask("done", { case: "setOwn", value });
  }

  async search(query: string, options: SearchOptions = {}): Promise<Found> {
    return foundOf(await this.ask("searchPage", { case: "search", value: { query, ...options } }));
  }

  async schedule(conversationId: string, content: Content, dueMs: number, options: SendOptions = {}): Promise<string> {
    const clientId = options.clientId ?? newId();
    const submit = writeSubmit(conversationId, clientId, postFor(content, options));
    await this.ask("done", { case: "schedule", value: { submit, dueMs: BigInt(dueMs) } });
    return clientId;
  }

  async cancelScheduled(conversationId: string, clientId: string): Promise<void> {
    await this.ask("done", { case: "cancelScheduled", value: { conversationId, clientId } });
  }

  async scheduled(cursor = "", limit = 0): Promise<Page<Scheduled>> {
    const page = await this.ask("scheduledPage", { case: "listScheduled", value: { cursor, limit } });
    return { items: page.scheduled.map(scheduledOf), nextCursor: page.nextCursor };
  }

  async remind(conversationId: string, seq: number, dueMs: number, note = ""): Promise<void> {
    const value = { conversationId, seq: BigInt(seq), dueMs: BigInt(dueMs), note };
    await this.ask("done", { case: "setReminder", value });
  }

  async forgetReminder(conversationId: string, seq: number): Promise<void> {
    await this.remind(conversationId, seq, 0);
  }

  async reminders(cursor = "", limit = 0): Promise<Page<Reminder>> {
    const page = await this.ask("reminderPage", { case: "listReminders", value: { cursor, limit } });
    return { items: page.reminders.map(reminderOf), nextCursor: page.nextCursor };
  }

  async users(userIds: readonly string[], usernames: readonly string[] = []): Promise<readonly User[]> {
    const found: User[] = [];
    const wanted = [...userIds.map((id) => ({ id })), ...usernames.map((name) => ({ name }))];
    for (let at = 0; at < wanted.length; at += PEOPLE_A_REQUEST) {
      const some = wanted.slice(at, at + PEOPLE_A_REQUEST);
      const value = {
        userIds: some.flatMap((one) => ("id" in one ? [one.id] : [])),
        usernames: some.flatMap((one) => ("name" in one ? [one.name] : [])),
      };
      const page = await this.ask("userPage", { case: "getUsers", value });
      found.push(...page.users.map(userOf));
    }
    return found;
  }

  async findUsers(query = "", cursor = "", limit = 0): Promise<Page<User>> {
    const page = await this.ask("userPage", { case: "findUsers", value: { query, cursor, limit } });
    return { items: page.users.map(userOf), nextCursor: page.nextCursor };
  }

  async online(cursor = "", limit = 0): Promise<Page<Presence>> {
    const page = await this.ask("presencePage", { case: "listOnline", value: { cursor, limit } });
    return { items: page.presences.map(presenceOf), nextCursor: page.nextCursor };
  }

  async serverInfo(): Promise<ServerInfo> {
    const info = await this.ask("serverInfo", { case: "getServerInfo", value: {} });
    const { name, version, nodeId, epoch } = info;
    return { name, version, serverTimeMs: toNumber(info.serverTimeMs), nodeId, epoch };
  }
}
