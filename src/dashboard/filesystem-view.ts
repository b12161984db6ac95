/** The file system of the selected row: its root, what it wrote and on which disk, its layers, what is mounted inside. */

import type { Fact } from '../inventory/fact.ts';
import type { FileSystem } from '../inventory/filesystem/read.ts';
import { filesystemFacts, MOUNT_TITLES, mountCells, unmeasuredText } from '../inventory/filesystem/words.ts';
import type { Workload } from '../inventory/workload.ts';
import { growthText, sizeText } from '../metrics/disk-usage/words.ts';
import { formatValue } from '../metrics/format.ts';
import { cellWidth, cut, padEnd } from '../text/cells.ts';
import { paneTitle } from './pane-title.ts';
import type { Line } from './style.ts';
import type { Style } from './themes.ts';
import type { Written } from './written.ts';

export interface FilesystemInside {
  readonly files: FileSystem;
  readonly written: Written | undefined;
}

const LABEL_CELLS = 13;
const LEAST_LAYERS = 2;
/** A figure of this age is shown with its age. */
const NOTED_AGE_MS = 15_000;
/** The widest that a column of paths may be. */
const PATH_SHARE = 0.35;

export function filesystemView(
  workload: Workload | undefined,
  known: FilesystemInside | undefined,
  width: number,
  height: number,
): Line[] {
  const title = paneTitle(workload, 'file system', known !== undefined);
  if (!workload || !known) return [title];
  const { files, written } = known;
  const facts = filesystemFacts(files, writtenText(files, written), (value) => formatValue(value, 'bytes'));
  const isLayer = ({ label }: Fact): boolean => LAYERS.test(label);
  const lines = (of: readonly Fact[]): Line[] =>
    of.map(
      ({ label, text }): Line => [
        [padEnd(label, LABEL_CELLS), 'accent'],
        [text, STYLES[label] ?? 'plain'],
      ],
    );
  const first = facts.filter(({ label }) => FIRST.includes(label));
  const rest = facts.filter((fact) => !FIRST.includes(fact.label) && !isLayer(fact));
  const above = [title, ...lines(first), ...lines(rest)];
  const mounts = mountLines(files, width);
  const layers = folded(lines(facts.filter(isLayer)), Math.max(LEAST_LAYERS, height - above.length - mounts.length));
  return [...above, ...layers, ...mounts];
}

/** As `filesystemFacts` labels them. */
const LAYERS = /^(lower|data only)/;
const FIRST: readonly string[] = ['unknown', 'root', 'written', 'disk'];
const STYLES: Readonly<Record<string, Style>> = { unknown: 'warning', hidden: 'warning', differs: 'warning' };

function writtenText(files: FileSystem, written: Written | undefined): string {
  if (files.writable === undefined) return `--   ${unmeasuredText(files)}`;
  const { last, age = 0, soFar, growth = Number.NaN, reason } = written ?? {};
  if (reason !== undefined) return `--   ${reason}`;
  if (last) {
    return [
      sizeText(last),
      !Number.isNaN(growth) && growthText(growth),
      age >= NOTED_AGE_MS && `${Math.round(age / 1000)} s ago`,
    ]
      .filter(Boolean)
      .join(', ');
  }
  return soFar ? `measuring: ${sizeText(soFar)} so far …` : 'measuring …';
}

function mountLines({ mounts }: FileSystem, width: number): Line[] {
  const shown = mounts.filter(({ own }) => own === undefined);
  const left = mounts.length - shown.length;
  const most = Math.floor(width * PATH_SHARE);
  const rows = [MOUNT_TITLES, ...shown.map(mountCells)].map((cells) => cells.map((text) => cut(text, most)));
  const widths = MOUNT_TITLES.map((_, column) => Math.max(...rows.map((cells) => cellWidth(cells[column] ?? ''))));
  const note = left > 0 ? `  and ${left} of the kernel and the engine` : '';
  if (shown.length === 0)
    return [
      [
        ['mounts inside  ', 'title'],
        [`none of its own${note}`, 'dim'],
      ],
    ];
  return rows.map(
    (cells, row): Line => [
      [
        cells
          .map((text, column) => padEnd(text, widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
        row === 0 ? 'title' : 'plain',
      ],
      ...(row === 0 ? [[note, 'dim'] as const] : []),
    ],
  );
}

/** The lines for which there is room, and how many are left out. */
function folded(lines: readonly Line[], most: number): Line[] {
  if (lines.length <= most) return [...lines];
  const left = lines.length - most + 1;
  return [
    ...lines.slice(0, most - 1),
    [[`${padEnd('', LABEL_CELLS)}… and ${left} more below: tscg fs tells them`, 'dim']],
  ];
}
