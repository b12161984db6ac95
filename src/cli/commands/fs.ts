/** tscg fs: the file system of one workload: its root and layers, what it wrote, its disk, what is mounted inside. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { InnerMount } from '../../inventory/filesystem/mounts.ts';
import { type FileSystem, readFileSystem } from '../../inventory/filesystem/read.ts';
import { filesystemFacts, MOUNT_TITLES, mountCells, unmeasuredText } from '../../inventory/filesystem/words.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { growthOf, type Measured, MeasureError, measureTree } from '../../metrics/disk-usage/measure.ts';
import type { TreeSize } from '../../metrics/disk-usage/walk.ts';
import { growthText, sizeText } from '../../metrics/disk-usage/words.ts';
import { formatValue, jsonValue } from '../../metrics/format.ts';
import { terminalSafe } from '../../text/cells.ts';
import { type GlobalOptions, openHierarchy, PROC, resolveName } from '../context.ts';
import { durationOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { endProgress, showProgress } from '../progress.ts';
import { formatTable } from '../table.ts';

export interface FsOptions {
  json?: boolean;
  /** Mounts of the kernel and the engine too. */
  all?: boolean;
  /** false with --no-size. */
  size: boolean;
  growth?: string;
}

/** The size of the directory that takes what the workload writes. */
interface Sizes {
  readonly size?: Measured;
  /** Bytes per second; NaN where it was not measured twice. */
  readonly growth: number;
  readonly reason?: string;
}

export async function fs(name: string, options: FsOptions, global: GlobalOptions): Promise<void> {
  const apart = options.growth === undefined ? undefined : durationOption('--growth', options.growth, 1000, 3_600_000);
  const hierarchy = openHierarchy(global);
  const workload = await resolveName(name, hierarchy, true);
  const { mount, root } = hierarchy;
  const files = await readFileSystem(workload, { proc: PROC, mount, root, readFiles: createReadFiles() }, pidIn(name));
  const sizes = options.size ? await sizesOf(files, apart) : undefined;
  const { mounts, ...about } = files;
  const shown = options.all ? mounts : mounts.filter(({ own }) => own === undefined);
  if (options.json) {
    const { path, inode, kind, runtime, id } = workload;
    const size = sizes && {
      ...(sizes.size ?? { reason: sizes.reason }),
      growth_bytes_per_second: jsonValue(sizes.growth),
    };
    printJson({ name: workload.name, path, inode, kind, runtime, id, ...about, size, mounts: shown });
    return;
  }
  const line = (label: string, text: string): string => `  ${label.padEnd(LABEL_CELLS)} ${terminalSafe(text)}`;
  printLine(
    [
      terminalSafe(workload.name),
      line('path', workload.path),
      ...(files.pid === undefined ? [] : [line('process', String(files.pid))]),
      ...filesystemFacts(files, sizes && writtenText(sizes), bytes).map(({ label, text }) => line(label, text)),
      mountsText(shown, mounts.length - shown.length),
    ].join('\n'),
  );
}

const LABEL_CELLS = 16;

/** Of `pid:N`: the process asked for need not have the root of the container that it is in (docker in docker). */
const pidIn = (name: string): number | undefined =>
  name.startsWith('pid:') ? Number(name.slice('pid:'.length)) : undefined;

const bytes = (value: number): string => formatValue(value, 'bytes');

const writtenText = ({ size, growth, reason = '' }: Sizes): string =>
  size ? `${sizeText(size)}${Number.isNaN(growth) ? '' : `, ${growthText(growth)}`}` : `--   ${reason}`;

async function sizesOf(files: FileSystem, apart: number | undefined): Promise<Sizes> {
  const { writable } = files;
  if (writable === undefined) return { growth: Number.NaN, reason: unmeasuredText(files) };
  try {
    const first = await measured(writable);
    if (apart === undefined) return { size: first, growth: Number.NaN };
    await sleep(apart);
    const size = await measured(writable);
    return { size, growth: growthOf(first, size) };
  } catch (error) {
    if (!(error instanceof MeasureError)) throw error;
    return { growth: Number.NaN, reason: error.message };
  }
}

/** With its progress on the terminal, where there is one. */
async function measured(directory: string): Promise<Measured> {
  if (!process.stderr.isTTY) return measureTree(directory);
  const onProgress = (soFar: TreeSize): void => showProgress(`measuring: ${sizeText(soFar)} …`);
  return measureTree(directory, { onProgress }).finally(endProgress);
}

function mountsText(mounts: readonly InnerMount[], folded: number): string {
  const indented = (cells: readonly string[]): string[] =>
    cells.map((text, index) => (index === 0 ? `  ${text}` : text));
  const rows = mounts.map((mount) => indented(mountCells(mount)));
  const columns = indented(MOUNT_TITLES).map((title) => ({ title, align: 'left' as const }));
  return [
    'mounts inside',
    ...(rows.length > 0 ? [formatTable(columns, rows)] : ['  none of its own']),
    ...(folded > 0 ? [`  ${folded} of the kernel and the engine are not shown: --all`] : []),
  ].join('\n');
}
