/** What a fault of the program itself prints: its stack in places of the source, read from the map beside the bundle. */

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { clean } from '../text/clean.ts';

/** This file is two levels below the package's root, in src/ as in dist/. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Such an error comes from a mistake in the code: what a user or the kernel did wrong has an error class or an errno. */
export const isFault = (error: unknown): boolean =>
  !(error instanceof Error) ||
  (!('code' in error) && [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => error instanceof kind));

/** `    at t (/usr/lib/node_modules/tscg/dist/cli/tscg.cjs:1:2345)`; a function's name there is the minifier's. */
const BUNDLED = /^( +at ).*?(\/[^()]+\.cjs):(\d+):(\d+)\)?$/gm;

/** Lines for standard error, each without control characters. */
export function crashText(program: string, error: unknown): string {
  const maps = new Map<string, SourceMap | undefined>();
  const trace = inspect(error, { colors: false }).replace(BUNDLED, (frame, at: string, file: string, line, column) => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    const entry = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return frame;
    const source = relative(ROOT, join(dirname(file), entry.originalSource));
    return `${at}${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
  const head = `${program}: this is a fault in ${program} itself; please report it with the lines below`;
  return [head, ...trace.split('\n').map(clean)].join('\n');
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
