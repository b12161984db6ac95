/** The format: any sequence of moments comes back as it was; what is cut off or flipped costs little, and is said. */

import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../src/inventory/names/json.ts';
import { COLUMNS, SNAPSHOT_FILES } from '../../src/metrics/files.ts';
import { createByteWriter, FormatError } from '../../src/recording/format/bytes.ts';
import { encodeColumns, oneRow } from '../../src/recording/format/columns.ts';
import { createDecoder, decodeHeader } from '../../src/recording/format/decode.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import { type FileBytes, openFile } from '../../src/recording/format/file.ts';
import { encodeFrame, type FrameKind, scanFrames } from '../../src/recording/format/frames.ts';
import { HOST_SCALES, hostFigures } from '../../src/recording/format/host-columns.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { columnScales } from '../../src/recording/format/scales.ts';
import { encodeTimes } from '../../src/recording/format/times.ts';
import { HEADER, sequences } from './moments.ts';

const encoded = (moments: readonly Moment[], keyEvery: number, isEnded = true): Buffer => {
  const encoder = createEncoder(HEADER, keyEvery);
  return Buffer.concat([...moments.map((moment) => encoder.add(moment)), ...(isEnded ? [encoder.end()] : [])]);
};

const bytesOf = (bytes: Buffer): FileBytes => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** JSON with its keys in order, which tells NaN and Infinity. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, one) => {
    if (ArrayBuffer.isView(one)) return Array.from(one as Float64Array, String);
    if (typeof one === 'number' && !Number.isFinite(one)) return String(one);
    return isRecord(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one;
  });

test('any sequence of moments comes back as it was', () => {
  fc.assert(
    fc.property(sequences, fc.integer({ min: 1, max: 5 }), fc.boolean(), (moments, keyEvery, isEnded) => {
      const file = openFile(bytesOf(encoded(moments, keyEvery, isEnded)));
      assert.equal(
        file.moments.map(({ number }) => number),
        moments.map((_, index) => index),
      );
      moments.forEach((moment, index) => {
        const read = file.decode(index);
        assert.is(read && text(read), text(moment));
      });
      assert.equal(file.damage(), []);
    }),
    { numRuns: 15 },
  );
});

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`no item ${index}`);
  return found;
};

/** Which moments come back as they were; a moment that comes back as another one is a failure. */
function readable(
  bytes: Buffer,
  moments: readonly Moment[],
): { readonly numbers: number[]; readonly damage: readonly string[] } {
  const file = openFile(bytesOf(bytes));
  const numbers = file.moments.flatMap(({ number }) => {
    const read = file.decode(number);
    if (!read) return [];
    assert.is(text(read), text(at(moments, number)));
    return [number];
  });
  return { numbers, damage: file.damage() };
}

test('a file that is cut off anywhere loses the moment that was cut, and none before it', () => {
  const moments = at(
    fc.sample(sequences, { seed: 7, numRuns: 15 }).filter(({ length }) => length > 9),
    0,
  );
  const encoder = createEncoder(HEADER, 4);
  const ends = moments
    .map((moment) => encoder.add(moment).length)
    .map(
      (
        (sum) => (length: number) =>
          (sum += length)
      )(0),
    );
  const bytes = encoded(moments, 4);
  fc.assert(
    fc.property(fc.integer({ min: at(ends, 0), max: bytes.length }), (length) => {
      const whole = ends.filter((end) => end <= length).length;
      const { numbers, damage } = readable(bytes.subarray(0, length), moments);
      assert.ok(numbers.length >= whole, `${numbers.length} of ${whole}`);
      const isCut = length < bytes.length && !ends.includes(length);
      if (isCut && numbers.length < moments.length)
        assert.ok(damage.length > 0 || numbers.length > whole, 'it is said');
    }),
    { numRuns: 20 },
  );
});

test('a flipped byte costs no moment of a file that was closed, and is said where it costs one', () => {
  const moments = at(
    fc.sample(sequences, { seed: 3, numRuns: 15 }).filter(({ length }) => length > 9),
    0,
  );
  const bytes = encoded(moments, 4);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, bits) => {
      const flipped = Buffer.from(bytes);
      flipped[place] = at([...flipped], place) ^ bits;
      const { numbers } = readable(flipped, moments);
      assert.is(numbers.length, moments.length, `byte ${place}`);
    }),
    { numRuns: 20 },
  );
});

