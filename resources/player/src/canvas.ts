// Canvas pictures: in a frame without scripts a <canvas> has no canvas box, so its picture is shown as its content.

/** The last picture a list of recorded canvas commands draws whole (rrweb's bitmap mode), or null. */
export function bitmap(commands: unknown[]): Blob | null {
  for (let n = commands.length - 1; n >= 0; n--) {
    const command = commands[n] as { property?: string; args?: unknown[] } | null;
    if (command?.property !== "drawImage") continue;
    const image = command.args?.[0] as { rr_type?: string; args?: unknown[] } | undefined;
    const blob = image?.rr_type === "ImageBitmap" ? image.args?.[0] as { rr_type?: string; data?: unknown[]; type?: string } : null;
    if (blob?.rr_type !== "Blob") continue;
    const parts = (blob.data ?? []).map((part) => bytes(part)).filter((part) => part !== null);
    // Pictures only: whatever else a recording calls it, it is shown as an image or not at all.
    const type = /^image\/(png|webp|jpeg)$/.test(blob.type ?? "") ? blob.type! : "image/webp";
    if (parts.length) return new Blob(parts, { type });
  }
  return null;
}

function bytes(part: unknown): Uint8Array<ArrayBuffer> | null {
  const buffer = part as { rr_type?: string; base64?: string } | null;
  if (buffer?.rr_type !== "ArrayBuffer" || typeof buffer.base64 !== "string") return null;
  try {
    const text = atob(buffer.base64);
    const result = new Uint8Array(text.length);
    for (let n = 0; n < text.length; n++) result[n] = text.charCodeAt(n);
    return result;
  } catch {
    return null;
  }
}

/** Pictures of the canvases of one painting, by id. */
export class Canvases {
  private urls = new Map<number, string>();
  /** Pictures that are being decoded. */
  pending: Promise<unknown>[] = [];

  /** Show a picture on a canvas once it is decoded; until then the one before it stays. */
  show(id: number, picture: Blob, set: (url: string) => void): void {
    const url = URL.createObjectURL(picture);
    const old = this.urls.get(id);
    this.urls.set(id, url);
    const image = new Image();
    image.src = url;
    this.pending.push(image.decode().catch(() => undefined).then(() => {
      if (this.urls.get(id) === url) set(url);
      if (old) setTimeout(() => URL.revokeObjectURL(old), 1_000);
    }));
    if (this.pending.length > 64) this.pending = this.pending.slice(-16);
  }

  url(id: number): string | undefined {
    return this.urls.get(id);
  }

  forget(): void {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
    this.urls.clear();
  }
}
