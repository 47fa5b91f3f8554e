/** Who is logged in, and the client that speaks for them. */
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

import { HttpApi, HubbubError, type Client, type Message, type Status, type Tokens } from "@/client";
import { RETURN } from "@/platform/code_flow";
import { connectAs } from "@/platform/connect";
import { deviceId, deviceName, loginKeeper, readLogin } from "@/platform/kept_login";
import { forgetStored, isRecord, readStored, store } from "@/platform/storage";
import { useContacts } from "@/stores/contacts";
import { useConversations } from "@/stores/conversations";
import { usePeople } from "@/stores/people";
import { useReminders } from "@/stores/reminders";
import { useSettings } from "@/stores/settings";

/** What the server says of itself before one logs in. */
export interface Place {
  readonly name: string;
  readonly version: string;
  readonly node_id: string;
  readonly registration_open: boolean;
  readonly registration: "open" | "invitation" | "approval" | "closed";
  readonly needs_setup: boolean;
  readonly sign_in: {
    readonly passkeys: boolean;
    /** Another place whose people may sign in here; empty: none. */
    readonly provider: string;
  };
  readonly letters: boolean;
  /** For how many days messages are kept where a conversation says nothing else; absent or 0: for ever. */
  readonly keep_days?: number;
}

/** One's own account. */
export interface Me {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly signature: string;
  readonly avatar: string;
  readonly is_admin: boolean;
  /** An address that was proved to be theirs; empty: none. */
  readonly email: string;
  /** Until when they may not say anything on this server. */
  readonly muted_until_ms: number;
}

export type Stage = "starting" | "out" | "in";

function isPlace(value: unknown): value is Place {
  return isRecord(value) && typeof value["name"] === "string" && isRecord(value["sign_in"]);
}

const NO_STATUS: Status = { state: "connecting", error: null, retryAtMs: 0 };

