/** Limits as the fields of the request by which a runtime's API updates a container. */

import type { Write } from '../model.ts';
import type { Owner } from './owner.ts';

export type Fields = Readonly<Record<string, number | string>>;

/** By kernel file: its text as fields. */
export type FieldsByFile = Readonly<Record<string, (text: string) => Fields>>;

/** What such an owner takes, and the words of the Plan: `CpuQuota=30000 CpuPeriod=100000`. It keeps each value as given. */
export const ownerOfFields = (byFile: FieldsByFile): Pick<Owner, 'sets' | 'describe' | 'keeps'> => ({
  sets: (file) => Object.hasOwn(byFile, file),
  describe: (file, text) => {
    const fields = byFile[file]?.(text);
    return (
      fields &&
      Object.entries(fields)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ')
    );
  },
  keeps: (_, text) => text,
});

/** Of all writes of one request. */
export const fieldsOf = (byFile: FieldsByFile, writes: readonly Write[]): Fields =>
  Object.assign({}, ...writes.map(({ file, after }) => byFile[file]?.(after)));
