/** Gives a file to the server, telling how far it is.  `fetch` cannot tell that, so this is an XMLHttpRequest. */
import { HubbubError } from "@/client";

/** What the server says of a file (`POST /api/v1/files`). */
export interface Uploaded {
  readonly file_id: string;
  readonly name: string;
  readonly type: string;
  readonly size_bytes: number;
  readonly width: number;
  readonly height: number;
  readonly preview: boolean;
  readonly url: string;
  readonly preview_url: string;
  readonly download_url: string;
  readonly ends_ms: number;
}

/** Upload; `signal` breaks it off, which leaves nothing on the server.  Rejects with HubbubError. */
export function upload(
  file: File,
  token: string,
  progress: (part: number) => void,
  signal: AbortSignal,
): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", `/api/v1/files?name=${encodeURIComponent(file.name.slice(-200))}`);
    call.setRequestHeader("authorization", `Bearer ${token}`);
    call.setRequestHeader("content-type", "application/octet-stream");
    call.responseType = "json";
    call.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total) progress(event.loaded / event.total);
    };
    call.onload = () => {
      const answer = call.response as (Uploaded & { code?: string; detail?: string; retry?: boolean }) | null;
      if (call.status < 300 && answer?.file_id) resolve(answer);
      else reject(new HubbubError(answer?.code ?? "unavailable", answer?.detail ?? ""));
    };
    call.onerror = () => reject(new HubbubError("unreachable"));
    call.onabort = () => reject(new HubbubError("closed"));
    signal.addEventListener("abort", () => call.abort());
    call.send(file);
  });
}
