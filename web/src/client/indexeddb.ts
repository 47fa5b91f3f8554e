/**
 * A store in the browser: one IndexedDB database per name, and the login beside it.
 *
 * Every batch is one transaction, so it is kept whole or not at all; a command is on disk when its transaction is
 * complete (`durability: "strict"`).  A database that a newer program changed is not touched: opening it fails, and the
 * client goes on without a store.
 */
import { letGo } from "./fold";
import type { KeptTokens, LoginKeeper } from "./login";
import type { HistoryPage } from "./models";
import type { Command } from "./outbox";
import type { Batch, Kept, KeptConversation, Store } from "./store";

const VERSION = 1;

/** The tables, each with what it is keyed by. */
const PERSON = "person"; // one row: whose it is, epoch, version
const CONVERSATIONS = "conversations"; // by id
const COMMANDS = "commands"; // by [conversationId, clientId]
const PAGES = "pages"; // by conversation id
const LOGIN = "login"; // one row

const ONE = "one";

interface PersonRow {
  readonly userId: string;
  readonly epoch: string;
  readonly userVersion: number;
}

const NOBODY: PersonRow = { userId: "", epoch: "", userVersion: 0 };

export class IndexedDbStore implements Store {
  readonly durable = true;
  readonly #name: string;
  #database: Promise<IDBDatabase> | null = null;

  /** `name` tells apart what different servers, or different people, keep in one browser. */
  constructor(name = "hubbub") {
    this.#name = name;
  }

  // ------------------------------------------------------------ Store

  async load(): Promise<Kept> {
    const tables = (await this.#open()).transaction([PERSON, CONVERSATIONS, COMMANDS], "readonly");
    const [person, conversations, commands] = await Promise.all([
      answer<PersonRow | undefined>(tables.objectStore(PERSON).get(ONE)),
      answer<KeptConversation[]>(tables.objectStore(CONVERSATIONS).getAll()),
      answer<Command[]>(tables.objectStore(COMMANDS).getAll()),
    ]);
    return { ...(person ?? NOBODY), conversations, commands: commands.sort((a, b) => a.madeMs - b.madeMs) };
  }

  async write(batch: Batch): Promise<void> {
    const database = await this.#open();
    const options: IDBTransactionOptions = { durability: batch.commands.length ? "strict" : "relaxed" };
    const tables = database.transaction([PERSON, CONVERSATIONS, COMMANDS, PAGES], "readwrite", options);
    const person = tables.objectStore(PERSON);
    const conversations = tables.objectStore(CONVERSATIONS);
    const commands = tables.objectStore(COMMANDS);
    const pages = tables.objectStore(PAGES);
    const done = completion(tables);
    let row = (await answer<PersonRow | undefined>(person.get(ONE))) ?? NOBODY;
    if (batch.drop !== "nothing") {
      conversations.clear();
      pages.clear();
      row = { ...NOBODY, userId: row.userId };
    }
    if (batch.drop === "all") {
      commands.clear();
      row = NOBODY;
    }
    if (batch.userId !== null) row = { ...row, userId: batch.userId };
    if (batch.version) row = { ...row, ...batch.version };
    person.put(row, ONE);
    for (const one of batch.conversations) {
      const { id, keptFrom } = one.conversation;
      conversations.put(one, id);
      const page = keptFrom ? await answer<HistoryPage | undefined>(pages.get(id)) : undefined;
      if (page && keptFrom) pages.put(letGo(page, keptFrom), id);
    }
    for (const one of batch.commands) commands.put(one, [one.conversationId, one.clientId]);
    for (const one of batch.gone) commands.delete([one.conversationId, one.clientId]);
    for (const page of batch.pages) pages.put(page, page.conversationId);
    await done;
  }

  async page(conversationId: string): Promise<HistoryPage | null> {
    const table = (await this.#open()).transaction(PAGES, "readonly").objectStore(PAGES);
    return (await answer<HistoryPage | undefined>(table.get(conversationId))) ?? null;
  }

  async close(): Promise<void> {
    const database = await this.#database?.catch(() => null);
    this.#database = null;
    database?.close();
  }

  // ------------------------------------------------------------ the login

  /** Keeps the login beside the rest, for `KeptLogin`. */
  readonly login: LoginKeeper = {
    load: async () => {
      const table = (await this.#open()).transaction(LOGIN, "readonly").objectStore(LOGIN);
      return (await answer<KeptTokens | undefined>(table.get(ONE))) ?? null;
    },
    keep: async (login) => {
      const tables = (await this.#open()).transaction(LOGIN, "readwrite", { durability: "strict" });
      const done = completion(tables);
      if (login) tables.objectStore(LOGIN).put(login, ONE);
      else tables.objectStore(LOGIN).delete(ONE);
      await done;
    },
  };

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, VERSION);
      request.onupgradeneeded = () => {
        // Tables of later versions are added here, by `event.oldVersion`; none is ever changed.
        for (const table of [PERSON, CONVERSATIONS, COMMANDS, PAGES, LOGIN]) request.result.createObjectStore(table);
      };
      request.onsuccess = () => {
        const database = request.result;
        // Another tab opens a newer version: let go, so that it need not wait.
        database.onversionchange = () => database.close();
        resolve(database);
      };
      request.onerror = () => reject(failure(request.error));
      request.onblocked = () => reject(new Error("Another tab holds an older version of the database."));
    });
    return this.#database;
  }
}

/** The answer of one request. */
function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(failure(request.error));
  });
}

/** Resolves when everything of a transaction is kept. */
function completion(tables: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tables.oncomplete = () => resolve();
    tables.onabort = () => reject(failure(tables.error));
  });
}

function failure(error: DOMException | null): Error {
  return error ?? new Error("The database failed.");
}
