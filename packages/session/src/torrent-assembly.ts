// Puts a torrent's parts together and wires what one must hear of another: contents (files and pieces), swarm (peers and
// trackers), life (what runs when), resume keeper. The wiring is all there is here; each decision is in a part.

import { type EngineEvent, SwarmEngine } from '@torrential/engine'
import { createVerifier, type FileRange, FileTrees, type Metainfo, withPieceLayers } from '@torrential/metainfo'
import {
  Bitfield,
  InputError,
  type PieceIndex,
  type StorageError,
  type TorrentialError,
  toHex,
} from '@torrential/primitives'
import { type CachedStorage, cached, FileStorage, nodeFileSystem, type StorageObserver } from '@torrential/storage'
import { BlockHasher } from './block-hasher.ts'
import { TorrentData } from './data-reuse.ts'
import type { AddOptions, MoveOptions } from './options.ts'
import type { PeerConnection } from './peer-connection.ts'
import { PeerIntake } from './peer-intake.ts'
import type { PendingLegacy } from './pending-torrent.ts'
import { PieceCommitter } from './piece-committer.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { identityOf } from './swarm-identity.ts'
import { BlockKeeper } from './state/block-keeper.ts'
import { ResumeKeeper } from './state/resume-keeper.ts'
import type { Torrent } from './torrent.ts'
import { TorrentCheck } from './torrent-check.ts'
import { asStorageError, TorrentContents } from './torrent-contents.ts'
import { TorrentLife } from './torrent-life.ts'
import { TorrentMover } from './torrent-mover.ts'
import { TorrentSwarm } from './torrent-swarm.ts'

export interface TorrentSetup {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  /** Absolute folder of the files. */
  readonly path: string
  readonly reporter: Reporter
  readonly context: SessionContext
  readonly options: AddOptions
  /** What was met while only a magnet link was known. */
  readonly legacy?: PendingLegacy
  /** The piece layers of a hybrid magnet link came from peers, the last of them now. */
  readonly completed?: (metainfo: Metainfo) => void
  /** A file has another priority. */
  readonly prioritized: () => void
  /** The files to download (BEP 53), unless the options select; empty or absent means all. */
  readonly ranges?: readonly FileRange[]
}

export class TorrentAssembly {
  readonly engine: SwarmEngine
  readonly storage: FileStorage
  readonly contents: TorrentContents
  readonly intake: PeerIntake
  readonly swarm: TorrentSwarm
  readonly life: TorrentLife
  readonly resume: ResumeKeeper
  readonly mover: TorrentMover
  /** For torrents that have files in common with this one. */
  readonly data: TorrentData
  /** What earlier sessions moved. */
  uploadedBefore = 0
  downloadedBefore = 0
  readonly #setup: TorrentSetup
  readonly #trees: FileTrees | undefined
  readonly #cached: CachedStorage
  readonly #blocks: BlockKeeper

