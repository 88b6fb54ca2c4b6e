// The player: which painting is shown, the queue of frames and the clock that plays them.

import { createCache } from "rrweb-snapshot";
import { BEAT } from "./canvas.ts";
import { Painting, understands } from "./painter.ts";
import { type Batch, type Patch, VERSION } from "./patch.ts";
import type { Stage } from "./stage.ts";
import { setAssets } from "./urls.ts";
import { setSprites } from "./sprites.ts";

/** Longest wait for pictures and fonts of a new document before it is shown, ms. */
const PATIENCE = 150;
/** The same while captured style sheets are on their way: without them the page is another one. */
const SHEET_PATIENCE = 800;

/** In play, positions of videos and sounds are brought up to date this often, ms. */
const MEDIA_BEAT = 250;

/** So long after a picture it is looked for animations, ms; seeks and play are not held up by it. */
const LOOK_LATER = 250;

/** A patch that stands on a revision this page does not have. */
export class Lost extends Error {}

function frame(): Promise<unknown> {
  return new Promise((done) => requestAnimationFrame(done));
}

export interface Applied { rev: number; t: number }

export class Player {
  private shown: Painting | null = null;
  private coming: Painting | null = null;
  /** By number: the one that patches go to, and those that stand by out of sight. */
  private pictures = new Map<number, Painting>();
  private cache = createCache();
  private queue: Patch[] = [];
  private until = 0;
  private anchor = { t: 0, now: 0, speed: 1 };
  private viewport: [number, number] = [1280, 800];
  private url = "";
  private down = false;
  private lastMedia = 0;
  private measuring: Promise<void> = Promise.resolve();
  private looking = 0;
  playing = false;
  /** Whether play waits for frames. */
  starved = false;
  /** Revision of the newest painting. */
  rev: number | null = null;
  /** Instant of the state last applied, and of what is on the screen. */
  private appliedT = 0;
  instant = 0;

  constructor(private stage: Stage) {}

  /** The painting that patches go to. */
  get painting(): Painting | null {
    return this.coming ?? this.shown;
  }

  /** Apply a seek's patch. Resolves when it is what the screen shows (or a later one is). */
  async seek(patch: Patch): Promise<Applied> {
    if (!understands(patch)) throw new Error(`patch version ${patch.v}`);
    if (patch.base !== null && patch.base !== undefined && patch.base !== this.rev) {
      this.drain(patch.base);
      if (patch.base !== this.rev) throw new Lost(`base ${patch.base}, here ${this.rev}`);
    }
    this.queue = [];
    const wait = this.apply(patch, true);
    this.until = this.appliedT;
    this.restart();
    const result = { rev: this.rev!, t: this.appliedT };
    if (wait) await wait;
    if (this.rev === result.rev) this.instant = result.t;
    return result;
  }

  /** Frames to play. */
  enqueue(batch: Batch): void {
    if (batch.v !== VERSION) throw new Error(`batch version ${batch.v}`);
    const last = this.queue.length ? this.queue[this.queue.length - 1]!.rev : this.rev;
    const first = batch.frames[0];
    if (first && first.base !== null && first.base !== last) throw new Lost(`base ${first.base}, queued ${last}`);
    this.queue.push(...batch.frames);
    const end = batch.until ?? batch.frames[batch.frames.length - 1]?.t ?? this.until;
    if (this.starved) {
      this.starved = false;
      this.anchor = { ...this.anchor, now: performance.now() };
    }
    this.until = Math.max(this.until, end);
  }

  play(speed: number, t?: number): void {
    this.anchor = { t: t ?? this.instant, now: performance.now(), speed };
    this.playing = true;
    this.starved = false;
  }

  pause(): void {
    if (!this.playing) return;
    this.tick(performance.now());
    this.playing = false;
  }

  setSpeed(speed: number): void {
    this.anchor = { t: this.instant, now: performance.now(), speed };
  }

  /** Play goes on from what the last seek brought. */
  private restart(): void {
    this.anchor = { ...this.anchor, t: this.appliedT, now: performance.now() };
  }

