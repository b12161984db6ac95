/** Numbers as bytes: LEB128 varints of whole numbers below 2^53, and doubles. */

/** The bytes end too early, or hold what the format does not allow. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

export interface ByteWriter {
  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void;
  double(value: number): void;
  bytes(bytes: Uint8Array): void;
  /** What was written; valid until the next write. */
  taken(): Buffer;
  clear(): void;
}

export function createByteWriter(): ByteWriter {
  let buffer = Buffer.allocUnsafe(1 << 16);
  let length = 0;

  function reserve(more: number): void {
    if (length + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, length + more));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  return {
    varint: (value) => {
      reserve(8);
      let left = value;
      while (left >= 0x80) {
        buffer[length++] = (left % 0x80) | 0x80;
        left = Math.floor(left / 0x80);
      }
      buffer[length++] = left;
    },
    double: (value) => {
      reserve(8);
      length = buffer.writeDoubleLE(value, length);
    },
    bytes: (bytes) => {
      reserve(bytes.length);
      buffer.set(bytes, length);
      length += bytes.length;
    },
    taken: () => buffer.subarray(0, length),
    clear: () => {
      length = 0;
    },
  };
}

/** Each call throws FormatError where the bytes do not have it. */
export interface ByteReader {
  varint(): number;
  double(): number;
  bytes(length: number): Buffer;
  /** Bytes that are left. */
  left(): number;
}

const MOST_VARINT_BYTES = 8;

export function createByteReader(buffer: Buffer): ByteReader {
  let at = 0;
  return {
    varint: () => {
      let value = 0;
      let scale = 1;
      for (let count = 0; count < MOST_VARINT_BYTES; count++) {
        const byte = buffer[at++];
        if (byte === undefined) throw new FormatError('the bytes end within a number');
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) {
          if (value > Number.MAX_SAFE_INTEGER) break;
          return value;
        }
        scale *= 0x80;
      }
      throw new FormatError('a number is out of range');
    },
    double: () => {
      if (at + 8 > buffer.length) throw new FormatError('the bytes end within a number');
      at += 8;
      return buffer.readDoubleLE(at - 8);
    },
    bytes: (length) => {
      if (at + length > buffer.length) throw new FormatError('the bytes end within a text');
      at += length;
      return buffer.subarray(at - length, at);
    },
    left: () => buffer.length - at,
  };
}
