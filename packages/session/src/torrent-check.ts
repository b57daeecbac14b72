// Finds out what a torrent has on disk, before it takes part in anything: from what is remembered where that can be believed, by
// hashing otherwise, in turn with the session's other torrents. Its verdicts go to the engine and to the files.

import type { SwarmEngine } from '@torrential/engine'
import type { Metainfo } from '@torrential/metainfo'
import { type PieceIndex, StorageError, toHex, withAbort } from '@torrential/primitives'
import type { FileStorage } from '@torrential/storage'
import { reuseData } from './data-reuse.ts'
import { believe, hashDisk } from './disk-check.ts'
import type { AddOptions } from './options.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import type { BlockKeeper } from './state/block-keeper.ts'
import type { ResumeKeeper } from './state/resume-keeper.ts'
import type { ResumeFound } from './state/resume-store.ts'
import type { Torrent } from './torrent.ts'
import type { TorrentMover } from './torrent-mover.ts'
import type { TorrentContents } from './torrent-contents.ts'

export interface TorrentCheckParts {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly context: SessionContext
  readonly reporter: Reporter
  readonly engine: SwarmEngine
  readonly storage: FileStorage
  readonly contents: TorrentContents
  readonly resume: ResumeKeeper
  readonly mover: TorrentMover
  readonly blocks: BlockKeeper
  /** Whether and how data of other torrents is used. */
  readonly reuse: NonNullable<AddOptions['reuse']>
  /** Resolves when nothing is being written. */
  readonly idle: () => Promise<void>
  /** What earlier sessions moved; told before anything is moved in this one. */
  readonly totals: (uploaded: number, downloaded: number) => void
}

export class TorrentCheck {
  readonly #parts: TorrentCheckParts

  constructor(parts: TorrentCheckParts) {
    this.#parts = parts
  }

  /**
   * `full` believes nothing. A torrent that is closed before its turn does not wait for those in front of it; a check that
   * runs ends by itself. @throws StorageError; the signal's reason
   */
  run(full: boolean, signal: AbortSignal): Promise<void> {
    let running: Promise<void> | undefined
    const turn = this.#parts.context.checks.add(() => {
      running = this.#check(full, signal)
      return running
    })
    return withAbort(turn, signal).catch(async (error: unknown) => {
      await running
      throw error
    })
  }

  async #check(full: boolean, signal: AbortSignal): Promise<void> {
    const { metainfo, storage, reporter, torrent, context, engine, resume, mover, idle } = this.#parts
    const parts = {
      metainfo,
      storage,
      hashing: context.hashing,
      verdict: (piece: PieceIndex, good: boolean) => this.#verdict(piece, good),
      progress: (done: number, of: number) =>
        reporter.emit({ type: 'checking', torrent, done, of, have: engine.have.count }),
    }
    signal.throwIfAborted()
    await idle()
    await mover.settle(signal)
    const found = await this.#remembered()
    if (found === undefined) await this.#reuse(signal)
    if (found === undefined || full) await hashDisk(parts, signal)
    else await believe(parts, found, signal)
    const isAsLeft = found?.isCurrent === true && !full
    // Nothing to make and nothing to move: the disk is not even looked at before the first read.
    if (!isAsLeft || !engine.have.isComplete || hasEmptyFiles(metainfo)) await storage.prepare({ signal })
    if (!engine.have.isComplete) await this.#parts.blocks.load()
    if (isAsLeft) {
      resume.adopt(found)
      return
    }
    const saved = resume.save(engine.stats.isFinished)
    // What comes from now on must not go into a journal that may be torn. Without any record, a crash means hashing anyway.
    if (found !== undefined) await saved
  }

  /** What others have of it is linked or copied here, where nothing is yet. */
  async #reuse(signal: AbortSignal): Promise<void> {
    const { metainfo, storage, contents, context, reporter, torrent, reuse } = this.#parts
    if (reuse === false) return
    const sources = Array.from(context.relatives(torrent, metainfo), ({ data }) => data).filter(
      (data) => data !== undefined,
    )
    const failed = (error: StorageError) => reporter.emit({ type: 'warning', torrent, error })
    const reused = (index: number, from: Torrent, method: 'link' | 'copy') => {
      const file = contents.fileAt(index)
      if (file !== undefined) reporter.emit({ type: 'file-reused', torrent, file, from, method })
    }
    await reuseData(
      {
        metainfo,
        storage,
        sources,
        method: reuse,
        failed,
        reused: (file, { torrent: from }, how) => reused(file, from, how),
      },
      signal,
    )
  }

  async #remembered(): Promise<ResumeFound | undefined> {
    const { metainfo, reporter, torrent, resume, engine, totals } = this.#parts
    const found = await resume.load()
    if (found === 'damaged') {
      const message = `what was remembered of ${toHex(metainfo.infoHash)} is damaged: its files are hashed`
      reporter.emit({ type: 'warning', torrent, error: new StorageError('STATE_DAMAGED', message) })
      return undefined
    }
    const { downloaded, uploaded } = engine.stats
    if (found !== undefined && downloaded + uploaded === 0) totals(found.uploaded, found.downloaded)
    return found
  }

  #verdict(piece: PieceIndex, good: boolean): void {
    const { engine, contents, context } = this.#parts
    const now = context.clock.now()
    const had = engine.have.has(piece)
    if (good && !had) {
      engine.gained(piece, now)
      contents.gained(piece)
    } else if (!good && had) {
      engine.lost(piece, now)
      contents.lost(piece)
    }
  }
}

/** Files without a byte, which no piece brings back. */
function hasEmptyFiles({ geometry }: Metainfo): boolean {
  return geometry.files.some(({ length }) => length === 0)
}
