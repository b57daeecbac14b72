// Errors as people and scripts read them: `error: CODE: message` on one line of stderr. Whatever reaches this point has a
// code: the library's own errors bring theirs, the system's are named by it, and anything else is INTERNAL, a bug.

import { inspect } from 'node:util'
import { isTorrentialError, TorrentialError } from '@torrential/primitives'

/** A command could not do what it was asked: `INCOMPLETE`, `DEMO_…`. Its exit code is 1. */
export class CommandError extends TorrentialError {}

/** An error reduced to what is shown. */
export interface Failure {
  /** SCREAMING_SNAKE, or the system's name for it (ENOSPC). */
  readonly code: string
  /** One line. */
  readonly message: string
}

/** Reduces anything that was thrown. */
export function failureOf(error: unknown): Failure {
  if (isTorrentialError(error)) return { code: error.code, message: oneLine(error.message) }
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const text = typeof message === 'string' ? message : inspect(error, { breakLength: Number.POSITIVE_INFINITY })
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) {
    // The system's messages repeat the code: "ENOENT: no such file or directory, open …".
    return { code, message: oneLine(text.startsWith(`${code}: `) ? text.slice(code.length + 2) : text) }
  }
  return { code: 'INTERNAL', message: oneLine(text) }
}

/** `error: CODE: message`, with a line break at the end. */
export function failureLine(failure: Failure): string {
  return `error: ${failure.code}: ${oneLine(failure.message)}\n`
}

/** The stack and those of its causes, for TORRENTIAL_DEBUG=1. */
export function stackOf(error: unknown): string {
  const lines: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by: '}${at.stack ?? at.message}`)
  }
  return `${lines.join('\n')}\n`
}

/** Messages quote what remotes and files say: line breaks and control characters must not reach the terminal. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/[\u0000-\u001f\u007f-\u009f]/.test(text)) return text.trim()
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}
