// Quiet stand-ins for what a recording refers to but does not hold.

function size(value: unknown): number {
  const number = typeof value === "number" ? value : parseFloat(String(value ?? ""));
  return number > 0 && number < 10_000 && !String(value).includes("%") ? number : 0;
}

const PALE = `<path fill="#8b93a7" fill-opacity=".16" d="M0 0h24v16H0z"/>`;
const ENDING = encodeURIComponent(PALE + "</svg>");

/** A pale box for a picture that cannot be had, in the proportions its attributes promise. */
export function missing(width: unknown, height: unknown): string {
  const w = size(width) || size(height) || 24;
  const h = size(height) || size(width) || 16;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 24 16" preserveAspectRatio="none">`
    + `${PALE}</svg>`);
}

/** Whether a picture is such a box. */
export function isMissing(url: string | null): boolean {
  return url !== null && url.endsWith(ENDING);
}

/** An empty picture of a canvas' size: gives a <canvas> its box in a frame without scripts. */
export function blank(width: unknown, height: unknown): string {
  const w = size(width) || 300, h = size(height) || 150;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"/>`);
}

/** A labelled box that stands for a video or audio player, over its poster when there is one. */
export function film(width: unknown, height: unknown, label: string, poster?: string | null): string {
  // Most videos are as wide as this; what the recorded one was is not in the recording.
  const w = size(width) || 300, h = size(height) || (size(width) ? Math.round(w * 9 / 16) : 150);
  const safe = label.replace(/[<>&"]/g, " ");
  const under = poster && poster.length < 500_000
    ? `<image href="${poster.replace(/[<>&"]/g, "")}" width="${w}" height="${h}" preserveAspectRatio="xMidYMid meet"/>` : "";
  const bar = Math.max(14, Math.min(26, h / 6));
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">`
    + `<path fill="#1d2230" d="M0 0h${w}v${h}H0z"/>${under}`
    + `<path fill="#1d2230" fill-opacity=".8" d="M0 ${(h - bar) / 2}h${w}v${bar}H0z"/>`
    + `<text x="50%" y="50%" fill="#dfe3ee" font-family="sans-serif" font-size="${bar / 2}" text-anchor="middle" `
    + `dominant-baseline="middle">${safe}</text></svg>`);
}

/** A box of a colour (red, green, blue, alpha from 0 to 1) with a label in the middle. */
export function label(w: number, h: number, text: string, colour: number[]): string {
  const [r, g, b] = colour.map((v) => Math.round(Math.max(0, Math.min(1, v)) * 255));
  const alpha = Math.max(0, Math.min(1, colour[3] ?? 0));
  const light = alpha > 0.5 && (r! * 3 + g! * 6 + b!) / 10 < 128;
  const safe = text.replace(/[<>&"]/g, " ");
  const size = Math.max(7, Math.min(14, w / 17));
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><path fill="rgb(${r},${g},${b})" `
    + `fill-opacity="${alpha}" d="M0 0h${w}v${h}H0z"/>`
    + (safe ? `<rect x=".5" y=".5" width="${w - 1}" height="${h - 1}" fill="none" stroke="#8b93a7" stroke-dasharray="4 3"/>`
      + `<text x="50%" y="50%" fill="${light ? "#c9cfdd" : "#4b5468"}" font-family="sans-serif" font-size="${size}" `
      + `text-anchor="middle" dominant-baseline="middle">${safe}</text>` : "") + "</svg>");
}
