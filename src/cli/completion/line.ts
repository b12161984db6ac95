/** A command line as bash has it while it is typed: its words, and what bash wants back. */

export interface TypedLine {
  /** Without the command itself, unquoted; the last one is under the cursor, empty after a blank. */
  readonly words: readonly string[];
  /** The last word as typed. */
  readonly raw: string;
}

const BLANK = /\s/;

/** Quotes and backslashes as the shell takes them; variables and substitutions stay text. */
export function splitLine(line: string): TypedLine {
  const words: string[] = [];
  let word = '';
  let start = 0;
  let isInWord = false;
  let quote = '';
  const characters = [...line];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (quote === '' && BLANK.test(character)) {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
      start = at + 1;
      continue;
    }
    isInWord = true;
    if (character === '\\' && quote !== "'") word += characters[++at] ?? '';
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else word += character;
  }
  return { words: [...words, word].slice(1), raw: characters.slice(start).join('') };
}

/**
 * bash replaces only what follows the last of its break characters (`:` and `=` among them) in the word, so the reply
 * is the value from there on, quoted: a name comes from inside a container and must not become a command.
 * Undefined where the value cannot be said behind what is typed.
 */
export function bashReply(value: string, raw: string, breaks: string): string | undefined {
  const quote = raw[0] === '"' || raw[0] === "'" ? raw[0] : '';
  /** Behind an open quote the text is as it is, and only a plain one is safe. */
  if (quote !== '') return /^[\w@%+=:,./ -]*$/.test(value) ? value : undefined;
  let cut = 0;
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '\\') at++;
    else if (breaks.includes(raw[at] ?? '')) cut = at + 1;
  }
  const kept = raw.slice(0, cut).replace(/\\(.)/gs, '$1');
  if (!value.startsWith(kept)) return undefined;
  return value.slice(kept.length).replace(/[^\w@%+=:,./-]/gu, '\\$&');
}