test('two frames of one parity that are damaged cost what hangs on them, and it is said', () => {
  const moments = at(
    fc.sample(sequences, { seed: 3, numRuns: 15 }).filter(({ length }) => length > 9),
    0,
  );
  const bytes = encoded(moments, 6);
  const { frames } = scanFrames(bytes);
  for (const number of [2, 4]) {
    const { offset, length } = at(
      frames.filter((frame) => frame.number === number && frame.kind === 'delta'),
      0,
    );
    bytes[offset + length - 1] = (bytes[offset + length - 1] ?? 0) ^ 1;
  }
  const { numbers, damage } = readable(bytes, moments);
  assert.equal(numbers.slice(0, 2), [0, 1]);
  assert.ok(numbers.includes(6), 'the next key frame stands by itself');
  assert.ok(
    damage.some((line) => /^moment 2 cannot be read: the frame is damaged$/.test(line)),
    damage.join('\n'),
  );
});

test('moments that are lost for one reason, one after the other, are one line', () => {
  const moments = at(
    fc.sample(sequences, { seed: 3, numRuns: 15 }).filter(({ length }) => length > 9),
    0,
  );
  const bytes = encoded(moments, 1);
  const partOf = (kind: FrameKind, number: number): Buffer => {
    const { offset, length } = at(
      scanFrames(bytes).frames.filter((frame) => frame.kind === kind && frame.number === number),
      0,
    );
    return bytes.subarray(offset, offset + length);
  };
  // A frame that is whole and holds no moment.
  const payload = deflateRawSync(Buffer.from([9]));
  const bad = (number: number): Buffer => encodeFrame({ kind: 'key', marks: 0, number, time: number }, payload);
  const parts = [0, 1, 2, 3].map(bad).concat(partOf('key', 4), [5, 6, 8].map(bad));
  const { numbers, damage } = readable(Buffer.concat([partOf('header', 0), ...parts]), moments);
  assert.equal(numbers, [4]);
  assert.equal(
    damage,
    ['moments 0 to 3', 'moments 5 to 6', 'moment 8'].map((run) => `${run} cannot be read: the bytes end within a text`),
  );
});

test('several recordings in one file are read as one', () => {
  const all = at(
    fc.sample(sequences, { seed: 7, numRuns: 15 }).filter(({ length }) => length > 9),
    0,
  );
  const other = { ...HEADER, host: { ...HEADER.host, name: 'there' } };
  for (const first of [1, 2, 5, 6])
    for (const isEnded of [true, false]) {
      const [moments, more] = [all.slice(0, first), all.slice(first)];
      const encoder = createEncoder(other, 4);
      const second = Buffer.concat([...more.map((moment) => encoder.add(moment)), encoder.end()]);
      const bytes = Buffer.concat([encoded(moments, 4, isEnded), second, second]);
      const { numbers, damage } = readable(bytes, [...moments, ...more, ...more]);
      assert.is(numbers.length, moments.length + 2 * more.length);
      assert.equal(damage, []);
      const { header } = openFile(bytesOf(bytes));
      assert.is(header(first - 1).host.name, 'here');
      assert.is(header(first).host.name, 'there');
    }
});

test('what is forged to take very long is passed over, and is said', () => {
  const moments = fc.sample(sequences, { seed: 7, numRuns: 1 }).flat();
  const recorded = encoded(moments, 4, false);
  // Markers of frames each of which claims all that follows.
  const claims = Buffer.alloc(4 << 20);
  for (let offset = 0; offset + 28 < claims.length; offset += 28) {
    recorded.copy(claims, offset, 0, 20);
    claims.writeUInt32LE(claims.length - offset - 28, offset + 20);
  }
  const { numbers, damage } = readable(Buffer.concat([recorded, claims]), moments);
  assert.is(numbers.length, moments.length);
  assert.equal(damage, [`the last ${claims.length} bytes are no whole frame`]);
});