  constructor(setup: TorrentSetup) {
    this.#setup = setup
    const { metainfo, context, options, path, reporter, torrent, legacy, ranges = [] } = setup
    const { geometry, infoBytes, trackers: tiers } = metainfo
    const identity = identityOf(metainfo)
    const { clock, random, credit } = context
    const wanted = wantedBy(metainfo, options, ranges)
    this.intake = legacy?.intake ?? new PeerIntake({ torrent, identity, tiers, reporter, context }, options)
    legacy?.intake.learn(identity)
    // Like libtorrent: who has no .torrent of a private torrent is not meant to get it from peers.
    const metadata = metainfo.private ? {} : { metadata: infoBytes }
    const trees = metainfo.version === 'v1' ? undefined : new FileTrees(metainfo)
    this.#trees = trees
    const have = new Bitfield(geometry.pieceCount)
    this.engine = new SwarmEngine(
      { geometry, have, infoHash: metainfo.infoHash, random, credit, ...metadata, ...(trees && { trees }) },
      { listenPort: context.port(), ...(options.sequential === true && { sequential: true }) },
    )
    this.storage = new FileStorage(
      { geometry, files: metainfo.files, handles: context.handles },
      { path, wanted, partFile: `.${toHex(metainfo.infoHash)}.parts`, observer: this.#observer() },
    )
    const subject = {
      metainfo,
      infoHash: toHex(metainfo.infoHash),
      locate: (file: number) => this.storage.pathOf(file),
    }
    const warn = (error: TorrentialError) => reporter.emit({ type: 'warning', torrent, error })
    this.#blocks = new BlockKeeper({ store: context.blocks, engine: this.engine, clock, subject, warn })
    this.resume = new ResumeKeeper({
      store: context.resume,
      clock,
      subject,
      have: this.engine.have,
      totals: () => ({ uploaded: this.uploaded, downloaded: this.downloaded }),
      flush: async () => {
        await Promise.all([this.storage.flush(), this.#blocks.saveOld()])
      },
      warn,
    })
    const storage = cached(this.storage, geometry, { budget: context.readCache, slabs: context.slabs })
    this.#cached = storage
    const committer = new PieceCommitter({
      geometry,
      storage,
      verifier: createVerifier(metainfo),
      turns: context.writes,
      writing: () => this.resume.writing(),
    })
    this.contents = new TorrentContents(
      {
        metainfo,
        engine: this.engine,
        clock,
        storage,
        setWanted: async (file, want) => {
          // Bytes may move out of the part file, and a record may be written meanwhile.
          this.resume.changed()
          await this.storage.setWanted(file, want).finally(() => this.resume.changed())
        },
        pump: () => this.#pump(),
        awaited: () => this.intake.reconsider(),
        failed: (error) => this.life.fail(asStorageError(error), 'read'),
        pathOf: (file) => this.storage.relativePathOf(file),
        rename: (file, name, moving) => this.#relocate(moving, (all) => this.mover.rename(file, name, all)),
        prioritized: setup.prioritized,
      },
      wanted,
    )
    this.mover = new TorrentMover({
      torrent,
      metainfo,
      infoHash: toHex(metainfo.infoHash),
      storage: this.storage,
      reporter,
      rules: options.paths ?? 'portable',
      state: context.resume?.files,
      fileAt: (file) => this.contents.fileAt(file),
    })
    this.data = new TorrentData(torrent, metainfo, this.storage, this.contents)
    this.life = this.#createLife()
    this.swarm = new TorrentSwarm(
      {
        intake: this.intake,
        inherited: legacy?.dialed ?? [],
        metainfo,
        engine: this.engine,
        storage,
        committer,
        hasher: trees && new BlockHasher(trees, storage),
        reporter,
        context,
        progress: () => ({ uploaded: this.uploaded, downloaded: this.downloaded, left: this.contents.bytesMissing }),
        events: {
          pieceCommitted: (piece) => this.#committed(piece),
          pieceRejected: (piece) => reporter.emit({ type: 'piece-failed', torrent, piece }),
          storageFailed: (error, piece, during) => this.#storageFailed(error, piece, during),
          engineEvent: (event, connection) => this.#engineEvent(event, connection),
        },
      },
      options,
    )
    for (const address of legacy?.banned ?? []) this.engine.ban(address, clock.now())
  }

  get uploaded(): number {
    return this.uploadedBefore + this.engine.stats.uploaded
  }

  get downloaded(): number {
    return this.downloadedBefore + this.engine.stats.downloaded
  }

  setSequential(on: boolean): void {
    this.engine.setSequential(on, this.#setup.context.clock.now())
    this.#pump()
  }

  /** Ends the torrent; `forget` removes its resume record, `deleteFiles` what it wrote. @throws StorageError */
  async close(options: { readonly deleteFiles: boolean; readonly forget: boolean }): Promise<void> {
    await this.life.close()
    if (options.forget) {
      await this.resume.forget()
      await this.mover.forget()
      await this.#blocks.forget()
    }
    if (options.deleteFiles) await this.storage.deleteFiles()
  }

  /** @throws as `Torrent.move` */
  move(path: string, options: MoveOptions): Promise<void> {
    return this.#relocate(options, (all) => this.mover.move(path, all))
  }

  async #relocate(
    options: MoveOptions,
    work: (options: MoveOptions & { readonly signal: AbortSignal }) => Promise<void>,
  ): Promise<void> {
    await this.life.between(async (closing) => {
      const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal])
      signal.throwIfAborted()
      // What is written down of the files is made anew once they are elsewhere.
      await work({ ...options, signal }).finally(() => this.resume.changed())
    })
  }

  /** The engine's inputs were changed from outside a connection: let it act. */
  #pump(): void {
    this.swarm.driver.pump()
    if (!this.engine.stats.isFinished) this.intake.reconsider()
    this.life.finished()
  }

