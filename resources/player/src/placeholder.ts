// Quiet stand-ins for what a recording refers to but does not hold.

function size(value: unknown): number {
  const number = typeof value === "number" ? value : parseFloat(String(value ?? ""));
  return number > 0 && number < 10_000 && !String(value).includes("%") ? number : 0;
}

/** A pale box for a picture that cannot be had, in the proportions its attributes promise. */
export function missing(width: unknown, height: unknown): string {
  const w = size(width) || size(height) || 24;
  const h = size(height) || size(width) || 16;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 24 16" preserveAspectRatio="none">`
    + `<path fill="#8b93a7" fill-opacity=".16" d="M0 0h24v16H0z"/></svg>`);
}

/** An empty picture of a canvas' size: gives a <canvas> its box in a frame without scripts. */
export function blank(width: unknown, height: unknown): string {
  const w = size(width) || 300, h = size(height) || 150;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"/>`);
}

/** A labelled box that stands for a video or audio player. */
export function film(width: unknown, height: unknown, label: string): string {
  const w = size(width) || 300, h = size(height) || 150;
  const safe = label.replace(/[<>&"]/g, " ");
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">`
    + `<path fill="#1d2230" d="M0 0h${w}v${h}H0z"/><text x="50%" y="50%" fill="#c9cfdd" font-family="sans-serif"`
    + ` font-size="14" text-anchor="middle" dominant-baseline="middle">${safe}</text></svg>`);
}
