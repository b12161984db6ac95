/** What Markdown is made of here. */

export const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

export const code = (text: string): string => `\`${text}\``;

/** Blocks with an empty line between each two. */
export const page = (...blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
