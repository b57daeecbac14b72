// Carries what is here of incomplete pieces from one session into the next: out of the engine when the torrent is closed, back
// into it after the first check. Neither can do any harm: what cannot be read or written is fetched again.
//
// Against a crash that of pieces that take long is kept now and then as well. The file goes when every piece in it is complete or has
// failed, since nobody has any use for it then.

import type { HeldPiece, HeldRange, SwarmEngine } from '@torrential/engine'
import {
  type Clock,
  isTorrentialError,
  type PieceIndex,
  StorageError,
  type TorrentialError,
} from '@torrential/primitives'
import { DEFAULTS } from '../options.ts'
import type { BlockStore, KeptPiece } from './block-store.ts'
import type { ResumeSubject } from './resume-store.ts'

export interface BlockKeeperParts {
  readonly store: BlockStore | undefined
  readonly engine: SwarmEngine
  readonly clock: Clock
  readonly subject: ResumeSubject
  /** Bytes of a file on disk, by its index in the metainfo; 0 when there is none. Never rejects. */
  readonly sizeOf: (file: number) => Promise<number>
  readonly warn: (error: TorrentialError) => void
}

export class BlockKeeper {
  readonly #parts: BlockKeeperParts
  #isLoaded = false
  /** There is a file of the torrent, or one may be there. */
  #isKept = false
  /** Pieces of which the file has something that may still be of use. */
  #pieces = new Set<PieceIndex>()
  /** What was kept last is what stays. */
  #isOver = false
  #saving: Promise<void> = Promise.resolve()

  constructor(parts: BlockKeeperParts) {
    this.#parts = parts
  }

  /**
   * The first time only: gives the engine what is kept. `isAsLeft` tells of a piece that its files are as the last session left
   * them: what that session had written of it is not asked for again either. Never rejects.
   */
  async load(isAsLeft: (piece: PieceIndex) => boolean): Promise<void> {
    const { store, engine, clock, subject, warn } = this.#parts
    if (store === undefined || this.#isLoaded) return
    const { infoHash, metainfo } = subject
    const kept = await store.load(infoHash, metainfo.geometry)
    this.#isLoaded = true
    if (kept === 'damaged') {
      this.#isKept = true
      return warn(damaged(infoHash))
    }
    const held = await this.#onDisk(kept, isAsLeft)
    this.#keeps(kept)
    for (const piece of held) engine.restorePiece(piece, clock.now())
  }

  /** At the end: keeps what the engine holds now; nothing when it was never asked to hold anything. Never rejects. */
  save(): Promise<void> {
    this.#isOver = true
    return this.#save(Number.POSITIVE_INFINITY)
  }

  /**
   * As `save`, for pieces that were begun an interval ago: others will be complete soon. Of those it is only kept where they lie on
   * disk, which takes no room.
   */
  saveOld(): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return this.#save(this.#parts.clock.now() - DEFAULTS.resumeInterval)
  }

  /** The piece is complete, or has failed: what is kept of it is of no use. */
  settled(piece: PieceIndex): void {
    if (this.#pieces.delete(piece)) this.#dropUseless()
  }

  async forget(): Promise<void> {
    await this.#saving
    await this.#parts.store?.delete(this.#parts.subject.infoHash)
  }

  #save(begunBefore: number): Promise<void> {
    this.#saving = this.#saving.then(() => this.#attempt((store) => this.#write(store, begunBefore)))
    return this.#saving
  }

  async #write(store: BlockStore, begunBefore: number): Promise<void> {
    const { engine, subject } = this.#parts
    const held = this.#due(begunBefore)
    // What the last session left has just been begun anew: it stays until there is something newer, or nothing is missing.
    if (held.length === 0 && !(this.#isKept && (this.#isOver || engine.isFinished))) return
    // Nothing of what was kept before is needed by then: it is held, or its piece is complete or has failed.
    const kept = await store.save(subject.infoHash, held)
    this.#isKept = kept.length > 0
    this.#keeps(kept.map((piece) => ({ piece })))
  }

  /** What is kept of the pieces that are open now; nothing when there is nothing new to keep. */
  #due(begunBefore: number): readonly HeldPiece[] {
    const open = this.#parts.engine.heldPieces()
    if (!open.some(({ begunAt, written }) => begunAt < begunBefore || written.length > 0)) return []
    return open.flatMap((held): readonly HeldPiece[] => {
      // What was kept before goes on being kept.
      if (held.begunAt < begunBefore || this.#pieces.has(held.piece)) return [held]
      return held.written.length > 0 ? [{ piece: held.piece, written: held.written, blocks: [] }] : []
    })
  }

  /** The file is about these pieces, some of which may be complete by now. */
  #keeps(kept: readonly Pick<HeldPiece, 'piece'>[]): void {
    const { have } = this.#parts.engine
    this.#pieces = new Set(kept.map(({ piece }) => piece).filter((piece) => !have.has(piece)))
    this.#isKept = kept.length > 0
    this.#dropUseless()
  }

  #dropUseless(): void {
    if (!this.#isKept || this.#pieces.size > 0) return
    this.#saving = this.#saving.then(() => this.#attempt((store) => this.#drop(store)))
  }

  async #drop(store: BlockStore): Promise<void> {
    if (!this.#isKept || this.#pieces.size > 0) return
    await store.delete(this.#parts.subject.infoHash)
    this.#isKept = false
  }

  async #attempt(work: (store: BlockStore) => Promise<void>): Promise<void> {
    const { store, warn } = this.#parts
    if (store === undefined || !this.#isLoaded) return
    try {
      await work(store)
    } catch (error) {
      warn(isTorrentialError(error) ? error : new StorageError('STATE_WRITE', 'blocks were not kept', { cause: error }))
    }
  }

  /** What was written counts where it can still be read; what it is shows when the piece is whole. */
  async #onDisk(kept: readonly KeptPiece[], isAsLeft: (piece: PieceIndex) => boolean): Promise<HeldPiece[]> {
    const sizes = new Map<number, Promise<number>>()
    const isThere = async (piece: PieceIndex, { start, end }: HeldRange): Promise<boolean> => {
      const { geometry } = this.#parts.subject.metainfo
      for (const { file, offset, length } of geometry.slices(piece, start, end - start)) {
        if (geometry.files[file]?.pad === true) continue
        const size = sizes.get(file) ?? this.#parts.sizeOf(file)
        sizes.set(file, size)
        if ((await size) < offset + length) return false
      }
      return true
    }
    return Promise.all(
      kept.map(async ({ piece, written, blocks }) => {
        if (!isAsLeft(piece)) return { piece, blocks, written: [] }
        const isThereAll = await Promise.all(written.map((range) => isThere(piece, range)))
        return { piece, blocks, written: written.filter((_, index) => isThereAll[index]) }
      }),
    )
  }
}

function damaged(infoHash: string): StorageError {
  return new StorageError(
    'STATE_DAMAGED',
    `the blocks that were kept of ${infoHash} are damaged: they are fetched again`,
  )
}