  /** One animation frame of play: apply what is due. */
  tick(now: number): void {
    if (!this.playing) return;
    let head = this.anchor.t + Math.max(0, now - this.anchor.now) * this.anchor.speed;
    if (head >= this.until) {
      // What has not arrived cannot be shown: the clock stands until it has.
      head = this.until;
      this.anchor = { ...this.anchor, t: head, now };
      this.starved = true;
    } else {
      this.starved = false;
    }
    let due = 0;
    while (due < this.queue.length && (this.queue[due]!.t ?? 0) <= head) due++;
    const frames = this.queue.splice(0, due);
    frames.forEach((frame, n) => this.apply(frame, n === due - 1));
    if (!this.coming) this.instant = head;
    if (now - this.lastMedia > MEDIA_BEAT) {
      this.lastMedia = now;
      this.painting?.playMedia(head);
    }
  }

  private drain(base: number): void {
    const at = this.queue.findIndex((frame) => frame.rev === base);
    if (at < 0) return;
    const frames = this.queue.splice(0, at + 1);
    frames.forEach((frame) => this.apply(frame, false));
  }

  private apply(patch: Patch, last: boolean): Promise<unknown> | null {
    if (patch.viewport && patch.viewport[0] > 0) this.viewport = patch.viewport;
    if (patch.url) this.url = patch.url;
    let wait: Promise<unknown> | null = null;
    if (patch.base === null || patch.base === undefined) {
      setAssets(patch.assets ?? {});
      setSprites(patch.sprites ?? {});
      for (const number of [...this.pictures.keys()]) this.drop(number);
    }
    const standing = patch.picture === undefined ? this.painting : this.pictures.get(patch.picture);
    if (patch.blank) {
      this.clear();
    } else if (patch.reset !== undefined) {
      wait = this.come(this.build(patch, last));
    } else if (standing) {
      standing.canvases.beat = this.playing ? BEAT : 0;
      standing.apply(patch, last);
      if (standing !== this.painting) wait = this.come(standing);
      // Drawings are run and encoded beside this task; in play the picture does not wait for them.
      else if (patch.canvas && !this.playing) wait = standing.drawn(PATIENCE);
    } else {
      throw new Lost(`picture ${patch.picture}`);
    }
    for (const number of patch.dropped ?? []) this.drop(number);
    if (!this.coming) this.stage.resize(this.viewport);
    this.rev = patch.rev ?? this.rev;
    this.appliedT = patch.t ?? this.appliedT;
    if (last && !this.playing) this.painting?.playMedia(this.appliedT);
    if (last) {
      this.overlay(patch);
      this.rescrollLater();
      const { painting } = this;
      if (painting?.sheets.leavesOut && (patch.place || patch.reset !== undefined)) {
        this.measuring = this.measure(painting);
      }
    }
    return wait;
  }

  /** A painting of its own for a patch that begins one. */
  private build(patch: Patch, last: boolean): Painting {
    const size = patch.viewport && patch.viewport[0] > 0 ? patch.viewport : this.viewport;
    const fresh = new Painting(this.stage.element, this.cache, patch.url || this.url, size);
    if (patch.picture !== undefined) this.pictures.set(patch.picture, fresh);
    fresh.apply(patch, last);
    return fresh;
  }

  /** Build a picture out of sight, to stand by until a patch is of it. */
  prepare(patch: Patch): void {
    if (!understands(patch)) throw new Error(`patch version ${patch.v}`);
    const fresh = this.build(patch, true);
    fresh.standBy();
    if (fresh.sheets.leavesOut) void this.measure(fresh);
  }

  /** Show this painting once it is complete; the one shown stays until then. */
  private come(painting: Painting): Promise<unknown> | null {
    const before = this.coming;
    this.coming = null;
    if (before && before !== painting) this.layBy(before);
    if (painting === this.shown) return null;
    this.coming = painting;
    const wait = painting.complete(painting.sheets.pending.length ? SHEET_PATIENCE : PATIENCE);
    if (wait) return wait.then(() => this.swap(painting));
    this.swap(painting);
    return null;
  }

