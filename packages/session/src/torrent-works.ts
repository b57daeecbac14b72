// What it takes to move a torrent's data: engine, storage, contents, swarm. Made when somebody needs it – a peer, a reader, a
// check, a move – and let go of when nobody has for a while (see torrent-assembly.ts). What must outlive that is not here.
// Wires what one part must hear of another; each decision is in a part.

import { type EngineEvent, SwarmEngine } from '@torrential/engine'
import { createVerifier, FileTrees, withPieceLayers } from '@torrential/metainfo'
import {
  type Bitfield,
  type PeerAddress,
  type PieceIndex,
  type StorageError,
  type TorrentialError,
  toHex,
} from '@torrential/primitives'
import { MESSAGE_FRAME } from './message-frame.ts'
import {
  type CachedStorage,
  cached,
  FileStorage,
  type StorageObserver,
  type StoredFileStatus,
} from '@torrential/storage'
import { BlockHasher } from './block-hasher.ts'
import type { Dialed } from './dialer.ts'
import type { PeerConnection } from './peer-connection.ts'
import { PieceCommitter } from './piece-committer.ts'
import { BlockKeeper } from './state/block-keeper.ts'
import { asStorageError, TorrentContents } from './torrent-contents.ts'
import { TorrentSwarm } from './torrent-swarm.ts'
import type { WorksHost } from './works-host.ts'

/** With what the parts begin. */
export interface WorksStart {
  readonly have: Bitfield
  /** Absolute folder of the files, and those of them that have other names. */
  readonly path: string
  readonly renamed: ReadonlyMap<number, string>
  /** By the index in the metainfo. */
  readonly wanted: (file: number) => boolean
  /** Connections, each with its place, that were made before. */
  readonly inherited: readonly Dialed[]
  readonly banned: readonly PeerAddress[]
}

export class TorrentWorks {
  readonly engine: SwarmEngine
  readonly storage: FileStorage
  readonly contents: TorrentContents
  readonly swarm: TorrentSwarm
  readonly blocks: BlockKeeper
  readonly #host: WorksHost
  readonly #trees: FileTrees | undefined
  readonly #cached: CachedStorage

