// Entry of the player page: messages from Python in, reports out.

import { Inspector } from "./inspect.ts";
import { Link, type Header } from "./link.ts";
import { setMarks } from "./marks.ts";
import { Lost, Player } from "./player.ts";
import { read } from "./read.ts";
import { Stage } from "./stage.ts";
import type { Batch, Patch } from "./patch.ts";

/** Instants are reported this often while playing, ms. */
const BEAT = 100;
/** A connection to loopback that can be made is made well within this time (measured: 10 to 30 ms), ms. */
const PROBE_WAIT = 120;

const link = new Link(location.hash.slice(1));
const stage = new Stage();
const player = new Player(stage);
const inspector = new Inspector(stage, () => player.painting, (message) => link.report(message));
let viewport: [number, number] = [0, 0];
let zoom: number | null = null;
let lastBeat = 0;
let lastStarved = false;

function failed(request: number | undefined, error: unknown): void {
  const kind = error instanceof Lost ? "lost" : "failed";
  link.report({ kind, request, message: String(error), rev: player.rev });
}

async function seek(header: Header, body: string): Promise<void> {
  const start = performance.now();
  try {
    const patch = JSON.parse(body) as Patch;
    const parsed = performance.now();
    if (patch.viewport && patch.viewport[0] > 0) viewport = patch.viewport;
    const waiting = player.seek(patch);
    const built = performance.now();
    const applied = await waiting;
    link.report({
      kind: "applied", request: header.request, ...applied, parse: parsed - start, apply: built - parsed,
      wait: performance.now() - built,
    });
  } catch (error) {
    failed(header.request, error);
  }
}

function handle(header: Header, body: string): void {
  switch (header.kind) {
    case "patch":
      void seek(header, body);
      break;
    case "prepare":
      try {
        player.prepare(JSON.parse(body) as Patch);
      } catch (error) {
        failed(header.request, error);
      }
      link.report({ kind: "prepared", request: header.request });
      break;
    case "frames":
      try {
        const batch = JSON.parse(body) as Batch;
        player.enqueue(batch);
        const sized = batch.frames.filter((f) => f.viewport && f.viewport[0] > 0).pop();
        if (sized) viewport = sized.viewport!;
      } catch (error) {
        failed(header.request, error);
      }
      break;
    case "play":
      player.play(header.speed, header.t);
      break;
    case "speed":
      player.setSpeed(header.speed);
      break;
    case "pause":
      player.pause();
      beat(true);
      break;
    case "zoom":
      // A picture at 100 % is taken of the fitted page, whatever scale the person chose.
      if (header.restore) stage.setZoom(zoom);
      else if (header.keep) stage.setZoom(null);
      else stage.setZoom(zoom = header.zoom);
      break;
    case "around":
      document.documentElement.style.setProperty("--around", header.colour);
      break;
    case "pointer":
      stage.hidePointer(!header.visible);
      break;
    case "marks":
      setMarks(header.on);
      break;
    case "select":
      stage.setSelecting(header.on);
      break;
    case "outline":
      inspector.outline(header.ids);
      break;
    case "pins":
      inspector.pins(header.spots);
      break;
    case "pick":
      inspector.pick(header.on);
      break;
    case "settle":
      void player.settled().then(() => link.report({ kind: "settled", request: header.request, box: stage.box(), scale: stage.scale }));
      break;
    case "mark":
      stage.mark(header.colour);
      break;
    case "probe":
      probe(header.urls);
      break;
  }
}

/** Try to reach a listener of our own in the ways that policy and interceptor do not stop; silence is the answer. */
function probe(urls: string[]): void {
  for (const url of urls) {
    for (const rel of ["preconnect", "dns-prefetch", "prefetch"]) {
      const hint = document.createElement("link");
      hint.rel = rel;
      hint.href = url;
      document.head.appendChild(hint);
    }
    void fetch(url, { mode: "no-cors" }).catch(() => undefined);
  }
  setTimeout(() => {
    for (const hint of document.head.querySelectorAll("link")) hint.remove();
    link.report({ kind: "probed" });
  }, PROBE_WAIT);
}

function beat(always = false): void {
  const now = performance.now();
  if (!always && now - lastBeat < BEAT && player.starved === lastStarved) return;
  lastBeat = now;
  lastStarved = player.starved;
  link.report({ kind: "instant", t: player.instant, rev: player.rev, playing: player.playing, starved: player.starved });
}

function frame(now: number): void {
  if (player.playing) {
    try {
      player.tick(now);
    } catch (error) {
      player.playing = false;
      failed(undefined, error);
    }
    beat();
  }
  requestAnimationFrame(frame);
}

// The one thing Python asks by script, because what it answers is too large for a report.
Object.assign(window, { replayRead: () => JSON.stringify(read(player.painting, viewport)) });
addEventListener("contextmenu", (event) => event.preventDefault());
requestAnimationFrame(frame);
void link.listen(handle);
link.report({ kind: "ready" });