export const useSession = defineStore("session", () => {
  const people = usePeople();
  const contacts = useContacts();
  const conversations = useConversations();
  const reminders = useReminders();
  const settings = useSettings();
  const http = new HttpApi(location.origin);

  const stage = ref<Stage>("starting");
  const place = shallowRef<Place | null>(readStored<Place | null>("place", null, isPlace));
  const me = shallowRef<Me | null>(null);
  const status = shallowRef<Status>(NO_STATUS);
  /** Why one was logged out without asking for it. */
  const ended = ref("");
  /** Another tab of this browser has taken over. */
  const elsewhere = ref(false);
  const current = shallowRef<Client | null>(null);
  let stops: (() => void)[] = [];

  const client = computed<Client>(() => {
    if (!current.value) throw new HubbubError("unauthenticated");
    return current.value;
  });
  const isAdmin = computed(() => me.value?.is_admin ?? false);
  const placeName = computed(() => place.value?.name ?? "Hubbub");

  async function readPlace(): Promise<void> {
    place.value = await http.call<Place>("GET", "/api/v1/server");
    store("place", place.value);
  }

  /** Go on with the login this browser keeps, if there is one; a server need not be there for it. */
  async function resume(): Promise<void> {
    const asked = readPlace().catch(() => undefined);
    if (readLogin()) {
      await enter();
      return;
    }
    await asked;
    stage.value = "out";
  }

  async function enter(): Promise<void> {
    const made = connectAs(http);
    stops = [
      made.on("status", (now) => {
        status.value = now;
        if (now.state === "online") void readMe();
        if (now.state !== "ended") return;
        const why = now.error?.code ?? "session_ended";
        // The same login was opened in another tab: it goes on there, and here when it is asked for.
        if (why === "session_replaced") elsewhere.value = true;
        else if (why !== "closed") void leave(why);
      }),
      // Told also when what they may do here has changed: they were muted, say, or may speak again.
      made.on("profile", ({ id }) => {
        if (id === me.value?.user_id) void readMe();
      }),
    ];
    await made.start();
    current.value = made;
    status.value = made.status;
    ended.value = "";
    const userId = readLogin()?.tokens.userId ?? made.userId;
    for (const kept of [people, contacts, conversations, reminders]) stops.push(kept.attach(made, userId));
    stage.value = "in";
    void readMe();
  }

  let reading = 0;
  async function readMe(): Promise<void> {
    const turn = ++reading;
    try {
      const read = await client.value.call<Me>("GET", "/api/v1/me");
      // Of several answers on their way, the one that was asked for last is the newest.
      if (turn !== reading) return;
      me.value = read;
      people.keep([
        {
          id: me.value.user_id,
          username: me.value.username,
          displayName: me.value.display_name,
          signature: me.value.signature,
          bot: false,
          avatar: me.value.avatar,
        },
      ]);
    } catch {
      // Read again once there is a connection.
    }
  }

  async function logIn(username: string, password: string, secondFactor = ""): Promise<void> {
    const tokens = await http.logIn(username, password, { id: deviceId(), name: deviceName() }, secondFactor);
    await keep(tokens);
    await enter();
  }

  async function keep(tokens: Tokens): Promise<void> {
    await loginKeeper.keep({ tokens, obtainedMs: Date.now() });
  }

  /** Go in with the code that the server's sign-in pages gave. */
  async function enterByCode(code: string, verifier: string): Promise<void> {
    await keep(await http.redeem(code, verifier, RETURN, { id: deviceId(), name: deviceName() }));
    await enter();
  }

  /** Make an account, and go in unless it waits for an administrator; return whether it does. */
  async function register(username: string, password: string, displayName: string, code = ""): Promise<boolean> {
    const { pending } = await http.register(username, password, displayName, code);
    if (!pending) await logIn(username, password);
    return pending;
  }

  /** Have a link for a new password mailed.  The answer is the same for an address that nobody has. */
  async function askNewPassword(email: string): Promise<void> {
    await http.call("POST", "/api/v1/accounts/forgotten", { json: { email }, language: settings.language });
  }

  async function setUp(token: string, name: string, username: string, password: string): Promise<void> {
    await http.call("POST", "/api/v1/setup", {
      json: { token, username, password, name },
      language: settings.language,
    });
    await readPlace().catch(() => undefined);
    await logIn(username, password);
  }

  async function logOut(): Promise<void> {
    const leaving = client.value;
    await leave("");
    await leaving.logOut();
  }

  /** Close the account for good, and forget what this browser keeps of it. */
  async function deleteAccount(password: string): Promise<void> {
    const leaving = client.value;
    await leaving.call("POST", "/api/v1/me/delete", { password });
    await leave("");
    await leaving.logOut().catch(() => undefined);
  }

  async function leave(why: string): Promise<void> {
    const leaving = current.value;
    if (!leaving) return;
    for (const stop of stops) stop();
    stops = [];
    current.value = null;
    me.value = null;
    status.value = NO_STATUS;
    ended.value = why;
    stage.value = "out";
    await loginKeeper.keep(null);
    if (why) await leaving.close();
    forgetStored("drafts.");
    forgetStored("people.");
    forgetStored("reminders.");
    people.clear();
    contacts.clear();
    conversations.clear();
    reminders.clear();
    void readPlace().catch(() => undefined);
  }

  async function changeProfile(change: { display_name?: string; signature?: string }): Promise<void> {
    me.value = await client.value.call<Me>("PATCH", "/api/v1/me", change);
    await readMe();
  }

  /** Show a picture that was uploaded; none for an empty id. */
  async function showAvatar(fileId: string): Promise<void> {
    me.value = await client.value.call<Me>("PUT", "/api/v1/me/avatar", { file_id: fileId });
    await readMe();
  }

  /** A message that another one answers, wherever it is. */
  async function quoted(conversationId: string, seq: number): Promise<Message | undefined> {
    const page = await client.value.history(conversationId, { around: seq, limit: 1 });
    for (const item of page.items) if (item.type === "message" && item.message.seq === seq) return item.message;
    return undefined;
  }

  return {
    stage,
    place,
    placeName,
    me,
    status,
    ended,
    elsewhere,
    isAdmin,
    client,
    current,
    readPlace,
    resume,
    logIn,
    enterByCode,
    register,
    askNewPassword,
    setUp,
    logOut,
    deleteAccount,
    changeProfile,
    showAvatar,
    readMe,
    quoted,
    keep,
  };
});
