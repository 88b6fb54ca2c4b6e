// Drawing commands of a recording, run on a canvas of the player's own. Hostile: only the names listed here, plain
// values and pictures the recording holds; never a URL, a shader or a script.

export interface Command { property?: string; args?: unknown[]; setter?: boolean }

type Context = OffscreenCanvasRenderingContext2D;

/** Longest text, largest side and area of anything drawn. */
const MAX_TEXT = 10_000, MAX_SIDE = 16_384, MAX_AREA = 40_000_000;
/** What one run may take, ms. */
const BUDGET = 1_500;

const SETTERS = new Set([
  "fillStyle", "strokeStyle", "globalAlpha", "globalCompositeOperation", "lineWidth", "lineCap", "lineJoin",
  "miterLimit", "lineDashOffset", "font", "textAlign", "textBaseline", "direction", "shadowBlur", "shadowColor",
  "shadowOffsetX", "shadowOffsetY", "imageSmoothingEnabled", "imageSmoothingQuality", "filter", "letterSpacing",
  "wordSpacing", "fontKerning", "fontStretch", "fontVariantCaps", "textRendering",
]);
const METHODS = new Set([
  "save", "restore", "reset", "scale", "rotate", "translate", "transform", "setTransform", "resetTransform",
  "clearRect", "fillRect", "strokeRect", "beginPath", "closePath", "moveTo", "lineTo", "quadraticCurveTo",
  "bezierCurveTo", "arc", "arcTo", "ellipse", "rect", "roundRect", "fill", "stroke", "clip", "fillText", "strokeText",
  "drawImage", "putImageData", "setLineDash",
]);

export function fits(width: number, height: number): boolean {
  return width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_AREA;
}

interface Typed { rr_type?: string; args?: unknown[]; base64?: string; src?: string; data?: unknown[]; type?: string }

function bytes(value: unknown): Uint8Array<ArrayBuffer> | null {
  const buffer = value as Typed | null;
  if (buffer?.rr_type === "ArrayBuffer" && typeof buffer.base64 === "string") {
    try {
      const text = atob(buffer.base64);
      const result = new Uint8Array(text.length);
      for (let n = 0; n < text.length; n++) result[n] = text.charCodeAt(n);
      return result;
    } catch {
      return null;
    }
  }
  if (Array.isArray(buffer) && buffer.length <= MAX_AREA && buffer.every((v) => typeof v === "number")) {
    return new Uint8Array(buffer as number[]);
  }
  return /^Uint8(Clamped)?Array$/.test(buffer?.rr_type ?? "") ? bytes(buffer!.args?.[0]) : null;
}

/** A recorded Blob as a picture: whatever else a recording calls it, it is shown as an image or not at all. */
export function pictureBlob(value: unknown): Blob | null {
  const blob = value as Typed | null;
  if (blob?.rr_type !== "Blob" || !Array.isArray(blob.data)) return null;
  const parts = blob.data.map((part) => bytes(part)).filter((part) => part !== null);
  const type = /^image\/(png|webp|jpeg)$/.test(blob.type ?? "") ? blob.type! : "image/webp";
  return parts.length ? new Blob(parts, { type }) : null;
}

function imageData(value: unknown): ImageData | null {
  const data = value as Typed | null;
  if (data?.rr_type !== "ImageData") return null;
  const [pixels, width, height] = data.args ?? [];
  const all = bytes(pixels);
  if (!all || typeof width !== "number" || typeof height !== "number" || !fits(width, height)) return null;
  try {
    return new ImageData(new Uint8ClampedArray(all.buffer), width, height);
  } catch {
    return null;
  }
}

/** The picture a recorded drawImage argument holds itself, decoded; null when it is none, or only a URL. */
export async function picture(value: unknown): Promise<ImageBitmap | null> {
  const source = value as Typed | null;
  try {
    let found: ImageBitmapSource | null = null;
    if (source?.rr_type === "ImageBitmap") found = pictureBlob(source.args?.[0]) ?? imageData(source.args?.[0]);
    else if (typeof source?.src === "string" && /^data:image\//i.test(source.src)) return await dataPicture(source.src);
    if (!found) return null;
    const bitmap = await createImageBitmap(found);
    if (fits(bitmap.width, bitmap.height)) return bitmap;
    bitmap.close();
  } catch {
    // No picture after all.
  }
  return null;
}

/** A data: picture, decoded. */
export async function dataPicture(url: string): Promise<ImageBitmap | null> {
  if (!/^data:image\//i.test(url)) return null;
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return fits(image.naturalWidth, image.naturalHeight) ? await createImageBitmap(image) : null;
  } catch {
    return null;
  }
}

function plain(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "string" && value.length <= MAX_TEXT;
}

/** Run commands. `pictures` holds the decoded first arguments of drawImage. Answers how many were not understood. */
export function run(context: Context, commands: Command[], pictures: Map<Command, ImageBitmap>): number {
  const target = context as unknown as Record<string, any>;
  const end = performance.now() + BUDGET;
  let strange = 0;
  for (let n = 0; n < commands.length; n++) {
    if ((n & 255) === 255 && performance.now() > end) return strange + commands.length - n;
    const command = commands[n]!;
    const name = command.property ?? "";
    let args = Array.isArray(command.args) ? command.args : [];
    // An undefined argument is recorded as null; given to fillText as its width it would hide the text.
    while (args.length && args[args.length - 1] === null) args = args.slice(0, -1);
    try {
      if (command.setter) {
        const value = args[0];
        if (!SETTERS.has(name) || !plain(value) || /url\(/i.test(String(value))) strange++;
        else target[name] = value;
      } else if (!METHODS.has(name)) {
        // What only asks (measureText) or makes what recordings do not hold (gradients, patterns).
        if (/^create/.test(name)) strange++;
      } else if (name === "drawImage") {
        const bitmap = pictures.get(command);
        if (bitmap && args.slice(1).every((v) => typeof v === "number")) target.drawImage(bitmap, ...args.slice(1));
        else strange++;
      } else if (name === "putImageData") {
        const data = imageData(args[0]);
        if (data && args.slice(1).every((v) => typeof v === "number")) target.putImageData(data, ...args.slice(1));
        else strange++;
      } else if (name === "setLineDash") {
        const dash = Array.isArray(args[0]) ? args[0] : null;
        if (dash && dash.length <= 1_000 && dash.every((v) => typeof v === "number")) target.setLineDash(dash);
        else strange++;
      } else {
        const values = name === "roundRect" ? args.map((v) => Array.isArray(v) ? v.map(Number) : v) : args;
        if (values.every((v) => plain(v) || v === null || name === "roundRect" && Array.isArray(v))) target[name](...values);
        else strange++;
      }
    } catch {
      strange++;
    }
  }
  return strange;
}
