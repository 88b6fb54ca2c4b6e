// The patch format of docs/patch-format.md as types.

export const VERSION = 2;

export const DOCUMENT = 0, DOCTYPE = 1, ELEMENT = 2, TEXT = 3, CDATA = 4, COMMENT = 5;
export const SVG = 1, SHADOW_HOST = 2, SHADOW = 4, CUSTOM = 8, BLOCKED = 16;

export type Attributes = Record<string, unknown>;
export type Overrides = Record<string, string | [string, string] | false>;

/** A node record: the fields of recording/nodes.py in their order. */
export type Rec = [
  id: number, kind: number, parent: number, name: string, attrs: Attributes, children: number[],
  shadow?: number[] | null, text?: string | null, flags?: number, style?: Overrides | null, extra?: string[] | null,
];

/** A rule operation: i(nsert), d(elete), r(eplace), s(et), x (remove a declaration). */
export type Op = [string, ...any[]];

export interface Font { family: string; source: string; buffer?: boolean; descriptors?: FontFaceDescriptors | null }

export interface Media { playing: boolean; at: number; t: number; rate: number }

export interface Patch {
  v: number;
  base?: number | null;
  rev?: number;
  /** Captured files: URL as recorded to key. */
  assets?: Record<string, string>;
  sprites?: Record<string, string>;
  t?: number;
  /** Number of the picture this is of. */
  picture?: number;
  /** Pictures that need not stand by any more. */
  dropped?: number[];
  reset?: number;
  blank?: boolean;
  removed?: number[];
  nodes?: Rec[];
  place?: [number, number, number | null, number][];
  attrs?: [number, Attributes][];
  style?: [number, string | null, Overrides | null][];
  text?: [number, string][];
  input?: [number, string | null, boolean | null][];
  sheets?: [number, number, Op[]][];
  constructed?: [number, number, number, Op[]][];
  adopted?: [number, number[]][];
  fonts?: [number, Font[]][];
  media?: [number, Media | null][];
  canvas?: [number, number, unknown[]][];
  scroll?: [number, number, number][];
  viewport?: [number, number];
  url?: string;
  pointer?: [number, number, number, number?] | null;
  down?: boolean;
  clicks?: [number, number, number?][];
  rings?: [number, number, number, number][];
  focus?: number | null;
  selection?: [number, number, number, number][];
  caret?: number;
}

export interface Batch { v: number; frames: Patch[]; until?: number }
