/** Links to the files of messages.  They end after a while, so they are asked for when something is shown, many at once. */
import { defineStore } from "pinia";
import { shallowReactive } from "vue";

import type { Uploaded } from "@/platform/upload";
import { useSession } from "@/stores/session";

export type Links = Pick<Uploaded, "url" | "preview_url" | "download_url" | "ends_ms">;

const ASKED = 100;
/** A link with less time than this is asked for anew. */
const EARLY_MS = 60_000;

export const useFiles = defineStore("files", () => {
  const session = useSession();
  const known = shallowReactive(new Map<string, Links>());
  const missing = new Set<string>();
  const gone = shallowReactive(new Set<string>());
  let asking = false;

  function keep(file: Uploaded): void {
    known.set(file.file_id, file);
  }

  /** Return the links of a file, or ask for them. */
  function of(id: string): Links | undefined {
    const found = known.get(id);
    if ((!found || found.ends_ms < Date.now() + EARLY_MS) && !missing.has(id) && !gone.has(id)) {
      missing.add(id);
      queueMicrotask(() => void ask());
    }
    return found;
  }

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      while (missing.size && session.current) {
        const ids = [...missing].slice(0, ASKED);
        const answer = await session.current.call<{ files: Uploaded[] }>("POST", "/api/v1/files/links", {
          file_ids: ids,
        });
        for (const file of answer.files) keep(file);
        for (const id of ids) {
          missing.delete(id);
          if (!known.has(id)) gone.add(id);
        }
      }
    } catch {
      // Asked for again by whoever draws the file next.
      missing.clear();
    } finally {
      asking = false;
    }
  }

  return { of, keep, gone };
});
