// Videos and sounds: at the recorded position when the recording holds them, else a box that says what was playing.

import type { Media } from "./patch.ts";
import { film } from "./placeholder.ts";
import { asset, picture } from "./urls.ts";

/** Seconds as a person reads them. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Position of a medium at instant `t` (epoch ms), seconds. */
export function position(media: Media, t: number): number {
  const gone = media.playing ? Math.max(0, t - media.t) / 1000 * (media.rate || 1) : 0;
  return Math.max(0, (media.at || 0) + gone);
}

/** Whether the recording holds the medium itself. */
export function held(element: Element): boolean {
  return /^data:(video|audio)\//i.test(element.getAttribute("src") ?? "");
}

/** Show a video or audio element as it was at instant `t`; `media` is unknown for what was never played. */
export function show(element: Element, attrs: Record<string, unknown>, media: Media | undefined, t: number,
                     page: string): void {
  const at = media ? position(media, t) : 0;
  if (held(element)) {
    const player = element as HTMLMediaElement;
    const wanted = player.loop && player.duration > 0 ? at % player.duration : at;
    player.muted = true;
    if (Math.abs(player.currentTime - wanted) > 0.04) player.currentTime = wanted;
    return;
  }
  const state = media ? `${media.playing ? "\u25b6" : "\u2016"} ${clock(at)}` : "";
  const rate = media && media.rate && media.rate !== 1 ? ` \u00d7${media.rate}` : "";
  const label = `${state}${rate}${state ? " \u00b7 " : ""}${element.localName === "video" ? "Video" : "Sound"} not recorded`;
  if (element.localName === "video") {
    const still = typeof attrs.poster === "string" ? picture(attrs.poster) : null;
    // A captured poster stands as it did until the video was played; nothing can be drawn over it.
    const poster = typeof attrs.poster === "string" && !at && !media?.playing ? asset(attrs.poster, page, "i") : null;
    if (poster) element.setAttribute("title", label);
    const url = poster ?? film(attrs.width, attrs.height, label, still);
    if (element.getAttribute("poster") !== url) element.setAttribute("poster", url);
  } else {
    element.setAttribute("title", label);
  }
}

/** Resolves when a video shows the frame it was last told to. */
export function still(video: HTMLVideoElement): Promise<unknown> {
  if (!video.seeking && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return Promise.resolve();
  return new Promise((done) => {
    for (const what of ["seeked", "loadeddata", "error"]) video.addEventListener(what, done, { once: true });
  });
}
