/**
 * Text that is in whatever a pattern matches: `libpod-conmon-` of /^libpod-conmon-[0-9a-f]{64}(?:\.scope)?$/. To look for
 * it takes next to nothing, where a pattern has to be compiled at its first use. Empty where there is none.
 */
export function literalIn({ source }: RegExp): string {
  let longest = '';
  let run = '';
  const end = (): void => {
    if (run.length > longest.length) longest = run;
    run = '';
  };
  /** Of groups, whose text may be one of several, or none. */
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? '';
    const isPlain = !'\\[](){}^$.+?*|'.includes(char);
    if (char === '(' || char === ')') depth += char === '(' ? 1 : -1;
    // What may be missing, or is counted.
    else if (char === '?' || char === '*' || char === '{') run = run.slice(0, -1);
    else if (char === '|' && depth === 0) return '';
    const escaped = char === '\\' ? (source[++at] ?? '') : '';
    const isText = isPlain || /[^\w]/.test(escaped);
    if (isText && depth === 0) run += isPlain ? char : escaped;
    else end();
    if (char === '[') at = closing(source, at, ']');
    if (char === '{') at = closing(source, at, '}');
  }
  end();
  return longest;
}

function closing(source: string, from: number, bracket: string): number {
  let at = from + 1;
  while (at < source.length && source[at] !== bracket) at += source[at] === '\\' ? 2 : 1;
  return at;
}
