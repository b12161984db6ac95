/** The addon where it works on the thread that calls it: for good, so that this is a process of its own. */

import { constants } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRESENT } from '../../src/kernel/collector.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { createNativeCollector } from '../../src/kernel/native-collector.ts';
import { skip } from '../skip.ts';
import { withTree } from './hierarchies.ts';

const test = suite('addon on this thread');
const { native, reason } = loadNative();

/** What the promise has come to before the event loop has a turn, in which a thread could tell that it is done. */
async function atOnce<T>(promise: Promise<T>): Promise<T | 'not yet'> {
  const late = (async () => {
    for (let turn = 0; turn < 20; turn++) await undefined;
    return 'not yet' as const;
  })();
  return Promise.race([promise, late]);
}

if (native) {
  test('all is done when the function returns, failures too', () =>
    withTree(async ({ mount, write }) => {
      write('/web/cpu.stat', 'usage_usec 7\n');
      const path = `${mount}/web/cpu.stat`;
      const files = [{ file: 'cpu.stat', format: 'flat', keys: ['usage_usec'] }] as const;
      const collector = createNativeCollector(native, { mount, files, budget: 10, watches: 0, skipDevices: [] });
      assert.is(await atOnce(native.readFiles([path])), 'not yet');

      native.workOnThisThread();
      assert.equal(await atOnce(native.readFiles([path, `${mount}/gone`])), ['usage_usec 7\n', constants.errno.ENOENT]);
      const pids = Uint32Array.of(process.pid);
      assert.is.not(await atOnce(native.namespaceInodes('/proc', pids, ['pid'])), 'not yet');
      const walked = await atOnce(native.walk(mount, '/'));
      assert.equal(walked === 'not yet' ? walked : walked.paths, ['/', '/web']);
      await atOnce(native.walk(mount, '/gone')).then(
        () => assert.unreachable('there is no such cgroup'),
        (error: unknown) => assert.match(String(error), 'ENOENT'),
      );

      const ids = Uint32Array.of(collector.add('/web'));
      for (const written of [7, 8]) {
        write('/web/cpu.stat', `usage_usec ${written}\n`);
        const columns = await atOnce(collector.collect({ ids, masks: Uint32Array.of(1) }));
        assert.equal(columns === 'not yet' ? columns : [columns.states[0], columns.values[0]], [PRESENT, written]);
      }
      collector.close();
    }));
} else skip(test, 'all is done when the function returns, failures too', reason);

test.run();
