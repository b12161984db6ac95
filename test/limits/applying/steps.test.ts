import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stepsOf } from '../../../src/limits/applying/steps.ts';
import { writeOf } from '../world.ts';

const none = (): boolean => false;
/** `cpu.max pids.max | memory.high>memory.max` */
const text = (steps: ReturnType<typeof stepsOf>): string =>
  steps
    .map(
      ({ writes, gently }) =>
        `${gently ? `${gently.high?.file ?? ''}>` : ''}${writes.map(({ file }) => file).join(' ')}`,
    )
    .join(' | ');

const cpu = writeOf('cpu.max', 'max 100000', '50000 100000');
const pids = writeOf('pids.max', 'max', '40');
const memory = writeOf('memory.max', 'max', '104857600');
const high = { ...writeOf('memory.high', 'max', '104857600'), transient: true as const };

test('neighbours of one owner, subject and cgroup are one call', () => {
  assert.is(text(stepsOf([], none)), '');
  assert.is(text(stepsOf([cpu, pids], none)), 'cpu.max pids.max');
  assert.is(text(stepsOf([cpu, { ...pids, path: '/other' }], none)), 'cpu.max | pids.max');
  const unit = { via: 'systemd', endpoint: '/bus', subject: 'a.service' } as const;
  assert.is(text(stepsOf([{ ...cpu, ...unit }, pids], none)), 'cpu.max | pids.max');
  assert.is(
    text(
      stepsOf(
        [
          { ...cpu, ...unit },
          { ...pids, ...unit },
        ],
        none,
      ),
    ),
    'cpu.max pids.max',
  );
  assert.is(
    text(
      stepsOf(
        [
          { ...cpu, ...unit },
          { ...pids, ...unit, subject: 'b.service' },
        ],
        none,
      ),
    ),
    'cpu.max | pids.max',
  );
  assert.is(
    text(
      stepsOf(
        [
          { ...cpu, ...unit },
          { ...pids, ...unit, endpoint: '/user' },
        ],
        none,
      ),
    ),
    'cpu.max | pids.max',
  );
});

test('memory.max that is lowered gently goes alone, with its transient memory.high', () => {
  assert.is(text(stepsOf([cpu, high, memory, pids], none)), 'cpu.max | memory.high>memory.max | pids.max');
  const isMemory = ({ file }: { file: string }): boolean => file === 'memory.max';
  assert.is(text(stepsOf([cpu, memory, pids], isMemory)), 'cpu.max | >memory.max | pids.max');
  assert.is(text(stepsOf([cpu, memory, pids], none)), 'cpu.max memory.max pids.max');
});

test.run();
