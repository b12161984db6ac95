/** Why a runtime's API gave no answer, and what to do about it. */

import { codeOf } from '../../kernel/error-code.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import { clean } from '../../text/clean.ts';
import { errorText } from '../../text/error-text.ts';

export type Failure =
  /** Nothing is there. */
  | 'absent'
  | 'not permitted'
  /** It accepts, and is silent, or stops in the middle. */
  | 'no answer'
  /** It answers that it cannot: an HTTP status, a D-Bus or gRPC error. */
  | 'refused'
  /** It answers what nobody understands, or too much. */
  | 'malformed'
  /** We ended it. */
  | 'aborted';

/** The message says the endpoint, what was asked and what came; the remedy is one command or sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly failure: Failure;
  /** HTTP status where there was one; 404 also for the NOT_FOUND of gRPC. */
  readonly status?: number;
  readonly remedy?: string;

  constructor(
    failure: Failure,
    message: string,
    more: { readonly status?: number; readonly remedy?: string; readonly cause?: unknown } = {},
  ) {
    super(clean(message), { cause: more.cause });
    this.failure = failure;
    if (more.status !== undefined) this.status = more.status;
    if (more.remedy !== undefined) this.remedy = more.remedy;
  }
}

/** From an errno of connect(2) or of a broken connection. `asked`: `GET /containers/json`. */
export function connectionError(endpoint: string, asked: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const code = codeOf(error);
  const failure: Failure =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'absent'
      : code === 'EACCES' || code === 'EPERM'
        ? 'not permitted'
        : 'no answer';
  const text = errorText(error);
  return new ApiError(failure, `${endpoint}: ${asked}: ${code ?? text}`, {
    remedy: remedyFor(failure, endpoint, code),
    cause: error,
  });
}

/** What helps, by kind of failure. */
export function remedyFor(failure: Failure, endpoint: string, code?: string): string | undefined {
  switch (failure) {
    case 'not permitted':
      return rightsRemedy(`join the socket's group: usermod -aG "$(stat -c %G ${endpoint})" "$USER"`);
    case 'no answer':
      return code === 'ECONNREFUSED'
        ? 'nobody listens there: start its service with systemctl'
        : 'it hangs or ended in the middle: look at its service with systemctl and journalctl';
    case 'absent':
      return 'start its service or socket with systemctl if it should run';
    default:
      return undefined;
  }
}
