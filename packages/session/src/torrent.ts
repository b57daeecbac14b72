// A torrent as users see it: every question is handed to the part that knows the answer.

import { resolve } from 'node:path'
import type { Magnet, Metainfo, PathRules } from '@torrential/metainfo'
import {
  type Bitfield,
  EventHub,
  type EventStream,
  type InputError,
  type LaggedEvent,
  parseAddress,
  type PeerAddress,
  peerAddress,
  type StorageError,
  type SubscribeOptions,
  type TorrentialError,
} from '@torrential/primitives'
import { ActiveTorrent } from './active-torrent.ts'
import type { TorrentData } from './data-reuse.ts'
import type { InboundTorrent } from './inbound-gate.ts'
import { type AddOptions, checkPositive, type MoveOptions } from './options.ts'
import { isMetainfo } from './load-source.ts'
import type { Peer } from './peer.ts'
import { type PendingLegacy, PendingTorrent } from './pending-torrent.ts'
import { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { type RestoredEntry, TorrentMemory } from './state/torrent-memory.ts'
import { TorrentAssembly } from './torrent-assembly.ts'
import type { TorrentBody } from './torrent-body.ts'
import { KEPT_EVENTS, OPT_IN_EVENTS, type TorrentEvent, type TorrentEventType } from './torrent-events.ts'
import { TorrentFacts } from './torrent-facts.ts'
import type { TorrentFile } from './torrent-file.ts'
import type { TorrentStatus } from './torrent-life.ts'
import type { TorrentStats } from './torrent-stats.ts'
import type { SwarmTracker } from './tracker-link.ts'

/** @internal */
export interface TorrentOrigin {
  readonly origin: Metainfo | Magnet
  readonly path: string
  readonly options: AddOptions
  readonly context: SessionContext
  /** Known to the user. */
  readonly peers: readonly PeerAddress[]
  /** By which names on disk were made; absent of a torrent that came parsed. */
  readonly paths?: PathRules | undefined
  /** What it is made of again. */
  readonly restored?: RestoredEntry | undefined
}

/** Made by `session.add` and `session.seed`. */
export class Torrent extends TorrentFacts implements AsyncDisposable {
  readonly #hub = new EventHub<TorrentEvent>({ keep: KEPT_EVENTS, optIn: OPT_IN_EVENTS })
  readonly #origin: Metainfo | Magnet
  readonly #context: SessionContext
  readonly #options: AddOptions
  readonly #memory: TorrentMemory
  #body: TorrentBody
  #assembly: TorrentAssembly | undefined
  /** While there are no files. */
  #path: string

  /** @internal */
  constructor(setup: TorrentOrigin) {
    const { origin, path, options, context, peers, paths, restored } = setup
    super(origin)
    checkPositive('maxDown', options.maxDown)
    checkPositive('maxUp', options.maxUp)
    checkPositive('maxConnections', options.maxConnections)
    this.#path = path
    this.#origin = origin
    this.#context = context
    this.#options = options
    if (isMetainfo(origin)) {
      this.#body = new ActiveTorrent(this.#assemble(origin, options))
    } else {
      const reporter = this.#reporter()
      const known = (metainfo: Metainfo, legacy: PendingLegacy) => this.#become(metainfo, legacy)
      this.#body = new PendingTorrent({ torrent: this, magnet: origin, reporter, context, options, known })
    }
    const magnet = isMetainfo(origin) ? undefined : origin
    this.#memory = new TorrentMemory(
      { entries: context.entries, torrent: this, magnet, options, peers },
      paths,
      restored,
    )
  }

  /** Absolute path of the folder that holds the files; `move` changes it. */
  get path(): string {
    return this.#assembly?.path ?? this.#path
  }

  /** In the torrent's order, without padding; empty without metadata. */
  get files(): readonly TorrentFile[] {
    return this.#body.files
  }

  /** Connected now. */
  get peers(): readonly Peer[] {
    return this.#body.peers
  }

  get trackers(): readonly SwarmTracker[] {
    return this.#body.trackers
  }

  /** The pieces that are verified and written: a copy. Without metadata: of no pieces. */
  get bitfield(): Bitfield {
    return this.#body.bitfield
  }

  get status(): TorrentStatus {
    return this.#body.status
  }

  /** Why the status is `error`: the disk (StorageError), or metadata that cannot be used (InputError). */
  get error(): StorageError | InputError | undefined {
    return this.#body.error
  }

  /** Every piece is here. */
  get isComplete(): boolean {
    return this.#body.isComplete
  }

  /** 0 … 1 of what is wanted; 0 without metadata. */
  get progress(): number {
    const { bytesWanted, bytesLeft } = this.#body.stats
    if (!this.hasMetadata) return 0
    return bytesWanted === 0 ? 1 : Math.max(0, 1 - bytesLeft / bytesWanted)
  }

  /** A snapshot. Bytes of payload uploaded and downloaded include earlier sessions, where a state folder is kept. */
  get stats(): TorrentStats {
    return this.#body.stats
  }

  get downloaded(): number {
    return this.#body.stats.downloaded
  }

  get uploaded(): number {
    return this.#body.stats.uploaded
  }

  /**
   * Resolves after the first check, which needs the metadata. Rejects with InputError `TORRENT_CLOSED` when closed before,
   * and with what is wrong with the metadata.
   */
  get ready(): Promise<void> {
    return this.#body.ready
  }

  /** Resolves when everything wanted is verified and written. Rejects as `ready` does. */
  get done(): Promise<void> {
    return this.#body.done
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxDown(): number {
    return this.#body.maxDown
  }

  set maxDown(rate: number) {
    checkPositive('maxDown', rate)
    this.#body.maxDown = rate
    this.#memory.changed()
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxUp(): number {
    return this.#body.maxUp
  }

  set maxUp(rate: number) {
    checkPositive('maxUp', rate)
    this.#body.maxUp = rate
    this.#memory.changed()
  }

  /** Pieces in order instead of rarest first, from now on. */
  setSequential(on: boolean): void {
    this.#body.setSequential(on)
    this.#memory.decided({ isSequential: on })
  }

  /** Hashes everything on disk again, then goes on as before. @throws InputError `TORRENT_CLOSED` */
  check(): Promise<void> {
    return this.#body.check()
  }

  /** Joins the swarm; after a disk error, tries again. @throws InputError `TORRENT_CLOSED` */
  start(): Promise<void> {
    this.#memory.decided({ isStarted: true })
    return this.#body.start()
  }

  /** Leaves the swarm: connections are closed, trackers told. @throws InputError `TORRENT_CLOSED` */
  stop(): Promise<void> {
    this.#memory.decided({ isStarted: false })
    return this.#body.stop()
  }

  /** Stops data both ways at once; connections stay. */
  pause(): void {
    this.#memory.decided({ isPaused: true })
    this.#body.pause()
  }

  /** Ends a pause; after a disk error, tries again. */
  resume(): void {
    this.#memory.decided({ isPaused: false })
    this.#body.resume()
  }

  /**
   * Moves the files to another folder, which is made when it is missing; seeding and downloading go on. Within a file system each
   * file is renamed, otherwise copied, made durable and removed. When it fails or is aborted, some files are at the new place and
   * all are used where they are; the same call goes on, and with a state folder so does the next start, after a crash too. `check`,
   * `start` and `stop` wait for it. With a state folder, who adds the torrent with its old folder gets it in the new one.
   * @throws StorageError `FILE_EXISTS` before anything was moved; `PATH_OUTSIDE`, `ENOSPC`, `EACCES` …; InputError `STATE_WRITE`,
   * `TORRENT_CLOSED`; the signal's reason
   */
  async move(path: string, options: MoveOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    const body = this.#body
    try {
      await body.move(path, options)
    } finally {
      this.#memory.changed()
    }
    // The metadata came meanwhile.
    if (body !== this.#body) return this.move(path, options)
    if (this.#assembly !== undefined || this.#path === resolve(path)) return
    const from = this.#path
    this.#path = resolve(path)
    this.#reporter().emit({ type: 'moved', torrent: this, from, to: this.#path })
  }

  /**
   * Connects to a peer as soon as there is a place.
   * @throws InputError `ADDRESS_FORMAT`, `ADDRESS_HOST`, `ADDRESS_PORT`
   */
  addPeer(address: string | PeerAddress): void {
    this.#body.addPeer(addressOf(address))
  }

  /** @throws InputError `TRACKER_URL` */
  addTracker(url: string, tier?: number): void {
    this.#body.addTracker(url, tier)
    this.#memory.trackerAdded(url, tier)
  }

  /** Asks the trackers for more peers, as soon as they allow it. */
  announce(): void {
    this.#body.announce()
  }

  /** Subscribes at once; see `TorrentEvent`. Ends when the torrent is closed. */
  events(options?: SubscribeOptions<TorrentEventType>): EventStream<TorrentEvent | LaggedEvent> {
    return this.#hub.subscribe(options)
  }

  /** @internal */
  begin(): void {
    const { peers, isPaused } = this.#memory
    for (const address of peers) this.#body.addPeer(address)
    const { check, start = true } = this.#options
    if (this.#body instanceof PendingTorrent) this.#body.begin(start, isPaused)
    else this.#assembly?.life.begin(check === 'full', start, isPaused)
  }

  /** @internal Another magnet link turned out to be the same torrent, and has its metadata. */
  supersede(error: InputError): void {
    if (this.#body instanceof PendingTorrent) this.#body.giveUp(error)
  }

  /** @internal */
  get inbound(): InboundTorrent {
    return this.#body.inbound
  }

  /** @internal Undefined without metadata. */
  get data(): TorrentData | undefined {
    return this.#assembly?.data
  }

  /** @internal Of each file; empty when nobody has said anything. */
  get priorities(): readonly number[] {
    return this.#assembly?.priorities ?? []
  }

  /** @internal It has no engine and no storage, until somebody needs them. */
  get isResting(): boolean {
    return this.#assembly !== undefined && this.#assembly.keeper.awake === undefined
  }

  /** @internal Something is different from what was written down of it. */
  changed(): void {
    this.#memory.changed()
  }

  /** @internal The piece layers of a hybrid magnet link came from peers, the last of them now. */
  completed(metainfo: Metainfo): void {
    this.learn(metainfo)
    this.changed()
  }

  /** @internal */
  warn(error: TorrentialError): void {
    this.#reporter().emit({ type: 'warning', torrent: this, error })
  }

  #reporter(): Reporter {
    return new Reporter(this, this.#hub, this.#context.hub)
  }

  #assemble(metainfo: Metainfo, options: AddOptions, legacy?: PendingLegacy): TorrentAssembly {
    const origin = this.#origin
    this.#assembly = new TorrentAssembly({
      torrent: this,
      metainfo,
      path: this.path,
      reporter: this.#reporter(),
      context: this.#context,
      options,
      legacy,
      ranges: isMetainfo(origin) ? undefined : origin.select,
    })
    return this.#assembly
  }

  /** The metadata of a magnet link is here. @throws InputError `TORRENT_DUPLICATE`, `TORRENT_PIECE_LAYER` */
  #become(metainfo: Metainfo, legacy: PendingLegacy): void {
    const pending = this.#body
    this.#context.learned(this, metainfo)
    const assembly = this.#assemble(metainfo, legacy.options, legacy)
    const active = new ActiveTorrent(assembly)
    this.learn(metainfo)
    this.#body = active
    if (pending instanceof PendingTorrent) pending.follow(active)
    this.#memory.changed()
    this.#reporter().emit({ type: 'metadata', torrent: this })
    assembly.life.begin(legacy.options.check === 'full', true, legacy.isPaused)
  }

  /** @internal */
  async closeAndForget(options: { readonly deleteFiles: boolean; readonly forget: boolean }): Promise<void> {
    const released = this.#memory.release(options.forget)
    try {
      await this.#body.close(options)
    } finally {
      await released
      this.#hub.close()
    }
  }

  /** Leaves the session: the same as `session.remove(torrent)`, except that the resume record stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAndForget({ deleteFiles: false, forget: false })
  }
}

/** @throws InputError `ADDRESS_FORMAT`, `ADDRESS_HOST`, `ADDRESS_PORT` */
export function addressOf(address: string | PeerAddress): PeerAddress {
  return typeof address === 'string' ? parseAddress(address) : peerAddress(address.host, address.port)
}
