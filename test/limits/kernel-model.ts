/**
 * What the kernel makes of one write(2), independent of the code under test: kernel/cgroup, mm/memcontrol.c,
 * block/blk-throttle.c.
 */

/** The text that the file then shows; throws the errno's name. */
export function written(file: string, before: string, command: string): string {
  // A write of nothing changes nothing.
  if (command === '') return before;
  const text = command.trim();
  if (file === 'io.max') return ioMax(before, text);
  if (file === 'io.latency') return keyed(before, text, (line) => (/ target=0$/.test(line) ? undefined : line), false);
  if (file === 'io.weight' || file === 'io.bfq.weight')
    return ioWeight(before, text, file === 'io.weight' ? 10_000 : 1000);
  if (file === 'io.cost.qos') return ioCost(before, text);
  if (/^(misc|rdma|dmem)\.max$/.test(file)) return keyed(before, text, (line) => line, true);
  if (file === 'cpu.max') return cpuMax(before, text);
  if (/^cpuset\.(cpus|mems)$/.test(file)) return cpuList(text);
  if (file === 'cpuset.cpus.partition') return oneOf(text, ['member', 'root', 'isolated']);
  if (file === 'io.prio.class')
    return oneOf(text, ['no-change', 'promote-to-rt', 'restrict-to-be', 'idle', 'none-to-rt']);
  if (/^cpu\.uclamp/.test(file)) return uclamp(text);
  if (/^(cpu\.idle|memory\.oom\.group|memory\.zswap\.writeback)$/.test(file)) return oneOf(text, ['0', '1']);
  if (file === 'cpu.weight') return whole(text, 1, 10_000);
  if (file === 'cpu.weight.nice') return whole(text, -20, 19);
  if (file === 'cpu.max.burst') return whole(text, 0, 2 ** 44 / 1000);
  if (file === 'pids.max') return text === 'max' ? text : whole(text, 0, 4_194_304);
  const huge = /^hugetlb\.(\d+)(KB|MB|GB)\.max$/.exec(file);
  if (!huge && !file.startsWith('memory.')) return text;
  const unit = huge?.[2] === 'GB' ? 2 ** 30 : huge?.[2] === 'MB' ? 2 ** 20 : 2 ** 10;
  const page = huge ? Number(huge[1]) * unit : 4096;
  return huge && Number(text) >= 2 ** 63 - 2 * page ? 'max' : pages(text, page);
}

function fail(errno: string): never {
  throw new Error(errno);
}

/** base 0 of kstrtoull: a leading 0 is octal. */
const number = (text: string): number => {
  if (!/^-?\d+$/.test(text)) return fail('EINVAL');
  return /^-?0\d/.test(text) ? Number.parseInt(text, 8) : Number(text);
};

function whole(text: string, least: number, most: number): string {
  const value = number(text);
  return value >= least && value <= most ? String(value) : fail('ERANGE');
}

const oneOf = (text: string, words: readonly string[]): string => (words.includes(text) ? text : fail('EINVAL'));

/** A size of 2^63 and more wraps in page_counter_memparse. */
function pages(text: string, page: number): string {
  if (text === 'max') return text;
  const bytes = number(text);
  if (bytes >= 2 ** 63) return fail('wrapped');
  return String(BigInt(bytes) - (BigInt(bytes) % BigInt(page)));
}

function cpuMax(before: string, text: string): string {
  const [quota = '', period = before.split(' ')[1] ?? ''] = text.split(' ');
  if (number(period) < 1000 || number(period) > 1_000_000) return fail('EINVAL');
  if (quota !== 'max' && number(quota) < 1000) return fail('EINVAL');
  return `${quota} ${period}`;
}

