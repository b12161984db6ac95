/** Raw text of interface files for the explain key, read off the drawing thread, only while it is open. */
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Workload } from '../inventory/workload.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import type { RawTexts } from './explain-view.ts';

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

export async function readRawTexts(
  mount: string,
  { path, inode }: Pick<Workload, 'path' | 'inode'>,
  files: readonly string[],
  readFiles: ReadFiles,
): Promise<RawTexts> {
  const texts = await readFiles(files.map((file) => join(mount, path, file)));
  const shown = texts.map((text) => (typeof text === 'string' ? text : `(${ERRNO_NAMES.get(text) ?? text})`));
  return { inode, texts: new Map(files.map((file, index) => [file, shown[index] ?? ''])) };
}
