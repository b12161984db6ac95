/** What is under way, in one line of standard error where that is a terminal. */

const ERASE = '\r\x1b[K';

let isShown = false;

/** Takes the place of the line before. */
export function showProgress(text: string): void {
  if (!process.stderr.isTTY) return;
  isShown = true;
  process.stderr.write(`${ERASE}${text}`);
}

/** Erases the line, if there is one. */
export function endProgress(): void {
  if (isShown) process.stderr.write(ERASE);
  isShown = false;
}
