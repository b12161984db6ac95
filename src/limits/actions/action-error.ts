/** An action did not do what was asked: what happened, and what to do instead, on one line. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}
