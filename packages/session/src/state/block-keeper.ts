// Carries the blocks of incomplete pieces from one session into the next: out of the engine when the torrent is closed, back
// into it after the first check. Neither can do any harm: what cannot be read or written is fetched again.
//
// Against a crash the blocks of pieces that take long are kept now and then as well. Those of a piece that is complete by the time of
// the crash are of no use to anybody then, and do no harm.

import type { SwarmEngine } from '@torrential/engine'
import { type Clock, isTorrentialError, StorageError, type TorrentialError } from '@torrential/primitives'
import { DEFAULTS } from '../options.ts'
import type { BlockStore } from './block-store.ts'
import type { ResumeSubject } from './resume-store.ts'

export interface BlockKeeperParts {
  readonly store: BlockStore | undefined
  readonly engine: SwarmEngine
  readonly clock: Clock
  readonly subject: ResumeSubject
  readonly warn: (error: TorrentialError) => void
}

export class BlockKeeper {
  readonly #parts: BlockKeeperParts
  #isLoaded = false
  /** There is a file of the torrent, or one may be there. */
  #isKept = false
  /** What was kept last is what stays. */
  #isOver = false
  #saving: Promise<void> = Promise.resolve()

  constructor(parts: BlockKeeperParts) {
    this.#parts = parts
  }

  /** The first time only: gives the engine what is kept. Never rejects. */
  async load(): Promise<void> {
    const { store, engine, clock, subject, warn } = this.#parts
    if (store === undefined || this.#isLoaded) return
    const { infoHash, metainfo } = subject
    const blocks = await store.load(infoHash, metainfo.geometry)
    this.#isLoaded = true
    if (blocks === 'damaged') warn(damaged(infoHash))
    this.#isKept = blocks === 'damaged' || blocks.length > 0
    if (blocks === 'damaged') return
    for (const { piece, offset, block } of blocks) engine.restoreBlock(piece, offset, block, clock.now())
  }

  /** At the end: keeps what the engine holds now; nothing when it was never asked to hold anything. Never rejects. */
  save(): Promise<void> {
    this.#isOver = true
    return this.#save(Number.POSITIVE_INFINITY)
  }

  /** As `save`, for pieces that were begun an interval ago: others will be complete soon. */
  saveOld(): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return this.#save(this.#parts.clock.now() - DEFAULTS.resumeInterval)
  }

  #save(begunBefore: number): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write(begunBefore))
    return this.#saving
  }

  async #write(begunBefore: number): Promise<void> {
    const { store, engine, subject, warn } = this.#parts
    if (store === undefined || !this.#isLoaded) return
    const held = [...engine.heldBlocks(begunBefore)]
    // What the last session left has just been begun anew: it stays until there is something newer, or nothing at the end.
    if (held.length === 0 && !(this.#isKept && this.#isOver)) return
    try {
      // Nothing of what was kept before is needed by then: it is held, or its piece is complete or has failed.
      await store.save(subject.infoHash, held)
      this.#isKept = held.length > 0
    } catch (error) {
      warn(isTorrentialError(error) ? error : new StorageError('STATE_WRITE', 'blocks were not kept', { cause: error }))
    }
  }

  async forget(): Promise<void> {
    await this.#saving
    await this.#parts.store?.delete(this.#parts.subject.infoHash)
  }
}

function damaged(infoHash: string): StorageError {
  return new StorageError(
    'STATE_DAMAGED',
    `the blocks that were kept of ${infoHash} are damaged: they are fetched again`,
  )
}
