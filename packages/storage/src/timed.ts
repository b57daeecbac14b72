// Counts what a storage does and how long it takes, for statistics and for finding the slow disk.

import type { Storage } from '@torrential/contracts'
import type { Clock } from '@torrential/primitives'
import { lengthOf } from './pooled-io.ts'

/** One kind of call. */
export interface CallTimings {
  /** Calls that have ended, well or badly. */
  readonly calls: number
  readonly failures: number
  /** Bytes of calls that went well. */
  readonly bytes: number
  /** Calls that run now. */
  readonly running: number
  /** Milliseconds of all ended calls together. */
  readonly total: number
  /** Milliseconds of the slowest. */
  readonly slowest: number
}

/** Live counts of a storage. */
export interface StorageTimings {
  readonly read: CallTimings
  readonly write: CallTimings
  readonly flush: CallTimings
}

export interface TimedStorage extends Storage {
  readonly timings: StorageTimings
}

/** `storage`, with `timings` that follow every call. */
export function timed(storage: Storage, clock: Clock): TimedStorage {
  const read = new Timings(clock)
  const write = new Timings(clock)
  const flush = new Timings(clock)
  return {
    timings: { read, write, flush },
    read: (piece, offset, length, options) => read.follow(length, storage.read(piece, offset, length, options)),
    write: (piece, offset, blocks, options) =>
      write.follow(lengthOf(blocks), storage.write(piece, offset, blocks, options)),
    flush: (options) => flush.follow(0, storage.flush(options)),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

class Timings implements CallTimings {
  readonly #clock: Clock
  calls = 0
  failures = 0
  bytes = 0
  running = 0
  total = 0
  slowest = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async follow<Result>(bytes: number, call: Promise<Result>): Promise<Result> {
    const start = this.#clock.now()
    this.running++
    try {
      const result = await call
      this.bytes += bytes
      return result
    } catch (error) {
      this.failures++
      throw error
    } finally {
      const took = this.#clock.now() - start
      this.running--
      this.calls++
      this.total += took
      if (took > this.slowest) this.slowest = took
    }
  }
}
