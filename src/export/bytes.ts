/** A text written as bytes into a buffer that grows: ten megabytes take a tenth of the time that strings take. */
export interface Bytes {
  text(text: string): void;
  /** Of these bytes those from `start` on and before `end`; without these, all. */
  add(bytes: Uint8Array, start?: number, end?: number): void;
  /** One line of three parts; `text` is ASCII of at most MOST_ASCII characters. */
  line(name: Buffer, labels: Buffer, text: string): void;
  /** How many were written. */
  length(): number;
  /** Takes back all but the first so many. */
  cut(length: number): void;
  /** A view of all that was written; what is written later does not change it. */
  done(): Buffer;
}

const MOST_ASCII = 64;
const NEWLINE = 10;

export function createBytes(size: number): Bytes {
  let buffer = Buffer.allocUnsafe(Math.max(Math.ceil(size), 1024));
  let at = 0;

  function room(more: number): void {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + more));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  function add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (end <= start) return;
    room(end - start);
    buffer.set(end - start === bytes.length ? bytes : bytes.subarray(start, end), at);
    at += end - start;
  }

  return {
    text: (text) => add(Buffer.from(text)),
    add,
    line(name, labels, text) {
      room(name.length + labels.length + MOST_ASCII + 1);
      buffer.set(name, at);
      at += name.length;
      buffer.set(labels, at);
      at += labels.length;
      // A call of Buffer.write takes longer than these few characters do.
      for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index);
      buffer[at++] = NEWLINE;
    },
    length: () => at,
    cut(length) {
      at = length;
    },
    done: () => buffer.subarray(0, at),
  };
}
