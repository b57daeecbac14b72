// Finds out what a torrent has on disk, before it takes part in anything: from what is remembered where that can be believed, by
// hashing otherwise, in turn with the session's other torrents. Its verdicts go to the engine and to the files; of a torrent that
// is complete and as it was left there are none, and neither an engine is needed to hear them nor a storage.

import type { Metainfo } from '@torrential/metainfo'
import { type PieceIndex, StorageError, type TorrentialError, toHex, withAbort } from '@torrential/primitives'
import { reuseData } from './data-reuse.ts'
import { believe, hashDisk } from './disk-check.ts'
import type { AddOptions } from './options.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import type { FileList } from './file-list.ts'
import type { ResumeKeeper } from './state/resume-keeper.ts'
import type { ResumeFound } from './state/resume-store.ts'
import type { Torrent } from './torrent.ts'
import type { TorrentMover } from './torrent-mover.ts'
import type { TorrentWorks } from './torrent-works.ts'
import type { WorksKeeper } from './works-keeper.ts'

export interface TorrentCheckParts {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly context: SessionContext
  readonly reporter: Reporter
  readonly keeper: WorksKeeper
  readonly files: FileList
  readonly resume: ResumeKeeper
  readonly mover: TorrentMover
  readonly options: AddOptions
}

export class TorrentCheck {
  readonly #parts: TorrentCheckParts
  #isFirst = true

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
    const { metainfo, resume, mover, keeper } = this.#parts
    signal.throwIfAborted()
    await keeper.awake?.swarm.driver.idle()
    await mover.settle(signal)
    const found = await this.#remembered()
    const isAsLeft = found?.isCurrent === true && !full
    if (isAsLeft && found.have.isComplete && !hasEmptyFiles(metainfo) && keeper.rest()) {
      this.#progress(found.have.length, found.have.length, found.have.length)
    } else await this.#look(found, isAsLeft, full, signal)
    if (keeper.isComplete) await this.#dropBlocks()
    if (isAsLeft) {
      resume.adopt(found)
      return
    }
    const saved = resume.save(keeper.works.engine.isFinished)
    // What comes from now on must not go into a journal that may be torn. Without any record, a crash means hashing anyway.
    if (found !== undefined) await saved
  }

  async #look(found: ResumeFound | undefined, isAsLeft: boolean, full: boolean, signal: AbortSignal): Promise<void> {
    const { metainfo, context, keeper } = this.#parts
    const { works } = keeper
    const { storage, engine } = works
    const parts = {
      metainfo,
      storage,
      hashing: context.hashing,
      verdict: (piece: PieceIndex, good: boolean) => this.#verdict(works, piece, good),
      progress: (done: number, of: number) => this.#progress(done, of, engine.have.count),
    }
    if (found === undefined) await this.#reuse(signal)
    if (found === undefined || full) await hashDisk(parts, signal)
    else await believe(parts, found, signal)
    // Nothing to make and nothing to move: the disk is not even looked at before the first read.
    if (!isAsLeft || !engine.have.isComplete || hasEmptyFiles(metainfo)) await storage.prepare({ signal })
    if (!engine.have.isComplete) await works.blocks.load((piece) => !full && found?.doubtful.has(piece) === false)
  }

  /** Blocks of incomplete pieces that a crash left behind after they had been used. */
  async #dropBlocks(): Promise<void> {
    const { metainfo, context, reporter, torrent } = this.#parts
    await context.blocks?.delete(toHex(metainfo.infoHash)).catch((error: TorrentialError) => {
      reporter.emit({ type: 'warning', torrent, error })
    })
  }

  #progress(done: number, of: number, have: number): void {
    const { reporter, torrent } = this.#parts
    reporter.emit({ type: 'checking', torrent, done, of, have })
  }

  /** What others have of it is linked or copied here, where nothing is yet. */
  async #reuse(signal: AbortSignal): Promise<void> {
    const { metainfo, keeper, files, context, reporter, torrent, options } = this.#parts
    const { reuse = 'link' } = options
    if (reuse === false) return
    const sources = Array.from(context.relatives(torrent, metainfo), ({ data }) => data).filter(
      (data) => data !== undefined,
    )
    const failed = (error: StorageError) => reporter.emit({ type: 'warning', torrent, error })
    const reused = (index: number, from: Torrent, method: 'link' | 'copy') => {
      const file = files.at(index)
      if (file !== undefined) reporter.emit({ type: 'file-reused', torrent, file, from, method })
    }
    await reuseData(
      {
        metainfo,
        storage: keeper.works.storage,
        sources,
        method: reuse,
        failed,
        reused: (file, { torrent: from }, how) => reused(file, from, how),
      },
      signal,
    )
  }

  async #remembered(): Promise<ResumeFound | undefined> {
    const { metainfo, reporter, torrent, resume } = this.#parts
    const found = await resume.load()
    if (found === 'damaged') {
      const message = `what was remembered of ${toHex(metainfo.infoHash)} is damaged: its files are hashed`
      reporter.emit({ type: 'warning', torrent, error: new StorageError('STATE_DAMAGED', message) })
      return undefined
    }
    if (found !== undefined && this.#isFirst) this.#parts.keeper.setTotals(found.uploaded, found.downloaded)
    this.#isFirst = false
    return found
  }

  #verdict({ engine, contents }: TorrentWorks, piece: PieceIndex, good: boolean): void {
    const now = this.#parts.context.clock.now()
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
