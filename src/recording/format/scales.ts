/** How a column of an interface file is counted, from its key alone, so that a reader knows it of files that it does not know. */

import type { RecordingHeader } from './moment.ts';

/** The kernel prints averages in percent with two decimals. */
const HUNDREDTHS = /(^|\.)avg\d+$/;

export const columnScales = (files: RecordingHeader['files']): readonly number[] =>
  files.flatMap(({ keys }) => keys.map((key) => (HUNDREDTHS.test(key) ? 100 : 1)));
