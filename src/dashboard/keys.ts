/** The key table: what each key does, and the text that help shows for it. Names as blessed reports them. */

export type Action =
  | { readonly type: 'move'; readonly by: number }
  | { readonly type: 'page'; readonly by: number }
  | { readonly type: 'first' }
  | { readonly type: 'last' }
  | { readonly type: 'sort'; readonly by: string }
  | { readonly type: 'sort-next'; readonly by: number }
  | { readonly type: 'reverse' }
  | { readonly type: 'filter' }
  | { readonly type: 'clear-filter' }
  | { readonly type: 'all' }
  | { readonly type: 'details' }
  | { readonly type: 'pause' }
  | { readonly type: 'help' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' }
  | { readonly type: 'quit' };

export interface KeyBinding {
  /** blessed's names; the first is shown in the footer. */
  readonly keys: readonly string[];
  /** How they are written in help. */
  readonly shown: string;
  readonly help: string;
  /** Short text for the footer, where it belongs there. */
  readonly footer?: string;
  readonly action: Action;
}

export const KEYS: readonly KeyBinding[] = [
  { keys: ['?', 'h', 'f1'], shown: '? h F1', help: 'this help', footer: 'help', action: { type: 'help' } },
  { keys: ['up', 'k'], shown: '↑ k', help: 'row above', action: { type: 'move', by: -1 } },
  { keys: ['down', 'j'], shown: '↓ j', help: 'row below', action: { type: 'move', by: 1 } },
  { keys: ['pageup'], shown: 'PgUp', help: 'page up', action: { type: 'page', by: -1 } },
  { keys: ['pagedown'], shown: 'PgDn', help: 'page down', action: { type: 'page', by: 1 } },
  { keys: ['home', 'g'], shown: 'Home g', help: 'first row', action: { type: 'first' } },
  { keys: ['end', 'S-g'], shown: 'End G', help: 'last row', action: { type: 'last' } },
  {
    keys: ['/', 'f', 'f4', '\\'],
    shown: '/ f F4 \\',
    help: 'filter by name, path or image: type, Enter keeps it, Esc clears it',
    footer: 'filter',
    action: { type: 'filter' },
  },
  { keys: ['escape'], shown: 'Esc', help: 'clear the filter, close help', action: { type: 'clear-filter' } },
  {
    keys: ['>', 'f6', 'right'],
    shown: '> F6 →',
    help: 'sort by the next column',
    footer: 'sort',
    action: { type: 'sort-next', by: 1 },
  },
  { keys: ['<', 'left'], shown: '< ←', help: 'sort by the column before', action: { type: 'sort-next', by: -1 } },
  { keys: ['S-p'], shown: 'P', help: 'sort by CPU', action: { type: 'sort', by: 'cpu_percent' } },
  { keys: ['S-m'], shown: 'M', help: 'sort by memory', action: { type: 'sort', by: 'memory_bytes' } },
  { keys: ['S-t'], shown: 'T', help: 'sort by throttling', action: { type: 'sort', by: 'cpu_throttled_percent' } },
  { keys: ['S-n'], shown: 'N', help: 'sort by name', action: { type: 'sort', by: 'name' } },
  { keys: ['S-i', 'r'], shown: 'I r', help: 'reverse the order', action: { type: 'reverse' } },
  {
    keys: ['return', 'o'],
    shown: 'Enter o',
    help: 'processes of the selected row, in the whole window and back',
    footer: 'processes',
    action: { type: 'details' },
  },
  { keys: ['a'], shown: 'a', help: 'slices, monitors and inner cgroups too', footer: 'all', action: { type: 'all' } },
  {
    keys: ['S-z'],
    shown: 'Z',
    help: 'hold the display still, and let it go on',
    footer: 'hold',
    action: { type: 'pause' },
  },
  { keys: ['C-l'], shown: 'Ctrl-L', help: 'draw anew', action: { type: 'redraw' } },
  { keys: ['C-z'], shown: 'Ctrl-Z', help: 'suspend; fg comes back', action: { type: 'suspend' } },
  { keys: ['q', 'f10', 'C-c'], shown: 'q F10 Ctrl-C', help: 'quit', footer: 'quit', action: { type: 'quit' } },
];

const BY_KEY: ReadonlyMap<string, Action> = new Map(
  KEYS.flatMap(({ keys, action }) => keys.map((key) => [key, action])),
);

/** Action of a key by blessed's full name (`S-g`, `C-c`, `pageup`), or by its character. */
export const actionOf = (full: string, character?: string): Action | undefined =>
  BY_KEY.get(full) ?? (character === undefined ? undefined : BY_KEY.get(character));
