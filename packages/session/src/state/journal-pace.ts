// How many pieces a line of the journal has, and how far the files may be ahead of it: what `kill -9` may cost.

import type { Clock } from '@torrential/primitives'
import { DEFAULTS } from '../options.ts'

/** Pieces of a line that does not wait any longer. */
export function lineOf(pieceLength: number): number {
  const small = Math.min(DEFAULTS.journalMost, Math.floor(DEFAULTS.journalBytes / pieceLength))
  return Math.max(DEFAULTS.journalBatch, small)
}

/** Pieces that may wait for the journal before writes wait for it. */
export function mostBehind(pieceLength: number): number {
  return Math.max(DEFAULTS.journalBehind, DEFAULTS.journalBehindBytes / pieceLength)
}

/** Resolves with `work`, or after a second: a state folder on a disk that hangs must not hold up everything else. */
export function soon(work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.timer(DEFAULTS.journalDelay, resolve)
    const end = () => {
      timer[Symbol.dispose]()
      resolve()
    }
    void work.then(end)
  })
}
