import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isListeningIn } from '../../src/kernel/proc-net-unix.ts';

const TEXT = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 21554 /run/docker.sock
0000000000000000: 00000003 00000000 00000000 0001 03 30121 /run/docker.sock
0000000000000000: 00000003 00000000 00000000 0001 03 30122 /run/dbus/system_bus_socket
0000000000000000: 00000002 00000000 00010000 0001 01 21555 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03 30123
`;

test('the sockets that listen, by their paths', () => {
  for (const [path, listens] of [
    ['/run/docker.sock', true],
    ['/run/dbus/system_bus_socket', false],
    ['/run/a b.sock', true],
    ['docker.sock', false],
    ['/run/none.sock', false],
  ] as const) {
    assert.is(isListeningIn(TEXT, path), listens, path);
  }
  assert.is(isListeningIn('', '/run/docker.sock'), false);
});

test.run();