  private kept(painting: Painting): boolean {
    for (const one of this.pictures.values()) if (one === painting) return true;
    return false;
  }

  /** Not shown any more: to stand by, or to go. */
  private layBy(painting: Painting): void {
    if (this.kept(painting)) {
      painting.standBy();
      return;
    }
    painting.frame.style.visibility = "hidden";
    // Taking a large document down costs time; the new one is painted first, and further seeks come before it.
    requestIdleCallback(() => {
      painting.canvases.forget();
      painting.frame.remove();
    }, { timeout: 1_000 });
  }

  /** A picture that need not stand by any more; what is on the screen goes when another is complete. */
  private drop(number: number): void {
    const painting = this.pictures.get(number);
    this.pictures.delete(number);
    if (painting && painting !== this.shown && painting !== this.coming) this.layBy(painting);
  }

  /** Content that lays itself out late (content-visibility) has its height only after a frame. */
  private rescrollLater(): void {
    const painting = this.painting;
    if (painting?.scrolls.size) requestAnimationFrame(() => painting.rescroll());
  }

  /** What came was laid out when the person scrolled past it: the page knows its height ever since. */
  private async measure(painting: Painting): Promise<void> {
    painting.sheets.layOut(true);
    await frame();
    await frame();
    painting.sheets.layOut(false);
    painting.rescroll();
  }

  private swap(painting: Painting): void {
    if (this.coming !== painting) return;
    this.coming = null;
    const old = this.shown;
    this.shown = painting;
    this.stage.resize(this.viewport);
    painting.appear();
    this.stage.raise();
    if (old) this.layBy(old);
  }

  /** Show nothing: there is no picture at this instant. */
  clear(): void {
    const gone = [this.coming, this.shown];
    this.coming = this.shown = null;
    for (const painting of gone) if (painting) this.layBy(painting);
    this.stage.showPointer(null, false);
  }

  private overlay(patch: Patch): void {
    const painting = this.painting;
    this.note(painting?.animated ?? false);
    if (!this.looking) this.looking = window.setTimeout(() => this.look(), LOOK_LATER);
    if (patch.down !== undefined) this.down = patch.down;
    if (patch.pointer !== undefined && painting) {
      const p = patch.pointer;
      painting.hover(p);
      const [x, y] = p ? painting.offset(p[3]) : [0, 0];
      this.stage.showPointer(p ? [p[0] + x, p[1] + y, p[2] === 1] : null, this.down);
    }
    this.stage.showRings((patch.rings ?? []).map(([x, y, id, age]) => {
      const [dx, dy] = painting?.offset(id) ?? [0, 0];
      return [x + dx, y + dy, age];
    }));
    if (this.playing && painting) {
      for (const [x, y, id] of patch.clicks ?? []) {
        const [dx, dy] = painting.offset(id);
        this.stage.showClick(x + dx, y + dy);
      }
    }
  }

  /** Look for animations: what is recorded does not say how far they were. */
  private look(): void {
    clearTimeout(this.looking);
    this.looking = 0;
    const painting = this.painting;
    if (painting) this.note(painting.animated = painting.animates());
  }

  /** Say what of this picture is not as it was, and leaves no place of its own. */
  private note(animated: boolean): void {
    const lacking = this.painting?.unstyled.size ?? 0;
    const said = lacking ? [`${lacking} style sheet${lacking > 1 ? "s" : ""} not recorded`] : [];
    if (animated) said.push("animation time is approximate");
    this.stage.say(said.join(" \u00b7 "));
  }

  /** Resolves two animation frames after the picture is complete. */
  async settled(): Promise<void> {
    const wait = this.painting?.complete(2_000);
    if (wait) await wait;
    await this.measuring;
    for (let n = 0; n < 2; n++) {
      await frame();
      this.painting?.rescroll();
    }
    this.look();
  }
}
