import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseHierarchy, findHierarchies, NoHierarchyError } from '../../src/kernel/hierarchy.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { parseProcCgroups } from '../../src/kernel/proc-cgroups.ts';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';
const ELSEWHERE = '44 23 0:26 / /mnt/cgroup2 rw - cgroup2 none rw';
const HOST = '90 80 0:26 /../.. /host ro,relatime - cgroup2 cgroup2 rw';
const HYBRID = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

test('mountinfo has any number of optional fields (S10)', () => {
  const [debugfs, boot] = parseMountinfo(
    '31 20 0:7 / /sys/kernel/debug rw,relatime shared:15 master:1 - debugfs debugfs rw,mode=755\n' +
      '36 56 253:1 / /boot rw,relatime - ext4 /dev/vda1 rw\n\nno mount\n',
  );
  assert.equal(debugfs?.optionalFields, ['shared:15', 'master:1']);
  assert.equal(boot, {
    id: 36,
    parent: 56,
    device: '253:1',
    root: '/',
    mountPoint: '/boot',
    options: ['rw', 'relatime'],
    optionalFields: [],
    fsType: 'ext4',
    source: '/dev/vda1',
    superOptions: ['rw'],
  });
});

test('paths in mountinfo are escaped', () => {
  const [mount] = parseMountinfo('1 2 0:5 /a\\134b /with\\040blank\\011tab\\012 rw - tmpfs a\\043b rw');
  assert.is(mount?.root, '/a\\b');
  assert.is(mount?.mountPoint, '/with blank\ttab\n');
  assert.is(mount?.source, 'a#b');
  assert.is(parseMountinfo('1 2 0:5 / /x rw - tmpfs  rw')[0]?.source, '', 'a source may be empty');
});

test('a unified hierarchy with its options', () => {
  assert.equal(chooseHierarchy(`${UNIFIED}\n`), {
    mount: '/sys/fs/cgroup',
    root: '/',
    options: ['nsdelegate', 'memory_recursiveprot'],
    readOnly: false,
    mode: 'unified',
    namespaced: false,
  });
});

test('beside v1 hierarchies it is hybrid', () => {
  const { mount, mode } = chooseHierarchy(HYBRID);
  assert.is(mount, '/sys/fs/cgroup/unified');
  assert.is(mode, 'hybrid');
});

test('a mount from outside our cgroup namespace is told, and read-only ones too', () => {
  const { namespaced, readOnly } = chooseHierarchy(HOST);
  assert.ok(namespaced);
  assert.ok(readOnly);
  assert.not(chooseHierarchy('1 2 0:5 /..x /x rw - cgroup2 c rw').namespaced, '..x is a name');
});

test('of several, /sys/fs/cgroup comes first, then whole ones, then the shortest', () => {
  const mounts = (text: string): string[] => findHierarchies(text).map(({ mount }) => mount);
  assert.equal(mounts([HOST, ELSEWHERE, UNIFIED].join('\n')), ['/sys/fs/cgroup', '/mnt/cgroup2', '/host']);
  assert.equal(mounts([ELSEWHERE, ELSEWHERE.replace('/mnt/cgroup2', '/c')].join('\n')), ['/c', '/mnt/cgroup2']);
});

test('a mount under another on the same directory cannot be reached', () => {
  const over = '50 30 0:40 / /sys/fs/cgroup rw - tmpfs tmpfs rw';
  assert.equal(findHierarchies([UNIFIED, over].join('\n')), []);
  const again = '51 30 0:26 /a /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
  assert.equal(
    findHierarchies([UNIFIED, again].join('\n')).map(({ root }) => root),
    ['/a'],
  );
});

test('the user may name the mount, and is told where there are some', () => {
  assert.is(chooseHierarchy([UNIFIED, ELSEWHERE].join('\n'), '/mnt/cgroup2/').mount, '/mnt/cgroup2');
  const error = failure(() => chooseHierarchy(UNIFIED, '/nowhere'));
  assert.match(error.message, '/nowhere');
  assert.match(error.remedy, '/sys/fs/cgroup');
});

test('without any, the error says what was looked for and what to do', () => {
  const { message, remedy } = failure(() => chooseHierarchy('31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n'));
  assert.match(message, 'cgroup2');
  assert.match(remedy, 'mount -t cgroup2');
  assert.match(remedy, 'systemd.unified_cgroup_hierarchy=1');
  assert.match(failure(() => chooseHierarchy('', '/x')).remedy, 'mount -t cgroup2');
});

test('beside cgroup v1 alone nothing is to be mounted over it', () => {
  const { message, remedy } = failure(() => chooseHierarchy(HYBRID.replace('cgroup2 cgroup2', 'tmpfs tmpfs')));
  assert.match(message, 'cgroup v1 alone');
  assert.not.match(remedy, 'mount -t');
  assert.match(remedy, 'systemd.unified_cgroup_hierarchy=1');
});

test('a controller that the command line disabled (S12)', () => {
  const controllers = parseProcCgroups('#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t87\t1\nmemory 8 87 0\n');
  assert.equal(controllers, [
    { name: 'cpu', hierarchy: 0, cgroups: 87, enabled: true },
    { name: 'memory', hierarchy: 8, cgroups: 87, enabled: false },
  ]);
});

function failure(run: () => unknown): NoHierarchyError {
  try {
    run();
  } catch (error) {
    if (error instanceof NoHierarchyError) return error;
    throw error;
  }
  throw new Error('did not throw');
}

test.run();
