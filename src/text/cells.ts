/**
 * Text as terminal cells: made safe where columns must align (`terminalSafe`), measured, cut and padded. Text from
 * containers has already been through `clean` (./clean.ts) when it gets here.
 */

import { createRequire } from 'node:module';
import { clean } from './clean.ts';

const ELLIPSIS = '…';

/**
 * Nothing but what is one cell in every terminal and table, and stands for itself: ASCII, Latin letters, and what we draw
 * with (· … → ─ ▲ and the like).
 */
const ONE_CELL =
  /^[\x20-\x7e\u00b5\u00b7\u00c0-\u00ff\u0394\u03a3\u2013\u2026\u2190-\u2193\u2265\u2500-\u257f\u2581-\u2588\u258f\u25b2\u25ba\u25b8\u25bc\u25be\u25cf]*$/;

type Width = (text: string) => number;

/** Loaded with the first text that needs it: its tables, and the segmenter's, take longer to load than most commands. */
let loaded: Width | undefined;
const stringWidth: Width = (text) => {
  loaded ??= loadStringWidth();
  return loaded(text);
};

function loadStringWidth(): Width {
  const module: unknown = createRequire(import.meta.url)('string-width');
  const width = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (typeof width !== 'function') throw new Error('string-width has no default function');
  return (text) => Number(width(text));
}

/** Terminal cells that the text fills. */
export function cellWidth(text: string): number {
  if (ONE_CELL.test(text)) return text.length;
  if (text.length <= WINDOW) return stringWidth(text);
  let cells = 0;
  for (const grapheme of graphemes(text)) cells += stringWidth(grapheme);
  return cells;
}

let segmenter: Intl.Segmenter | undefined;

/**
 * V8's segmenter takes time in the square of the length: the 128 KiB that a command line may have would stop the screen
 * for seconds. So it sees a window at a time, begun anew where the last whole grapheme ended.
 */
const WINDOW = 256;

function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  let start = 0;
  let size = WINDOW;
  while (start < text.length) {
    /** Not between the halves of a mark outside the BMP: what it belongs to would look whole. */
    const end = start + size + (/[\ud800-\udbff]/.test(text.charAt(start + size - 1)) ? 1 : 0);
    const segments = Array.from(segmenter.segment(text.slice(start, end)), ({ segment }) => segment);
    const isLast = end >= text.length;
    if (!isLast && segments.length === 1) {
      size *= 2;
      continue;
    }
    if (!isLast) segments.pop();
    for (const segment of segments) {
      yield segment;
      start += segment.length;
    }
    size = WINDOW;
  }
}

/** At most `cells` cells of the text, whole graphemes, with an ellipsis where something was left out. */
export function cut(text: string, cells: number): string {
  if (cells <= 0) return '';
  if (ONE_CELL.test(text)) return text.length <= cells ? text : text.slice(0, cells - 1) + ELLIPSIS;
  let kept = '';
  let used = 0;
  let fits = true;
  for (const grapheme of graphemes(text)) {
    used += stringWidth(grapheme);
    if (used > cells) return kept + ELLIPSIS;
    fits &&= used < cells;
    if (fits) kept += grapheme;
  }
  return text;
}

/** Blanks after the text, up to `cells` cells. Does not cut. */
export const padEnd = (text: string, cells: number): string => text + blanks(cells - cellWidth(text));

/** Blanks before the text, up to `cells` cells. Does not cut. */
export const padStart = (text: string, cells: number): string => blanks(cells - cellWidth(text)) + text;

const blanks = (count: number): string => ' '.repeat(Math.max(0, count));

/** Drawn by some terminals at another width than by others, alone or with what stands beside it. */
const EMOJI = /\p{Regional_Indicator}{1,2}|\p{Emoji_Presentation}\p{Emoji_Modifier}?/gu;
/** Two cells in every table of widths, the old ones too (blessed's, glibc's, string-width's). */
const WIDE =
  /[\u2e80-\u2ffb\u3000-\u3029\u3031-\u303c\u3041-\u312d\u3131-\u31ba\u31c0-\u31e3\u31f0-\u3247\u3250-\u32fe\u3300-\u4dbf\u4e00-\ua4c6\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
/** One cell in string-width's table, but not in every other: conjoining letters, characters not assigned or private. */
const UNSURE =
  /[\p{Cn}\p{Co}\u0e33\u0eb3\u06de\u0d4e\u1100-\u11ff\u3248-\u324f\ua960-\ua97c\ud7b0-\ud7fb\u{111c2}\u{111c3}\u{113d1}\u{1193f}\u{11941}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}\u{16d63}\u{16d67}-\u{16d6a}]/u;
/** Stand in for one and two cells. */
const NARROW_SUBSTITUTE = '?';
const WIDE_SUBSTITUTE = '？';

/**
 * `clean` text of which every terminal, and blessed, knows the width: emoji and flags become `？`, combining marks that
 * have no composed letter are dropped, and other characters of uncertain width become `?` or `？`.
 */
export function terminalSafe(text: string): string {
  if (ONE_CELL.test(text)) return text;
  const composed = clean(text).normalize('NFC').replace(EMOJI, WIDE_SUBSTITUTE).replace(/\p{M}/gu, '');
  return composed.replace(/[^\x20-\x7e]/gu, standIn);
}

/** By character: names repeat at every refresh. Emptied when somebody makes it grow. */
const standIns = new Map<string, string>();
const MOST_STAND_INS = 4096;

function standIn(character: string): string {
  const known = standIns.get(character);
  if (known !== undefined) return known;
  const width = stringWidth(character);
  const isSure = width === 2 ? WIDE.test(character) : width === 1 && !UNSURE.test(character);
  const safe = isSure ? character : width === 2 ? WIDE_SUBSTITUTE : NARROW_SUBSTITUTE;
  if (standIns.size >= MOST_STAND_INS) standIns.clear();
  standIns.set(character, safe);
  return safe;
}
