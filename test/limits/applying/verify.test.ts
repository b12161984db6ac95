import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verify } from '../../../src/limits/applying/verify.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';
import { boxOf, FRESH } from '../typed.ts';
import { messageOf, world, writeOf } from '../world.ts';

const unit = { via: 'systemd', endpoint: '/bus', subject: 'box.service' } as const;

test('a file says what was written, as the kernel rounds it, or why not', async () => {
  const context = contextOf(fakeFiles(boxOf({ ...FRESH, 'memory.max': '4096' })));
  const read = (after: string): Promise<string> => messageOf(verify(writeOf('memory.max', 'max', after), context));
  assert.is(await read('5000'), 'no error');
  assert.match(
    await read('9000'),
    /^\/box\/memory.max reads "4096" after "9000" was set: the kernel or another writer/,
  );
});

test('systemd has its time to write; a controller that it does not switch on is told', async () => {
  const files = fakeFiles(boxOf(FRESH));
  const late = verify({ ...writeOf('pids.max', 'max', '40'), ...unit }, contextOf(files));
  setTimeout(() => files.texts.set('/box/pids.max', '40'), 30);
  assert.is(await messageOf(late), 'no error');
  files.texts.delete('/box/io.weight');
  files.texts.set('/box/cgroup.type', 'domain');
  const missing = verify({ ...writeOf('io.weight', 'default 100', 'default 200'), ...unit }, contextOf(files), 30);
  assert.match(await messageOf(missing), /io.weight does not exist after systemd set it: /);
});

test('case 114: a third field of cpu.max, as kernels of some vendors show, is neither set nor compared', async () => {
  const { files, set, undo, reads, changes } = world({ 'cpu.max': 'max 100000 0' });
  const write = files.write;
  files.write = (path, inode, file, text) => {
    write(path, inode, file, text);
    if (file === 'cpu.max') files.texts.set('/box/cpu.max', `${text.split(' ').slice(0, 2).join(' ')} 0`);
  };
  await set('--cpu', '50%');
  assert.is(reads('cpu.max'), '50000 100000 0');
  const [change] = changes();
  assert.ok(change);
  await undo(change);
  assert.is(reads('cpu.max'), 'max 100000 0');
});

test.run();
