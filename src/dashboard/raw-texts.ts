/** Raw text of interface files for the explain key, read off the drawing thread, only while it is open. */

import { join } from 'node:path';
import type { Workload } from '../inventory/workload.ts';
import { errnoName } from '../kernel/error-code.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import type { RawTexts } from './explain-view.ts';

export async function readRawTexts(
  mount: string,
  { path, inode }: Pick<Workload, 'path' | 'inode'>,
  files: readonly string[],
  readFiles: ReadFiles,
): Promise<RawTexts> {
  const texts = await readFiles(files.map((file) => join(mount, path, file)));
  const shown = texts.map((text) => (typeof text === 'string' ? text : `(${errnoName(text)})`));
  return { inode, texts: new Map(files.map((file, index) => [file, shown[index] ?? ''])) };
}
