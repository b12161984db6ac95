/** The text of a message without what is too long to read, be it what was typed or what a file holds. */

/** Characters of a word, or of what stands in quotes. No name is so long. */
const LONGEST = 512;
const TOO_LONG = new RegExp(`"[^"]{${LONGEST},}"|'[^']{${LONGEST},}'|\\S{${LONGEST},}`, 'g');
const [KEPT, KEPT_AT_END] = [100, 20];

/** Whoever typed it knows it by its beginning. */
export const shortened = (text: string): string =>
  text.replace(TOO_LONG, (long) => `${long.slice(0, KEPT)}…${long.slice(-KEPT_AT_END)}`);
