// Chance in the words that generators need; all of it follows from the seed.

import { type Random, SeededRandom } from '@torrential/primitives'

export class Dice {
  readonly random: Random

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  /** An integer in `[0, limit)`. */
  below(limit: number): number {
    return Math.floor(this.random.next() * limit)
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('nothing to pick from')
    return from[this.below(from.length)] as T
  }

  /** Small more often than large. */
  size(most: number): number {
    return Math.floor(this.random.next() ** 3 * (most + 1))
  }

  bytes(length: number): Uint8Array {
    return this.random.bytes(length)
  }

  /** Unsigned 32 bits, near an edge as often as not. */
  uint32(): number {
    const edges = [0, 1, 2, 7, 255, 16_383, 16_384, 16_385, 131_072, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    return this.oneIn(2) ? this.pick(edges) : Math.floor(this.random.next() * 2 ** (1 + this.below(32)))
  }
}
