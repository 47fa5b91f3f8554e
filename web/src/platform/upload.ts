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
  return post(`/api/v1/files?name=${encodeURIComponent(file.name.slice(-200))}`, file, token, progress, signal);
}

/** Give a file to an operation that takes one, and return what it answers.  Rejects with HubbubError. */
export function post<T>(
  address: string,
  file: File,
  token: string,
  progress?: (part: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", address);
    call.setRequestHeader("authorization", `Bearer ${token}`);
    call.setRequestHeader("content-type", "application/octet-stream");
    call.responseType = "json";
    call.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total) progress?.(event.loaded / event.total);
    };
    call.onload = () => {
      const answer = call.response as (T & { code?: string; detail?: string }) | null;
      if (call.status < 300 && answer) resolve(answer);
      else reject(new HubbubError(answer?.code ?? "unavailable", answer?.detail ?? ""));
    };
    call.onerror = () => reject(new HubbubError("unreachable"));
    call.onabort = () => reject(new HubbubError("closed"));
    signal?.addEventListener("abort", () => call.abort());
    call.send(file);
  });
}