  constructor(host: WorksHost, start: WorksStart) {
    this.#host = host
    const { metainfo, context, options, subject } = host
    const { geometry, infoBytes } = metainfo
    const { clock, random, credit } = context
    const { have, path, renamed, wanted, inherited, banned } = start
    // Like libtorrent: who has no .torrent of a private torrent is not meant to get it from peers.
    const metadata = metainfo.private ? {} : { metadata: infoBytes }
    const trees = metainfo.version === 'v1' ? undefined : new FileTrees(metainfo)
    this.#trees = trees
    const engine = new SwarmEngine(
      { geometry, have, infoHash: metainfo.infoHash, random, credit, ...metadata, ...(trees && { trees }) },
      { listenPort: context.port(), ...(options.sequential === true && { sequential: true }) },
    )
    this.engine = engine
    const files = new FileStorage(
      { geometry, files: metainfo.files, handles: context.handles },
      { path, wanted, partFile: `.${toHex(metainfo.infoHash)}.parts`, observer: this.#observer() },
    )
    if (renamed.size > 0) files.arrange(path, renamed)
    this.storage = files
    const warn = (error: TorrentialError) => host.reporter.emit({ type: 'warning', torrent: host.torrent, error })
    this.blocks = new BlockKeeper({
      store: context.blocks,
      engine,
      clock,
      subject,
      sizeOf: (file) =>
        files.status(file).then(
          (status) => status?.size ?? 0,
          () => 0,
        ),
      warn,
    })
    const storage = cached(files, geometry, { budget: context.readCache, slabs: context.slabs, frame: MESSAGE_FRAME })
    this.#cached = storage
    const committer = new PieceCommitter({
      geometry,
      storage,
      verifier: createVerifier(metainfo),
      hashers: context.pieceHashing,
      turns: context.writes,
      wait: (bytes) => context.credit.wait(bytes),
      writing: () => host.resume.writing(),
      room: () => host.resume.room(),
    })
    this.contents = new TorrentContents(
      {
        metainfo,
        engine,
        clock,
        storage,
        setWanted: (file, want) => this.#setWanted(file, want),
        pump: () => this.pump(),
        awaited: () => host.intake.reconsider(),
        failed: (error) => host.life.fail(asStorageError(error), 'read'),
        unread: () => host.unused(),
      },
      wanted,
    )
    this.swarm = new TorrentSwarm(
      {
        intake: host.intake,
        inherited,
        metainfo,
        engine,
        storage,
        committer,
        hasher: trees && new BlockHasher(trees, storage),
        reporter: host.reporter,
        context,
        progress: () => host.progress,
        events: {
          pieceCommitted: (piece) => this.#committed(piece),
          pieceRejected: (piece) => {
            this.blocks.settled(piece)
            host.reporter.emit({ type: 'piece-failed', torrent: host.torrent, piece })
          },
          storageFailed: (error, piece, during) => this.#storageFailed(error, piece, during),
          engineEvent: (event, connection) => this.#engineEvent(event, connection),
          left: () => host.unused(),
        },
      },
      options,
    )
    for (const address of banned) engine.ban(address, clock.now())
  }

  /** Nobody is connected, reads, writes or waits, and nothing is known here that a new one would not know. */
  get isUnused(): boolean {
    const { engine, swarm, contents } = this
    if (!engine.have.isComplete || engine.hasBans || !swarm.driver.isAtRest) return false
    return contents.isUntouched && (this.#trees === undefined || this.#trees.incomplete.length === 0)
  }

  /** The engine's inputs were changed from outside a connection: let it act. */
  pump(): void {
    this.swarm.driver.pump()
    if (!this.engine.isFinished) this.#host.intake.reconsider()
    this.#host.life.finished()
  }

  /** Resolves with how files looked then, as far as that is known. */
  async flush(): Promise<ReadonlyMap<number, StoredFileStatus>> {
    // What is kept says of most of what has been written that it is there: after a power cut as well.
    const looks = await this.storage.flushAndLook()
    await this.blocks.saveOld()
    return looks
  }

  /** Gives back everything. Never rejects. */
  async release(): Promise<void> {
    this.swarm.driver[Symbol.dispose]()
    // With it the storage; what it holds makes room for other torrents.
    await Promise.resolve(this.#cached[Symbol.asyncDispose]()).catch(() => {})
  }

  async #setWanted(file: number, want: boolean): Promise<void> {
    const { resume } = this.#host
    // Bytes may move out of the part file, and a record may be written meanwhile.
    resume.changed()
    await this.storage.setWanted(file, want).finally(() => resume.changed())
  }

  #committed(piece: PieceIndex): void {
    const { reporter, torrent, resume, life, files } = this.#host
    const { have } = this.engine
    reporter.piece(piece, have.count, have.length)
    for (const index of this.contents.gained(piece)) {
      const file = files.at(index)
      if (file !== undefined) reporter.emit({ type: 'file-complete', torrent, file })
    }
    resume.gained(piece)
    this.blocks.settled(piece)
    life.worked()
  }

  #storageFailed(error: StorageError, piece: PieceIndex, during: 'read' | 'write'): void {
    const { resume, life, context } = this.#host
    if (during === 'read' && this.engine.have.has(piece)) {
      this.engine.lost(piece, context.clock.now())
      this.contents.lost(piece)
      resume.lost(piece)
    }
    life.fail(error, during)
  }

  #engineEvent(event: EngineEvent, connection: PeerConnection | undefined): void {
    const { reporter, resume, life, intake } = this.#host
    if (event.type === 'block') return this.contents.arrived(event.piece, event.offset, event.block)
    reporter.peerState(event, connection)
    if (event.type === 'extension-handshake' && connection !== undefined) {
      this.swarm.listensAt(connection, event.listenPort)
    }
    if (event.type !== 'finished') resume.touch()
    if (event.type === 'piece-layer') this.#layerCame()
    if (event.type !== 'finished' || life.isChecking) return
    if (this.engine.have.isComplete) intake.trackers.completed()
    life.finished()
    void resume.save(true)
  }

  #layerCame(): void {
    const { metainfo, torrent } = this.#host
    if (this.#trees?.incomplete.length === 0) torrent.completed(withPieceLayers(metainfo, this.#trees.pieceLayers))
  }

  /** Hooks for the opt-in events only: without a reader they cost a set lookup. */
  #observer(): StorageObserver {
    const { reporter, torrent } = this.#host
    const handle = (type: 'file-opened' | 'file-closed', index: number) => {
      const file = reporter.wants(type) ? this.#host.files.at(index) : undefined
      if (file !== undefined) reporter.emit({ type, torrent, file })
    }
    const bytesMoved = (type: 'file-read' | 'file-written', index: number, bytes: number) => {
      const file = reporter.wants(type) ? this.#host.files.at(index) : undefined
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
