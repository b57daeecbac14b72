// The exit codes that scripts rely on, and which error gives which. An InputError is the caller's mistake (2) with one
// exception: that a port is taken is a matter of the moment, the same command may work a second later (1).

import { InputError } from '@torrential/primitives'
import { Interruption } from './cli-context.ts'

export const EXIT = {
  /** The command did what it was asked to. */
  done: 0,
  /** It could not: disk, network, a torrent that is not complete. */
  failed: 1,
  /** It was not started: a wrong option, a source that is no torrent. */
  badInput: 2,
  /** SIGINT, 128 + 2. */
  interrupted: 130,
  /** The reader of stdout went away, 128 + 13. */
  brokenPipe: 141,
  /** SIGTERM, 128 + 15. */
  terminated: 143,
} as const

/** The exit code that an error which ends a command stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode
  // A port or a folder that somebody else has is no mistake of the command line.
  if (error instanceof InputError) return /^(LISTEN|STATE)_/.test(error.code) ? EXIT.failed : EXIT.badInput
  return EXIT.failed
}

/** Of several failures the one to report: bad input before failures, failures before success. */
export function worseOf(a: number, b: number): number {
  return Math.max(a, b)
}
