/**
 * Globs over names, images, labels and paths. Matched in time linear in pattern and text: the text comes from inside
 * containers, and must not make a matcher slow.
 */

/** `*` any text, `?` one character, `[a-c]` and `[!a-c]` one of some, `\` before any of them takes it as it is. */
type Token =
  | { readonly type: 'run'; readonly isWithinComponent: boolean }
  | { readonly type: 'one'; readonly accepts: (character: string) => boolean };

export type Glob = (text: string) => boolean;

export interface GlobOptions {
  /** `*` and `?` stop at a slash, and only `**` does not: for paths. */
  readonly isPath?: boolean;
}

/** Any text is a glob: what is not special stands for itself, also a bracket that is not closed. */
export function compileGlob(pattern: string, { isPath = false }: GlobOptions = {}): Glob {
  const tokens = parse(Array.from(pattern), isPath);
  return (text) => {
    /** Which tokens may come next: place `tokens.length` is the end. */
    let places = follow([0], tokens);
    for (const character of text) {
      if (places.size === 0) return false;
      const next: number[] = [];
      for (const place of places) {
        const token = tokens[place];
        if (token?.type === 'run' && !(token.isWithinComponent && character === '/')) next.push(place);
        if (token?.type === 'one' && token.accepts(character)) next.push(place + 1);
      }
      places = follow(next, tokens);
    }
    return places.has(tokens.length);
  };
}

/** A run may be empty. */
function follow(places: readonly number[], tokens: readonly Token[]): Set<number> {
  const reached = new Set<number>();
  for (let place of places) {
    while (!reached.has(place)) {
      reached.add(place);
      if (tokens[place]?.type === 'run') place++;
    }
  }
  return reached;
}

function parse(pattern: readonly string[], isPath: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    const set = character === '[' ? parseSet(pattern, at) : undefined;
    if (set) {
      tokens.push({ type: 'one', accepts: set.accepts });
      at = set.end;
    } else if (character === '*') {
      const isDouble = pattern[at + 1] === '*';
      tokens.push({ type: 'run', isWithinComponent: isPath && !isDouble });
      at += isDouble ? 2 : 1;
    } else if (character === '?') {
      tokens.push({ type: 'one', accepts: (other) => !(isPath && other === '/') });
      at++;
    } else {
      const literal = character === '\\' ? (pattern[++at] ?? '\\') : character;
      tokens.push({ type: 'one', accepts: (other) => other === literal });
      at++;
    }
  }
  return tokens;
}

function parseSet(
  pattern: readonly string[],
  open: number,
): { accepts: (character: string) => boolean; end: number } | undefined {
  const isNegated = pattern[open + 1] === '!' || pattern[open + 1] === '^';
  const first = open + (isNegated ? 2 : 1);
  /** A bracket right after the opening one stands for itself. */
  const close = pattern.indexOf(']', first + 1);
  if (close < 0) return undefined;
  const ranges: [string, string][] = [];
  for (let at = first; at < close; at++) {
    const from = pattern[at] ?? '';
    const isRange = pattern[at + 1] === '-' && at + 2 < close;
    ranges.push([from, (isRange ? pattern[at + 2] : from) ?? from]);
    if (isRange) at += 2;
  }
  return {
    accepts: (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated,
    end: close + 1,
  };
}

/** The glob that matches this text only. */
export const literalGlob = (text: string): string => text.replace(/[*?[\\]/g, '\\$&');

export const isLiteral = (pattern: string): boolean => !/(?<!\\)(?:\\\\)*[*?[]/.test(pattern);
