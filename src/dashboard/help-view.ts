/** Help, made from the key table; and the footer: keys, what is typed, what went wrong. */

import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { padEnd } from '../text/cells.ts';
import { type Action, KEYS, type KeyBinding } from './keys.ts';
import { type FooterMessage, type State, typedText } from './state.ts';
import type { Line } from './style.ts';

/** The keys 1 to 9 are said with the screen that each shows; `faults`: what could not be used of settings and screens. */
export function helpLines(titles: readonly string[] = [], faults: readonly string[] = []): Line[] {
  const keys = KEYS.map(({ shown, help, action }): Line => {
    const title = action.type === 'screen' ? (titles[action.to] ?? 'none yet') : undefined;
    return [[padEnd(shown, 14), 'accent'], [title === undefined ? help : `${help}: ${title}`]];
  });
  const figures = ROW_FIELDS.map(
    ({ label, id, help }): Line => [[padEnd(label, 10), 'accent'], [padEnd(id, 32), 'dim'], [help]],
  );
  const unusable: Line[] =
    faults.length === 0
      ? []
      : [
          [['Settings and screens that cannot be used', 'title']],
          ...faults.map((text): Line => [[text, 'critical']]),
          [],
        ];
  return [
    ...unusable,
    [['Keys', 'title']],
    ...keys,
    [],
    [
      ['Figures', 'title'],
      ['   -- is unavailable, never 0; 100 % CPU is one CPU; memory in IEC units, io and network in SI'],
    ],
    ...figures,
  ];
}

/** The keys that the footer shows first, as it shows only what fits: the way out, and what is wanted in a hurry. */
const FIRST: readonly (string | undefined)[] = ['help', 'quit', 'limits', 'undo', 'freeze', 'kill'];
const placeOf = ({ footer }: KeyBinding): number => (FIRST.includes(footer) ? FIRST.indexOf(footer) : FIRST.length);
const IN_FOOTER = KEYS.filter(({ footer }) => footer !== undefined).sort((a, b) => placeOf(a) - placeOf(b));

/** Actions that change something. In a recording nothing can be changed: its own keys have the room of these in the footer. */
const OF_NOW: ReadonlySet<Action['type']> = new Set(['act', 'fix', 'prove']);
const [WAY_OUT, OTHERS] = [
  IN_FOOTER.filter(({ action: { type } }) => type === 'help' || type === 'quit'),
  IN_FOOTER.filter(({ action: { type } }) => type !== 'help' && type !== 'quit' && !OF_NOW.has(type)),
];
const keyWords = (keys: readonly KeyBinding[]): Line =>
  keys.flatMap(({ footer, replay, shown }) => {
    const word = replay ?? footer;
    return word ? [[` ${shown.split(' ')[0]} `, 'accent'] as const, [`${word} `] as const] : [];
  });

const LIVE_KEYS = keyWords(IN_FOOTER);
const REPLAY_KEYS = keyWords([...WAY_OUT, ...KEYS.filter(({ replay }) => replay !== undefined), ...OTHERS]);

const PROMPT_HINTS: Readonly<Record<NonNullable<State['prompt']>, string>> = {
  filter: '   Enter keeps it, Esc clears it',
  events: '   Enter keeps it, Esc clears it',
  search: '   ↓ next one, Enter or Esc ends',
  jump: '   03:12, 10m (ago) or "2026-11-29 03:12"; Enter goes there',
};

/** `isRecorded`: whether a recorded moment is shown. */
export function footerView(state: State, message?: FooterMessage, isRecorded = false): Line {
  const { prompt } = state;
  if (prompt !== undefined) {
    const hint: Line = message ? [[`   ${message.text}`, message.style]] : [[PROMPT_HINTS[prompt], 'dim']];
    return [[`${prompt}: `, 'accent'], [`${typedText(state)}▏`], ...hint];
  }
  const rest: Line = message ? [[` ${message.text}`, message.style]] : isRecorded ? REPLAY_KEYS : LIVE_KEYS;
  return state.filter ? [[` filter: ${state.filter} `, 'warning'], ...rest] : rest;
}