function cpuList(text: string): string {
  if (!/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(text)) return fail('EINVAL');
  const ids = new Set(
    text.split(',').flatMap((part) => {
      if (part === '') return [];
      const [first, last = first] = part.split('-').map(Number);
      if (first === undefined || last === undefined || last < first) return fail('EINVAL');
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
  const sorted = [...ids].sort((a, b) => a - b);
  let shown = '';
  sorted.forEach((id, index) => {
    const [follows, leads] = [sorted[index - 1] === id - 1, sorted[index + 1] === id + 1];
    if (!follows) shown += `${shown === '' ? '' : ','}${id}`;
    else if (!leads) shown += `-${id}`;
  });
  return shown;
}

function uclamp(text: string): string {
  if (text === 'max' || Number(text) === 100) return 'max';
  if (!/^\d+(\.\d{1,2})?$/.test(text)) return fail('EINVAL');
  return Number(text) <= 100 ? Number(text).toFixed(2) : fail('ERANGE');
}

/** One line by its first word; `mustExist`: the kernel has a line for all that there is. */
function keyed(before: string, line: string, kept: (line: string) => string | undefined, mustExist: boolean): string {
  if (line.includes('\n')) return fail('EINVAL');
  const key = line.split(' ')[0] ?? '';
  const lines = new Map(before.split('\n').flatMap((old) => (old === '' ? [] : [[old.split(' ')[0] ?? '', old]])));
  if (mustExist && !lines.has(key)) return fail('EINVAL');
  const next = kept(line);
  if (next === undefined) lines.delete(key);
  else lines.set(key, next);
  return [...lines.values()].join('\n');
}

const IO_KEYS = ['rbps', 'wbps', 'riops', 'wiops'];

function ioMax(before: string, line: string): string {
  const [disk = '', ...words] = line.split(' ');
  if (line.includes('\n') || !/^\d+:\d+$/.test(disk)) return fail('EINVAL');
  const old = before.split('\n').find((row) => row.startsWith(`${disk} `)) ?? '';
  const values = new Map(
    old
      .split(' ')
      .slice(1)
      .map((word) => [word.split('=')[0], word.split('=')[1]]),
  );
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    if (!IO_KEYS.includes(key)) return fail('EINVAL');
    if (value !== 'max' && number(value) === 0) return fail('ERANGE');
    if (value !== 'max' && number(value) < 2) return fail('EINVAL');
    values.set(key, value !== 'max' && key.endsWith('iops') && number(value) >= 2 ** 32 - 1 ? 'max' : value);
  }
  const shown = IO_KEYS.map((key) => `${key}=${values.get(key) ?? 'max'}`);
  const none = shown.every((word) => word.endsWith('=max'));
  return keyed(before, `${disk} ${shown.join(' ')}`, (row) => (none ? undefined : row), false);
}

function ioWeight(before: string, line: string, most: number): string {
  const words = line.split(' ');
  if (line.includes('\n')) return fail('EINVAL');
  const [key, value = ''] = words.length === 1 ? ['default', words[0]] : words;
  if (value === 'default') return keyed(before, line, () => undefined, false);
  return keyed(before, `${key} ${whole(value, 1, most)}`, (row) => row, false);
}

/** Shows every key of a disk, from the first write on. */
function ioCost(before: string, line: string): string {
  const [disk = '', ...words] = line.split(' ');
  const old = before.split('\n').find((row) => row.startsWith(`${disk} `)) ?? '';
  const values = new Map(
    (old === ''
      ? 'enable=0 ctrl=auto rpct=0.00 rlat=0 wpct=0.00 wlat=0 min=1.00 max=10000.00'
      : old.slice(disk.length + 1)
    )
      .split(' ')
      .map((word) => [word.split('=')[0], word.split('=')[1]]),
  );
  for (const word of words) {
    const [key = '', value] = word.split('=');
    if (!values.has(key) || value === undefined) return fail('EINVAL');
    values.set(key, value);
    if (key !== 'enable' && key !== 'ctrl') values.set('ctrl', 'user');
  }
  const shown = Array.from(values, ([key, value]) => `${key}=${value}`);
  return keyed(before, `${disk} ${shown.join(' ')}`, (row) => row, false);
}
