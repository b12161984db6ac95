/** Names inside commands that a message tells the user to type. */

import { clean } from './clean.ts';

/** A name as one word of a command that the user may copy; what a terminal would obey as bash and zsh write it. */
export const shellWord = (text: string): string => {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (clean(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  const word = text.replace(/[\\']/g, '\\$&').replace(/[^\x20-\x7e]/gu, inHex);
  return `$'${word}'`;
};

const inHex = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
