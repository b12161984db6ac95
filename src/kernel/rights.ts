/** What to do where a right is missing. Every message that speaks of sudo asks here: it is never told to root. */

/**
 * A user who is not root is told of sudo, or of `instead`. Root lacks a right only in a container, in a user namespace or
 * under a security module, where sudo changes nothing.
 */
export function rightsRemedy(instead = '', uid = process.geteuid?.() ?? 0): string {
  if (uid === 0) return 'not even root may here, as in a container or under SELinux or AppArmor; run it on the host';
  return instead === '' ? 'run it with sudo' : `run it with sudo, or ${instead}`;
}
