/**
 * Makes text from inside containers (names, command lines, labels) safe to show. It runs once, where the text enters
 * the program. It is apart from ./cells.ts, whose tables of widths take 20 ms to load: most commands measure nothing.
 */

/** Printable ASCII is the same in every terminal. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Stands for one line break, and fills one cell in every terminal. */
const LINE_BREAK = '↵';

/**
 * One pass, so that what is left on both sides of a removed character cannot join into a new one: line breaks; tabs;
 * halves of surrogate pairs; then C0, DEL and C1 controls, all format characters (bidi, zero-width, tags), and what
 * draws nothing (variation selectors, fillers).
 */
const UNSAFE =
  /(\r\n|[\n\v\f\r\x85\u2028\u2029])|(\t)|(\p{Surrogate})|[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Nothing in the result moves the cursor, changes colours, hides, or reorders text. An escape sequence loses its ESC
 * (or C1) and what is left of it shows as plain text: `x\x1b[2J` gives `x[2J`. Line breaks are visible as `↵`, tabs are
 * a blank, half a surrogate pair is U+FFFD.
 */
export function clean(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (_, lineBreak?: string, tab?: string, surrogate?: string) => {
    if (lineBreak !== undefined) return LINE_BREAK;
    if (tab !== undefined) return ' ';
    return surrogate === undefined ? '' : '\ufffd';
  });
}

/** What JSON.stringify leaves as it is inside a string, and a terminal or an editor does not. */
const UNSAFE_IN_JSON = /[\x7f-\x9f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** JSON that is safe to show, and reads back the same: what would move, hide or reorder text is written as `\u202e`. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(UNSAFE_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