test('frames and moments that nobody records so many of are left out', () => {
  const empty = encodeFrame({ kind: 'delta', marks: 0, number: 7, time: 0 }, Buffer.of());
  const many = Buffer.alloc(empty.length * ((1 << 20) + 10), empty);
  const { frames, gaps } = scanFrames(many);
  assert.is(frames.length, 1 << 20);
  assert.equal(gaps, [{ offset: frames.length * empty.length, length: 10 * empty.length }]);
});

test('random bytes are no recording, or an error of the format', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        openFile(bytesOf(Buffer.from(bytes)));
      } catch (error) {
        assert.ok(error instanceof FormatError);
      }
    }),
  );
});

test('rows and figures that a frame only claims to have take no memory', () => {
  const writer = createByteWriter();
  const texts = Buffer.from(JSON.stringify({ rows: [[0, 4e9]] }));
  writer.varint(texts.length);
  writer.bytes(texts);
  const payload = deflateRawSync(writer.taken());
  assert.throws(
    () => createDecoder(HEADER).key(payload, 0),
    (error: unknown) => error instanceof FormatError,
  );
  const headerOf = (keys: readonly string[]): Buffer => {
    const files = Array.from({ length: 500 }, (_, index) => ({ file: `f${index}`, keys }));
    return deflateRawSync(Buffer.from(JSON.stringify({ ...HEADER, files })));
  };
  assert.is(decodeHeader(headerOf(['a'])).files.length, 500);
  assert.throws(
    () => decodeHeader(headerOf([...'abcdefghi'])),
    (error: unknown) => error instanceof FormatError,
  );
  const bomb = deflateRawSync(Buffer.alloc(100 << 20));
  assert.throws(
    () => createDecoder(HEADER).key(bomb, 0),
    (error: unknown) => error instanceof FormatError,
  );
});

test('a file of columns that this program does not know is read by the names of those it knows', () => {
  const [moment] = at(
    fc.sample(sequences, { seed: 5, numRuns: 10 }).filter((all) => (all[0]?.snapshot.rows.length ?? 0) > 1),
    0,
  );
  if (!moment) throw new Error('no moment');
  const files = [...HEADER.files].reverse().map(({ file, keys }) => ({ file, keys: [...keys] }));
  const { rows } = moment.snapshot;
  const own = openFile(bytesOf(encoded([moment], 1))).decode(0)?.snapshot;
  // As a later version would write it: the same figures, in the order of its own files, and one file more.
  const header = { ...HEADER, files: [{ file: 'new.stat', keys: ['avg10'] }, ...files] };
  const writer = createByteWriter();
  const texts = Buffer.from(JSON.stringify({ rows: moment.workloads, cpuSet: '0-3' }));
  writer.varint(texts.length);
  writer.bytes(texts);
  writer.double(moment.snapshot.monotonic);
  encodeColumns(writer, oneRow(hostFigures(moment)), { columns: [], rows: 0 }, HOST_SCALES);
  const columnsOf = (of: readonly { file: string; keys: readonly string[] }[]) =>
    of.flatMap(({ file, keys }) => keys.map((key) => COLUMNS.get(`${file}:${key}`) ?? -1));
  const pick = (columns: readonly ArrayLike<number>[], of: readonly number[]) =>
    of.map((index) => columns[index] ?? rows.map(() => 1.5));
  const nothing = { columns: [], rows: 0, from: new Int32Array(rows.length).fill(-1) };
  const fileOf = header.files.map(({ file }) => SNAPSHOT_FILES.findIndex((one) => one.file === file));
  encodeColumns(
    writer,
    { columns: pick(moment.snapshot.values, columnsOf(header.files)), rows: rows.length },
    nothing,
    columnScales(header.files),
  );
  encodeColumns(
    writer,
    { columns: pick(moment.snapshot.errors, fileOf), rows: rows.length },
    nothing,
    header.files.map(() => 1),
  );
  encodeTimes(
    writer,
    { columns: pick(moment.snapshot.times, fileOf), rows: rows.length },
    nothing,
    moment.snapshot.monotonic,
  );
  const read = createDecoder(header).key(deflateRawSync(writer.taken()), moment.snapshot.wall).told().moment.snapshot;
  assert.is(text(read), text(own));
});

test.run();
