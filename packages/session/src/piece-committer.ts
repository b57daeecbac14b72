// From blocks in memory to a verified piece on disk. The hash is computed here, on the thread that received the bytes and has them
// warm in its cache, unless somebody takes it elsewhere (see `piece-hashing.ts`). A piece too large to wait for arrives as
// runs; a running hash follows those that come in order, and what it missed is read back.
//
// Writes wait for their turn here and not in front of the process's few I/O threads, where everything that is handed to them later,
// a line of the journal among it, would wait behind all of them.

import { LazyMap } from '@torrential/primitives'
import type { PieceVerifier, RunningHash, Storage } from '@torrential/contracts'
import type { Geometry, PieceIndex } from '@torrential/primitives'
import type PQueue from 'p-queue'
import { PieceRuns } from './piece-runs.ts'

interface Running {
  readonly hash: RunningHash
  /** Bytes fed so far. */
  fed: number
}

/** A whole piece as it came from peers. */
export interface PieceInMemory {
  readonly piece: PieceIndex
  readonly blocks: readonly Uint8Array[]
  /** Bytes of all blocks. */
  readonly length: number
}

/** Somebody else who hashes pieces. */
export interface PieceHashers {
  /**
   * Hashes `blocks`, which may be neither changed nor used again before the digest is here. Undefined: nobody does, hash it here. The
   * promise never rejects, and resolves with undefined when nothing came of it.
   */
  take(piece: PieceInMemory, verifier: PieceVerifier): Promise<Uint8Array | undefined> | undefined
}

const readBack = 1024 * 1024

export class PieceCommitter {
  readonly #geometry: Geometry
  readonly #storage: Storage
  readonly #verifier: PieceVerifier
  readonly #hashers: PieceHashers | undefined
  readonly #writing: (() => void) | undefined
  readonly #room: (() => Promise<void> | undefined) | undefined
  readonly #turns: PQueue | undefined
  readonly #wait: ((bytes: number) => void) | undefined
  readonly #runs: PieceRuns
  readonly #running = new LazyMap<PieceIndex, Running>()

  constructor(parts: {
    readonly geometry: Geometry
    readonly storage: Storage
    readonly verifier: PieceVerifier
    /** @default nobody hashes pieces but this thread */
    readonly hashers?: PieceHashers
    /** Files are about to be written to. */
    readonly writing?: () => void
    /** Undefined unless a write has to wait for something. */
    readonly room?: () => Promise<void> | undefined
    /** Writes of all torrents, a few at a time. @default all at once */
    readonly turns?: PQueue
    /** So many bytes more wait for the disk; fewer when below zero. */
    readonly wait?: (bytes: number) => void
  }) {
    this.#geometry = parts.geometry
    this.#storage = parts.storage
    this.#verifier = parts.verifier
    this.#hashers = parts.hashers
    this.#writing = parts.writing
    this.#room = parts.room
    this.#turns = parts.turns
    this.#wait = parts.wait
    this.#runs = new PieceRuns({ ...parts, turn: (write) => this.#turn(write) })
  }

  /** False when the blocks are not the piece; otherwise resolves once they are written. @throws StorageError */
  commit(piece: PieceIndex, blocks: readonly Uint8Array[]): Promise<boolean> {
    const whole = { piece, blocks, length: this.#geometry.lengthOf(piece) }
    const digest = this.#hashers?.take(whole, this.#verifier)
    if (digest !== undefined) return this.#commitHashed(whole, digest)
    return this.#verifier.verify(piece, blocks) ? this.#runs.add(piece, blocks) : Promise.resolve(false)
  }

  async #commitHashed(
    { piece, blocks, length }: PieceInMemory,
    digest: Promise<Uint8Array | undefined>,
  ): Promise<boolean> {
    // It is in memory as much as what waits for the disk.
    this.#wait?.(length)
    const found = await digest
    this.#wait?.(-length)
    const isGood = found === undefined ? this.#verifier.verify(piece, blocks) : this.#verifier.isDigest(piece, found)
    return isGood && this.#runs.add(piece, blocks)
  }

  /** Writes a run of a piece that is not verified yet. @throws StorageError */
  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[]): Promise<void> {
    let running = this.#running.get(piece)
    if (offset === 0) {
      running = { hash: this.#verifier.begin(piece), fed: 0 }
      this.#running.set(piece, running)
    }
    if (running?.fed === offset) {
      for (const block of blocks) {
        running.hash.update(block)
        running.fed += block.length
      }
    }
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0)
    this.#wait?.(bytes)
    try {
      await this.#turn(() => this.#storage.write(piece, offset, blocks))
    } finally {
      this.#wait?.(-bytes)
    }
  }

  /** True when the piece, whose runs are all written, is what it should be. @throws StorageError */
  async verify(piece: PieceIndex): Promise<boolean> {
    const running = this.#running.get(piece) ?? { hash: this.#verifier.begin(piece), fed: 0 }
    this.#running.delete(piece)
    const length = this.#geometry.lengthOf(piece)
    while (running.fed < length) {
      const bytes = await this.#storage.read(piece, running.fed, Math.min(readBack, length - running.fed))
      running.hash.update(bytes)
      running.fed += bytes.length
    }
    return running.hash.matches()
  }

  #turn(write: () => Promise<void>): Promise<void> {
    const go = () => {
      this.#writing?.()
      return write()
    }
    const begin = () => {
      const room = this.#room?.()
      return room === undefined ? go() : room.then(go)
    }
    return this.#turns === undefined ? begin() : this.#turns.add(begin)
  }
}
