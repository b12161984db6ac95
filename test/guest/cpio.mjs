// A newc cpio archive (the kernel's initramfs format), written here so that device nodes need no root and no tool.

/** @typedef {{ path: string, mode: number, data?: Buffer, device?: [number, number] }} Entry */

/** @param {Entry[]} entries */
export function cpio(entries) {
  const parts = [];
  for (const [index, { path, mode, data = Buffer.alloc(0), device = [0, 0] }] of [
    ...entries,
    { path: 'TRAILER!!!', mode: 0 },
  ].entries()) {
    const name = Buffer.from(`${path}\0`);
    const fields = [index + 1, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), name])), padded(data));
  }
  return Buffer.concat(parts);
}

/** @param {Buffer} bytes */
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
