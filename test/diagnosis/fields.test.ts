/** The verdict as a column: its word, its order, and what it is in JSON and CSV. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { render } from '../../src/cli/commands/ls.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { field, findField, ROW_FIELDS, VERDICT } from '../../src/diagnosis/fields.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameBetween } from '../metrics/frames.ts';
import { snapshotOf } from '../metrics/snapshots.ts';

/** Milliseconds of one second that all its tasks waited for a CPU, or for the disk; without them no pressure is known. */
const LOADS: readonly { name: string; cpu?: number; io?: number; forks?: number }[] = [
  { name: 'fine', cpu: 0, io: 0 },
  { name: 'blind' },
  { name: 'slow', cpu: 300, io: 0 },
  { name: 'disk', cpu: 0, io: 700 },
  { name: 'forks', cpu: 0, io: 0, forks: 2 },
];

function frame(project = 'shop'): Frame {
  const at = (scale: number) =>
    snapshotOf(
      scale,
      LOADS.map(({ name, cpu, io, forks = 0 }, index) => ({
        path: `/${name}`,
        inode: index + 1,
        figures: {
          'cpu.stat:usage_usec': scale * 1e5,
          'pids.events:max': scale * forks,
          ...(cpu !== undefined && {
            'cpu.pressure:some.total': scale * cpu * 1e3,
            'cpu.pressure:full.total': scale * cpu * 1e3,
            'io.pressure:some.total': scale * (io ?? 0) * 1e3,
            'memory.pressure:some.total': 0,
          }),
        },
      })),
    );
  return frameBetween(at(0), at(1), () => ({
    details: { runtime: 'docker', id: '', name: '', composeProject: project },
  }));
}

const ROWS = LOADS.map((_, row) => row);

test('the column is a word for each cause, and -- where a figure is missing', () => {
  const { usage } = frame();
  assert.equal(
    ROWS.map((row) => VERDICT.text(usage, row)),
    ['fine', '--', 'cpu wait', 'disk', 'pids limit'],
  );
  assert.is(VERDICT.reason(usage, 0), undefined);
  assert.match(VERDICT.reason(usage, 1) ?? '', /pressure/);
});

test('it is sorted by the loss; a cause without a clock comes before what is fine, what is unknown last', () => {
  const one = frame();
  const { items } = shownOf(one, { ...INITIAL, sort: 'verdict' });
  assert.equal(
    items.map(({ name }) => name),
    ['disk', 'slow', 'forks', 'fine', 'blind'],
  );
});

test('JSON and CSV have the code and the loss; unknown is null and empty, never 0', () => {
  const columns = [field('verdict'), field('verdict_loss_percent')];
  const json: unknown = JSON.parse(render(frame(), ROWS, columns, { json: true, columns: 'x' }, false));
  const pick = (row: unknown) =>
    row !== null && typeof row === 'object' && 'verdict' in row && 'verdict_loss_percent' in row
      ? [row.verdict, row.verdict_loss_percent]
      : [];
  assert.equal(Array.isArray(json) ? json.map(pick) : [], [
    ['fine', 0],
    [null, null],
    ['cpu-wait', 30],
    ['disk', 70],
    ['pids', null],
  ]);
  const csv = render(frame(), ROWS, columns, { csv: true, columns: 'x' }, false).split('\n');
  assert.ok(csv[0]?.endsWith('verdict,verdict_loss_percent'));
  assert.ok(csv[2]?.endsWith(',,'), csv[2]);
  assert.ok(csv[3]?.endsWith('cpu-wait,30'), csv[3]);
});

test('every metric is a field, by its alias too', () => {
  for (const { id, aliases = [] } of METRICS) for (const name of [id, ...aliases]) assert.is(findField(name)?.id, id);
  assert.is(new Set(ROW_FIELDS.map(({ id }) => id)).size, ROW_FIELDS.length);
  assert.is(findField('no_such'), undefined);
});

test.run();
