/** What the pages say of themselves that messages link to.  The server looks at them, once somebody asks. */
import { defineStore } from "pinia";
import { shallowReactive } from "vue";

import type { Message } from "@/client";
import { useSession } from "@/stores/session";

/** What the server says of a link (`GET …/messages/{seq}/links`). */
export interface Link {
  readonly url: string;
  readonly state: "waiting" | "ready" | "nothing";
  readonly title: string;
  readonly description: string;
  readonly site: string;
  /** A small picture as a `data:` address; empty for none. */
  readonly image: string;
  readonly image_width: number;
  readonly image_height: number;
}

/** A page that is being looked at is asked for again after so long, each time twice as long. */
const AGAIN_MS = 1_000;
const TRIES = 5;

const LINK = /https?:\/\/[^\s]/i;

/** Whether it is worth asking. */
export function mayLink(text: string): boolean {
  return LINK.test(text);
}

export const useLinks = defineStore("links", () => {
  const session = useSession();
  const known = shallowReactive(new Map<string, readonly Link[]>());
  const asking = new Set<string>();

  /** An edit may link elsewhere. */
  function keyOf(message: Message): string {
    return `${message.conversationId}/${message.seq}/${message.edits}`;
  }

  function of(message: Message): readonly Link[] {
    return known.get(keyOf(message)) ?? [];
  }

  /** Find out what a message links to, unless that is known. */
  function want(message: Message): void {
    const key = keyOf(message);
    if (known.has(key) || asking.has(key)) return;
    asking.add(key);
    void ask(message, key, 1);
  }

  async function ask(message: Message, key: string, tried: number): Promise<void> {
    const path = `/api/v1/conversations/${message.conversationId}/messages/${message.seq}/links`;
    let waits = false;
    try {
      const { links } = await session.client.call<{ links: Link[] }>("GET", path);
      const ready = links.filter((link) => link.state === "ready" && link.title);
      waits = links.some((link) => link.state === "waiting");
      if (ready.length || !waits) known.set(key, ready);
    } catch {
      // A picture of a page is worth no word to anybody; whoever draws the message next asks again.
    }
    if (waits && tried < TRIES) setTimeout(() => void ask(message, key, tried + 1), AGAIN_MS * 2 ** (tried - 1));
    else asking.delete(key);
  }

  return { of, want };
});
