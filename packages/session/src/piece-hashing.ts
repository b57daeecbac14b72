// Where pieces that came from peers are hashed: on this thread, which has them warm in its cache, as long as it keeps up with what peers
// send; by another one when it does not and there is a core for it. A download that is slower than this thread never needs one.

import type { PieceVerifier } from '@torrential/contracts'
import type { HandlePool, HashPool } from '@torrential/storage'
import type { PieceHashers, PieceInMemory } from './piece-committer.ts'
import type { TurnBudget } from './turn-budget.ts'

/**
 * Cores that it takes: SHA-256 costs more than twice what SHA-1 does, and is worth one of two. SHA-1 leaves both busy there, the other one
 * with reading and writing, and all that a thread brings is a tenth more CPU time.
 */
const CORES = { 'merkle-sha256': 2, sha1: 3 }
/** Bytes of a piece. Asking and hearing of a shorter one costs as much as hashing it. */
const LEAST = 131_072
/** Bytes hashed here while turns did not keep up, before a thread is started for them: that costs about as much. */
const WORTH_A_THREAD = 32 * 1_048_576

export interface PieceHashingParts {
  readonly pool: Pick<HashPool, 'hashBlocks' | 'running' | 'workers'>
  readonly handles: Pick<HandlePool, 'threads'>
  readonly turns: Pick<TurnBudget, 'isBehind'>
}

export class PieceHashing implements PieceHashers {
  readonly #parts: PieceHashingParts
  #hashedHere = 0

  constructor(parts: PieceHashingParts) {
    this.#parts = parts
  }

  take({ piece, blocks, length }: PieceInMemory, verifier: PieceVerifier): Promise<Uint8Array | undefined> | undefined {
    const { pool, handles, turns } = this.#parts
    if (length < LEAST || !turns.isBehind) return undefined
    const method = verifier.methodOf(piece)
    // The thread that writes many small files has a core of its own.
    if (pool.workers < CORES[method.kind] + handles.threads) return undefined
    if (pool.running === 0) {
      this.#hashedHere += length
      if (this.#hashedHere <= WORTH_A_THREAD) return undefined
    }
    this.#hashedHere = 0
    return pool.hashBlocks(method, blocks)
  }
}
