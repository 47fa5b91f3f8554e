/** Files on their way to the server, before the message that shows them is sent. */
import { computed, markRaw, reactive, ref } from "vue";

import { HubbubError, type File as SentFile } from "@/client";
import { upload } from "@/platform/upload";
import { useFiles } from "@/stores/files";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";
import { useToasts } from "@/stores/toasts";

/** So many files one message may bring (protocol.md 17). */
const MOST = 20;

export interface Attachment {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  /** From 0 to 1. */
  part: number;
  file: SentFile | null;
  failed: string;
}

export function useAttachments() {
  const session = useSession();
  const settings = useSettings();
  const files = useFiles();
  const toasts = useToasts();
  const list = ref<Attachment[]>([]);
  const running = new Map<number, AbortController>();
  let next = 0;

  function add(chosen: Iterable<File>): void {
    for (const file of chosen) {
      if (list.value.length >= MOST) return;
      const made = reactive<Attachment>({
        key: (next += 1),
        name: file.name,
        size: file.size,
        part: 0,
        file: null,
        failed: "",
      });
      list.value.push(made);
      void send(file, made);
    }
  }

  async function send(file: File, made: Attachment): Promise<void> {
    const abort = new AbortController();
    running.set(made.key, abort);
    try {
      const token = await session.client.token();
      const given = await upload(file, token, (part) => (made.part = part), abort.signal);
      files.keep(given);
      made.part = 1;
      // Raw: what goes into the outbox is cloned, and a proxy cannot be.
      made.file = markRaw({
        id: given.file_id,
        name: given.name,
        type: given.type,
        sizeBytes: given.size_bytes,
        width: given.width,
        height: given.height,
        preview: given.preview,
      });
    } catch (thrown) {
      const error = HubbubError.from(thrown);
      if (abort.signal.aborted) return;
      made.failed = error.sentence(settings.language);
      toasts.fail(error);
    } finally {
      running.delete(made.key);
    }
  }

  function drop(made: Attachment): void {
    running.get(made.key)?.abort();
    list.value = list.value.filter((each) => each.key !== made.key);
    if (made.file) session.client.call("DELETE", `/api/v1/files/${made.file.id}`).catch(() => undefined);
  }

  /** Begin anew: what there was is on its way with a message. */
  function clear(): void {
    list.value = [];
  }

  /** What is ready, for the message that is sent now. */
  const sendable = computed<SentFile[]>(() => list.value.flatMap((each) => (each.file ? [each.file] : [])));
  const busy = computed(() => list.value.some((each) => !each.file && !each.failed));
  const ready = computed(() => sendable.value.length > 0);
  return { list, add, drop, clear, sendable, busy, ready };
}
