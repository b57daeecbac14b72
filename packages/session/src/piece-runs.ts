// Small pieces that lie one behind the other are written in one go: a write costs a trip to the thread pool and back, which for 16 KiB is many
// times what the write itself costs. What is verified in one turn of the event loop is gathered, and what comes while the disk is
// busy too. Nobody waits for a piece that is not here yet.
//
// Invariant: a piece counts as written only after a write that has all of it has resolved. When the write of a run fails, each of
// its pieces is written once more by itself, so that one bad place fails the piece that lies there and no other.

import type { Storage } from '@torrential/contracts'
import { type Geometry, LazyMap, type PieceIndex } from '@torrential/primitives'
import { DEFAULTS } from './options.ts'

/** Bytes of a run. A longer piece is a run of its own. */
const MOST_BYTES = DEFAULTS.writeBytes

interface Waiting {
  readonly piece: PieceIndex
  readonly blocks: readonly Uint8Array[]
  readonly resolve: (written: true) => void
  readonly reject: (error: unknown) => void
}

interface Run {
  readonly pieces: Waiting[]
  bytes: number
}

export interface PieceRunsParts {
  readonly geometry: Geometry
  readonly storage: Storage
  /** So many bytes more wait for the disk; fewer when below zero. */
  readonly wait?: ((bytes: number) => void) | undefined
  /** Calls `write` when it is its turn; settles as it does. */
  readonly turn: (write: () => Promise<void>) => Promise<void>
}

export class PieceRuns {
  readonly #parts: PieceRunsParts
  /** Runs that are not being written yet, by the piece that would continue them. */
  readonly #open = new LazyMap<number, Run>()

  constructor(parts: PieceRunsParts) {
    this.#parts = parts
  }

  /** Writes a whole piece; resolves with true. @throws StorageError */
  add(piece: PieceIndex, blocks: readonly Uint8Array[]): Promise<true> {
    return new Promise((resolve, reject) => this.#add({ piece, blocks, resolve, reject }))
  }

  #add(waiting: Waiting): void {
    const { piece } = waiting
    const { geometry } = this.#parts
    const length = geometry.lengthOf(piece)
    this.#parts.wait?.(length)
    let run = this.#open.get(piece)
    this.#open.delete(piece)
    if (run === undefined || run.bytes + length > MOST_BYTES) {
      run = { pieces: [], bytes: 0 }
      this.#begin(run)
    }
    run.pieces.push(waiting)
    run.bytes += length
    // Behind a short piece is a gap (v2), or nothing.
    if (length === geometry.pieceLength && run.bytes < MOST_BYTES) this.#open.set(piece + 1, run)
  }

  #begin(run: Run): void {
    queueMicrotask(() => {
      const written = this.#parts.turn(async () => {
        this.#close(run)
        await this.#write(run)
      })
      // The turn itself did not come.
      written.catch((error: unknown) => {
        this.#close(run)
        this.#parts.wait?.(-run.bytes)
        for (const { reject } of run.pieces) reject(error)
      })
    })
  }

  /** Nothing is added to it any more. */
  #close(run: Run): void {
    const next = (run.pieces.at(-1) as Waiting).piece + 1
    if (this.#open.get(next) === run) this.#open.delete(next)
  }

  async #write({ pieces, bytes }: Run): Promise<void> {
    const { storage, geometry } = this.#parts
    const [first] = pieces as [Waiting]
    try {
      await storage.write(first.piece, 0, pieces.length === 1 ? first.blocks : pieces.flatMap(({ blocks }) => blocks))
    } catch (error) {
      if (pieces.length > 1) {
        for (const waiting of pieces) await this.#write({ pieces: [waiting], bytes: geometry.lengthOf(waiting.piece) })
        return
      }
      this.#parts.wait?.(-bytes)
      first.reject(error)
      return
    }
    // Before anybody hears that there is room again.
    this.#parts.wait?.(-bytes)
    for (const { resolve } of pieces) resolve(true)
  }
}