  #committed(piece: PieceIndex): void {
    const { reporter, torrent } = this.#setup
    const { have } = this.engine
    reporter.piece(piece, have.count, have.length)
    for (const file of this.contents.gained(piece)) reporter.emit({ type: 'file-complete', torrent, file })
    this.resume.gained(piece)
    this.life.worked()
  }

  #storageFailed(error: StorageError, piece: PieceIndex, during: 'read' | 'write'): void {
    if (during === 'read' && this.engine.have.has(piece)) {
      this.engine.lost(piece, this.#setup.context.clock.now())
      this.contents.lost(piece)
      this.resume.lost(piece)
    }
    this.life.fail(error, during)
  }

  #engineEvent(event: EngineEvent, connection: PeerConnection | undefined): void {
    if (event.type === 'block') return this.contents.arrived(event.piece, event.offset, event.block)
    this.#setup.reporter.peerState(event, connection)
    if (event.type === 'extension-handshake' && connection !== undefined) {
      this.swarm.listensAt(connection, event.listenPort)
    }
    if (event.type !== 'finished') this.resume.touch()
    if (event.type === 'piece-layer') this.#layerCame()
    if (event.type !== 'finished' || this.life.isChecking) return
    if (this.engine.have.isComplete) this.intake.trackers.completed()
    this.life.finished()
    void this.resume.save(true)
  }

  #layerCame(): void {
    const { metainfo, completed } = this.#setup
    if (this.#trees?.incomplete.length === 0) completed?.(withPieceLayers(metainfo, this.#trees.pieceLayers))
  }

  #createLife(): TorrentLife {
    const { torrent, metainfo, context, reporter, options } = this.#setup
    const { engine, storage, contents, resume, mover } = this
    const check = new TorrentCheck({
      torrent,
      metainfo,
      context,
      reporter,
      engine,
      storage,
      contents,
      resume,
      mover,
      blocks: this.#blocks,
      reuse: options.reuse ?? 'link',
      idle: () => this.swarm.driver.idle(),
      totals: (uploaded, downloaded) => {
        this.uploadedBefore = uploaded
        this.downloadedBefore = downloaded
      },
    })
    return new TorrentLife(
      {
        check: (full, signal) => check.run(full, signal),
        join: () => this.swarm.start(),
        leave: () => this.swarm.stop(),
        setDataPaused: (paused) => this.swarm.driver.setPaused(paused),
        release: () => this.#release(),
        isFinished: () => this.engine.stats.isFinished,
        tell: (type) => {
          if (type === 'ready') {
            reporter.emit({ type, torrent, have: this.engine.have.count, of: this.engine.have.length })
          } else reporter.emit({ type, torrent })
        },
        tellError: (error) => reporter.emit({ type: 'error', torrent, error }),
        isStillMissing: async ({ code, path }) =>
          code === 'FILE_MISSING' && path !== undefined && !(await isThere(path)),
        asStorageError,
      },
      this.#setup.context.clock,
    )
  }

  async #release(): Promise<void> {
    const { context, torrent } = this.#setup
    this.contents.close(new InputError('TORRENT_CLOSED', 'the torrent was removed, or its session closed'))
    // What is being written is finished first: a record made before would not fit the files a moment later.
    this.swarm.driver.setPaused(true)
    await this.swarm.driver.idle()
    await this.#blocks.save()
    await this.resume.close()
    this.swarm.driver[Symbol.dispose]()
    // With it the storage; what it holds makes room for other torrents.
    await Promise.resolve(this.#cached[Symbol.asyncDispose]()).catch(() => {})
    context.forget(torrent)
  }

  /** Hooks for the opt-in events only: without a reader they cost a set lookup. */
  #observer(): StorageObserver {
    const { reporter, torrent } = this.#setup
    const handle = (type: 'file-opened' | 'file-closed', index: number) => {
      const file = reporter.wants(type) ? this.contents.fileAt(index) : undefined
      if (file !== undefined) reporter.emit({ type, torrent, file })
    }
    const bytesMoved = (type: 'file-read' | 'file-written', index: number, bytes: number) => {
      const file = reporter.wants(type) ? this.contents.fileAt(index) : undefined
      if (file !== undefined) reporter.emit({ type, torrent, file, bytes })
    }
    return {
      opened: (file) => handle('file-opened', file),
      closed: (file) => handle('file-closed', file),
      read: (file, bytes) => bytesMoved('file-read', file, bytes),
      written: (file, bytes) => bytesMoved('file-written', file, bytes),
      ignored: (error) => reporter.emit({ type: 'warning', torrent, error }),
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return nodeFileSystem.stat(path).then(
    () => true,
    () => false,
  )
}

function wantedBy(metainfo: Metainfo, options: AddOptions, ranges: readonly FileRange[]): (file: number) => boolean {
  const { select } = options
  if (select === undefined) {
    return (file) => ranges.length === 0 || ranges.some(({ start, end }) => file >= start && file < end)
  }
  let index = 0
  const wanted = metainfo.files.map(({ pad, path, length }) => !pad && select({ path, length, index: index++ }))
  return (file) => wanted[file] === true
}
