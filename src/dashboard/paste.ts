/**
 * Bracketed paste: the terminal marks where pasted text begins and ends. Without that each character of it would be a key, and a
 * command line that was pasted into the wrong window could kill what is selected.
 */

import type { Typed } from './modal.ts';

export const PASTE_MARKED = '\x1b[?2004h';
export const PASTE_UNMARKED = '\x1b[?2004l';

const BEGINS = '\x1b[200~';
const ENDS = '\x1b[201~';

export interface Keyboard {
  /** Takes each sequence that the terminal sent before its key is told. */
  sequence(text: string): void;
  key(key: Typed): void;
}

/** Tells keys as they are, and each pasted text as one key `paste` with that text as its character. */
export function createKeyboard(onKey: (key: Typed) => void): Keyboard {
  let pasted: string | undefined;
  return {
    sequence: (text) => {
      if (text === BEGINS) pasted = '';
      if (text !== ENDS || pasted === undefined) return;
      const character = pasted;
      pasted = undefined;
      onKey({ full: 'paste', character });
    },
    key: (key) => {
      // Where the end of a paste was lost, Ctrl-C still ends tstop.
      if (pasted === undefined || key.full === 'C-c') onKey(key);
      else pasted += key.full === 'return' ? '\n' : (key.character ?? '');
    },
  };
}
