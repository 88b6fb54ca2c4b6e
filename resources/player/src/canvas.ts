// Canvas pictures. In a frame without scripts a <canvas> has no canvas box, so what is drawn is drawn on a canvas of
// the player's own, and its picture is shown as the element's content.

import { type Command, dataPicture, fits, picture, pictureBlob, run } from "./commands.ts";
import { label } from "./placeholder.ts";

/** In play a canvas that goes on being drawn is shown this often, ms. */
export const BEAT = 66;
const WEBGL_DRAWS = "WebGL drawing is not shown here";

interface Entry {
  log: Command[];
  /** Commands run on `surface`. */
  done: number;
  surface: OffscreenCanvas | null;
  context: OffscreenCanvasRenderingContext2D | null;
  /** Rises with each new beginning of the log: what was being run for an older one is dropped. */
  round: number;
  busy: Promise<void> | null;
  shown: string | null;
  last: number;
  size: () => [number, number];
  base: () => string | null;
  set: (url: string | null) => void;
}

/** What the painter tells of the element a log belongs to. */
export interface Easel {
  /** Width and height of its bitmap. */
  size: () => [number, number];
  /** The picture the recorder serialised with it. */
  base: () => string | null;
  /** Show a picture; null: what it shows by itself. */
  set: (url: string | null) => void;
}

/** Pictures of the canvases of one painting, by id. */
export class Canvases {
  private entries = new Map<number, Entry>();
  /** Pictures that are being drawn or decoded. */
  pending: Promise<unknown>[] = [];
  /** Pictures of one canvas are at least this far apart, ms. */
  beat = 0;
  /** Commands that could not be run. */
  strange = 0;

  /** Keep the first `keep` commands of a canvas, then go on with these. */
  update(id: number, keep: number, commands: Command[], easel: Easel): void {
    let entry = this.entries.get(id);
    if (!entry) {
      entry = { log: [], done: 0, surface: null, context: null, round: 0, busy: null, shown: null, last: 0, ...easel };
      this.entries.set(id, entry);
    }
    Object.assign(entry, easel);
    if (keep < entry.log.length || keep === 0) this.begin(entry);
    entry.log = [...entry.log.slice(0, keep), ...commands];
    this.draw(entry);
  }

  /** The element's size changed: what was drawn on the old one is drawn anew. */
  resized(id: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.begin(entry);
    this.draw(entry);
  }

  url(id: number): string | undefined {
    return this.entries.get(id)?.shown ?? undefined;
  }

  drop(id: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    entry.round++;
    if (entry.shown) revoke(entry.shown);
  }

  forget(): void {
    for (const id of [...this.entries.keys()]) this.drop(id);
  }

  private begin(entry: Entry): void {
    entry.round++;
    entry.done = 0;
    entry.surface = entry.context = null;
  }

  /** See to it that the picture of the whole log is shown; one run at a time, each with all that has come. */
  private draw(entry: Entry): void {
    if (entry.busy) return;
    entry.busy = (async () => {
      try {
        for (let round = -1, length = -1; round !== entry.round || length !== entry.log.length;) {
          const wait = entry.last + this.beat - performance.now();
          if (wait > 0) await new Promise((done) => setTimeout(done, wait));
          round = entry.round;
          length = entry.log.length;
          await this.turn(entry, round);
          entry.last = performance.now();
        }
      } finally {
        entry.busy = null;
      }
    })();
    this.pending.push(entry.busy);
    if (this.pending.length > 64) this.pending = this.pending.slice(-16);
  }

  private async turn(entry: Entry, round: number): Promise<void> {
    const { log } = entry;
    const kind = String(log[0]?.args?.[0] ?? "2d");
    let made: Blob | string | null = null;
    if (log.length === 0) made = null;
    else if (kind !== "2d") made = webgl(log, entry.size());
    else made = whole(log) ?? await this.paint(entry, round);
    if (entry.round !== round) return;
    const url = typeof made === "string" ? made : made && URL.createObjectURL(made);
    if (url) {
      const image = new Image();
      image.src = url;
      await image.decode().catch(() => undefined);
    }
    const old = entry.shown;
    if (entry.round !== round && url) {
      revoke(url);
      return;
    }
    entry.shown = url;
    entry.set(url);
    if (old) setTimeout(() => revoke(old), 1_000);
  }

  /** Run what has not been run yet; the bitmap afterwards. */
  private async paint(entry: Entry, round: number): Promise<Blob | null> {
    const { log } = entry;
    const from = Math.max(1, entry.done);
    const pictures = new Map<Command, ImageBitmap>();
    await Promise.all(log.slice(from).filter((c) => c.property === "drawImage").slice(-2_000).map(async (command) => {
      const bitmap = await picture(command.args?.[0]);
      if (bitmap) pictures.set(command, bitmap);
    }));
    let base: ImageBitmap | null = null;
    const url = entry.done === 0 && log[1]?.property !== "reset" ? entry.base() : null;
    if (url) base = await dataPicture(url);
    if (entry.round === round) {
      if (!entry.context) {
        const [width, height] = entry.size();
        if (!fits(width, height)) return null;
        entry.surface = new OffscreenCanvas(width, height);
        entry.context = entry.surface.getContext("2d");
        if (base) entry.context?.drawImage(base, 0, 0);
      }
      if (entry.context) this.strange += run(entry.context, log.slice(from), pictures);
      entry.done = log.length;
    }
    base?.close();
    for (const bitmap of pictures.values()) bitmap.close();
    return entry.round === round ? await entry.surface?.convertToBlob() ?? null : null;
  }
}

function revoke(url: string): void {
  if (url.startsWith("blob:")) URL.revokeObjectURL(url);
}

/** The recorded picture itself when that is all the log draws (rrweb's sampling). */
function whole(log: Command[]): Blob | null {
  const drawn = log.filter((c) => c.property !== "getContext" && c.property !== "reset" && c.property !== "clearRect");
  const image = drawn.length === 1 && drawn[0]!.property === "drawImage" ? drawn[0]!.args?.[0] as { rr_type?: string; args?: unknown[] } : null;
  return image?.rr_type === "ImageBitmap" ? pictureBlob(image.args?.[0]) : null;
}

/** A stand-in for a WebGL picture: the colour it was cleared with, and a label when more was drawn. */
function webgl(log: Command[], [width, height]: [number, number]): string {
  const has = (name: string): Command | undefined => log.find((c) => c.property === name);
  const colour = has("clear") ? (has("clearColor")?.args ?? [0, 0, 0, 0]).map((v) => Number(v) || 0) : [0, 0, 0, 0];
  return label(width, height, has("drawArrays") ? WEBGL_DRAWS : "", colour);
}
