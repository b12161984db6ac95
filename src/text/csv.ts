/** Rows for a spreadsheet. */

/** RFC 4180, without its line end. A text that a spreadsheet would run as a formula has a leading apostrophe. */
export const csvLine = (cells: readonly (string | number | null | undefined)[]): string =>
  cells
    .map((cell) => {
      const text = typeof cell === 'string' ? cell.replace(/^[=+@-]/, "'$&") : String(cell ?? '');
      return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
