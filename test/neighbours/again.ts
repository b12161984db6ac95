/**
 * node --import tsx test/neighbours/again.ts [CASE…]: judges the kept looks by the rules of now. A look that was taken by
 * an older program may lack what a newer rule needs.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { fromJson, type KeptLook, lookAgain } from './keep.ts';
import { closingLine, lineOf, type Run } from './score.ts';

const FOLDER = 'node_modules/.cache/tscg-neighbours/looks';
const wanted = process.argv.slice(2);
const runs = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json') && (wanted.length === 0 || wanted.includes(file.split('.')[0] ?? '')))
  .sort()
  .flatMap((file) => {
    const { look: kept, ...run } = fromJson(readFileSync(join(FOLDER, file), 'utf8')) as Omit<Run, 'finding'> & {
      look: KeptLook;
    };
    const look = lookAgain(kept);
    const { traced, ...files } = look;
    return [files, ...(traced ? [look] : [])].flatMap((one) =>
      diagnose(one)
        .slice(0, 1)
        .map((finding): Run => ({ ...run, finding })),
    );
  });
for (const run of runs) console.log(lineOf(run));
for (const source of ['files', 'ebpf'] as const) {
  console.log(
    closingLine(
      source,
      runs.filter(({ finding }) => finding.source === source),
    ),
  );
}
