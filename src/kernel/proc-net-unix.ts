/**
 * /proc/net/unix, the unix sockets of our network namespace; flag 00010000 (__SO_ACCEPTCON) is of one that listens:
 *
 *     Num               RefCount Protocol Flags    Type St Inode Path
 *     0000000000000000: 00000002 00000000 00010000 0001 01 21554 /run/docker.sock
 */

/** Whether a socket listens at that path, as its process spelled it. One of another network namespace is not listed. */
export const isListeningIn = (text: string, path: string): boolean =>
  text.split('\n').some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === '00010000');
