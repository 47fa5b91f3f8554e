/** Pictures of the screen and sound from the microphone, as files.  The browser asks the person before either. */

/** Only pages that came safely have these devices. */
const devices: Partial<MediaDevices> = "mediaDevices" in navigator ? navigator.mediaDevices : {};
export const canCapture = devices.getDisplayMedia !== undefined;
export const canRecord = devices.getUserMedia !== undefined && "MediaRecorder" in window;

/** 2025-10-03 14.05.09, as part of a file's name. */
function stamp(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
    .toISOString()
    .slice(0, 19)
    .replace("T", " ")
    .replaceAll(":", ".");
}

/** Take one picture of what the person picks: a screen, a window, a tab.  Null if they picked nothing. */
export async function captureScreen(name: string): Promise<File | null> {
  const stream = await asked(navigator.mediaDevices.getDisplayMedia({ video: true, audio: false }));
  if (!stream) return null;
  const video = document.createElement("video");
  try {
    video.muted = true;
    video.srcObject = stream;
    await video.play();
    // The first frame may come from before the choice was closed.
    await new Promise((done) => setTimeout(done, 300));
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    const picture = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    return picture && new File([picture], `${name} ${stamp()}.png`, { type: "image/png" });
  } finally {
    video.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  }
}

export interface Recording {
  /** End it and have what was said; null for nothing. */
  finish(): Promise<File | null>;
  /** End it and forget what was said. */
  cancel(): void;
}

/** Begin to record what is said; or say why not: the person or the browser does not allow it, or nothing hears. */
export async function recordVoice(name: string): Promise<Recording | "refused" | "missing"> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (thrown) {
    if (!(thrown instanceof DOMException)) throw thrown;
    return ["NotAllowedError", "SecurityError"].includes(thrown.name) ? "refused" : "missing";
  }
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  const stopped = new Promise<void>((done) => recorder.addEventListener("stop", () => done(), { once: true }));
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  recorder.start(1_000);

  async function stop(): Promise<void> {
    if (recorder.state !== "inactive") recorder.stop();
    for (const track of stream.getTracks()) track.stop();
    await stopped;
  }

  return {
    async finish() {
      await stop();
      const type = recorder.mimeType.split(";")[0] ?? "";
      const ending = { "audio/ogg": "ogg", "audio/mp4": "m4a" }[type] ?? "webm";
      const sound = new Blob(parts, { type });
      return sound.size ? new File([sound], `${name} ${stamp()}.${ending}`, { type }) : null;
    },
    cancel() {
      void stop();
    },
  };
}

/** Whoever says no has not failed. */
async function asked(stream: Promise<MediaStream>): Promise<MediaStream | null> {
  try {
    return await stream;
  } catch (thrown) {
    if (thrown instanceof DOMException && ["NotAllowedError", "AbortError"].includes(thrown.name)) return null;
    throw thrown;
  }
}
