/** One change of five writes, killed with SIGKILL at the point that argv names: `before 3`, `after 3`. */
import { openCgroupFiles } from '../../src/kernel/cgroup-files.ts';
import { readMachine } from '../../src/kernel/machine.ts';
import { applyPlan } from '../../src/limits/apply.ts';
import { LIMITS } from '../../src/limits/catalogue.ts';
import { openJournal, stateDirectory } from '../../src/limits/journal.ts';
import { openOwner } from '../../src/limits/owners/open-owner.ts';
import { planSet } from '../../src/limits/plan.ts';
import { MOUNT } from '../boxes.ts';

const [when, number = '', path = ''] = process.argv.slice(2);
const files = openCgroupFiles(MOUNT);
const machine = readMachine();
const context = { files, machine, ownPath: undefined, initPath: undefined, owners: { sockets: [] } };
const wanted: Readonly<Record<string, string>> = {
  '--cpu': '50%',
  '--cpu-weight': '50',
  '--memory-high': '200M',
  '--memory': '256M',
  '--pids': '40',
};
const edits = LIMITS.flatMap((limit) =>
  limit.flags.flatMap(({ long, parse }) => {
    const text = wanted[long];
    return text === undefined ? [] : [{ limit, edit: parse(text, machine) }];
  }),
);
const target = { kind: 'cgroup' as const, name: 'box', path, inode: files.inode(path) };
const plan = planSet([{ target, edits }], context);
if (plan.writes.length !== 5) throw new Error(`${plan.writes.length} writes`);

let written = 0;
const dieAt = (point: string): void => {
  if (point === when && written === Number(number)) process.kill(process.pid, 'SIGKILL');
};
await applyPlan(plan, {
  files: {
    ...files,
    write: (...args) => {
      dieAt('before');
      files.write(...args);
      written++;
      dieAt('after');
    },
  },
  machine,
  journal: openJournal(stateDirectory()),
  command: ['crash'],
  ownerOf: openOwner,
});
