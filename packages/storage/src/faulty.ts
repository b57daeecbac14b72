// A storage that fails on purpose, for tests: the n-th call of a kind rejects with a code, or takes its time.

import type { Storage } from '@torrential/contracts'
import type { Clock } from '@torrential/primitives'
import { StorageError } from '@torrential/primitives'

export type StorageCall = 'read' | 'write' | 'flush'

/** What goes wrong, and when. */
export interface Fault {
  readonly call: StorageCall
  /** The first call it applies to, counted from 1 per kind. @default 1 */
  readonly from?: number
  /** How many calls in a row. @default 1 */
  readonly count?: number
  /** The call is not made and rejects with this StorageError code. */
  readonly code?: string
  /** Milliseconds before the call is made, or rejects. Needs a clock. */
  readonly delay?: number
}

export interface FaultPlan {
  readonly faults: readonly Fault[]
  /** For delays. */
  readonly clock?: Clock
}

/** `storage`, except for what `plan` says. */
export function faulty(storage: Storage, plan: FaultPlan): Storage {
  const counts = { read: 0, write: 0, flush: 0 }
  const meddle = async (call: StorageCall, piece?: number): Promise<void> => {
    const nth = ++counts[call]
    for (const fault of plan.faults) {
      const from = fault.from ?? 1
      if (fault.call !== call || nth < from || nth >= from + (fault.count ?? 1)) continue
      if (fault.delay !== undefined) await wait(plan.clock, fault.delay)
      if (fault.code === undefined) continue
      throw new StorageError(
        fault.code,
        `planned failure of ${call} number ${nth}`,
        piece === undefined ? {} : { piece },
      )
    }
  }
  return {
    async read(piece, offset, length, options) {
      await meddle('read', piece)
      return storage.read(piece, offset, length, options)
    },
    async write(piece, offset, blocks, options) {
      await meddle('write', piece)
      return storage.write(piece, offset, blocks, options)
    },
    async flush(options) {
      await meddle('flush')
      return storage.flush(options)
    },
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

function wait(clock: Clock | undefined, ms: number): Promise<void> {
  if (clock === undefined) return Promise.resolve()
  return new Promise((resolve) => void clock.timer(ms, resolve))
}
