// A torrent as users see it: every question is handed to the part that knows the answer.

import type { Magnet, Metainfo, PathRules } from '@torrential/metainfo'
import {
  type Bitfield,
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
import type { TorrentData } from './data-reuse.ts'
import type { InboundTorrent } from './inbound-gate.ts'
import { type AddOptions, checkPositive, type MoveOptions } from './options.ts'
import type { Peer } from './peer.ts'
import type { SessionContext } from './session-context.ts'
import type { RestoredEntry } from './state/torrent-memory.ts'
import type { CloseOptions } from './torrent-body.ts'
import type { TorrentEvent, TorrentEventType } from './torrent-events.ts'
import { TorrentFacts } from './torrent-facts.ts'
import type { TorrentFile } from './torrent-file.ts'
import type { TorrentStatus } from './torrent-life.ts'
import { TorrentStages } from './torrent-stages.ts'
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
  readonly #stages: TorrentStages

  /** @internal */
  constructor(setup: TorrentOrigin) {
    const { origin, options } = setup
    super(origin)
    checkPositive('maxDown', options.maxDown)
    checkPositive('maxUp', options.maxUp)
    checkPositive('maxConnections', options.maxConnections)
    this.#stages = new TorrentStages(this, setup, (metainfo) => this.learn(metainfo))
  }

  /** Absolute path of the folder that holds the files; `move` changes it. */
  get path(): string {
    return this.#stages.path
  }

  /** In the torrent's order, without padding; empty without metadata. */
  get files(): readonly TorrentFile[] {
    return this.#stages.body.files
  }

  /** Connected now. */
  get peers(): readonly Peer[] {
    return this.#stages.body.peers
  }

  get trackers(): readonly SwarmTracker[] {
    return this.#stages.body.trackers
  }

  /** The pieces that are verified and written: a copy. Without metadata: of no pieces. */
  get bitfield(): Bitfield {
    return this.#stages.body.bitfield
  }

  get status(): TorrentStatus {
    return this.#stages.body.status
  }

  /** Why the status is `error`: the disk (StorageError), or metadata that cannot be used (InputError). */
  get error(): StorageError | InputError | undefined {
    return this.#stages.body.error
  }

  /** Every piece is here. */
  get isComplete(): boolean {
    return this.#stages.body.isComplete
  }

  /** 0 … 1 of what is wanted; 0 without metadata. */
  get progress(): number {
    const { bytesWanted, bytesLeft } = this.#stages.body.stats
    if (!this.hasMetadata) return 0
    return bytesWanted === 0 ? 1 : Math.max(0, 1 - bytesLeft / bytesWanted)
  }

  /** A snapshot. Bytes of payload uploaded and downloaded include earlier sessions, where a state folder is kept. */
  get stats(): TorrentStats {
    return this.#stages.body.stats
  }

  get downloaded(): number {
    return this.#stages.body.stats.downloaded
  }

  get uploaded(): number {
    return this.#stages.body.stats.uploaded
  }

  /**
   * Resolves after the first check, which needs the metadata. Rejects with InputError `TORRENT_CLOSED` when closed before,
   * and with what is wrong with the metadata.
   */
  get ready(): Promise<void> {
    return this.#stages.body.ready
  }

  /** Resolves when everything wanted is verified and written. Rejects as `ready` does. */
  get done(): Promise<void> {
    return this.#stages.body.done
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxDown(): number {
    return this.#stages.body.maxDown
  }

  set maxDown(rate: number) {
    checkPositive('maxDown', rate)
    this.#stages.body.maxDown = rate
    this.#stages.memory.changed()
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxUp(): number {
    return this.#stages.body.maxUp
  }

  set maxUp(rate: number) {
    checkPositive('maxUp', rate)
    this.#stages.body.maxUp = rate
    this.#stages.memory.changed()
  }

  /** Pieces in order instead of rarest first, from now on. */
  setSequential(on: boolean): void {
    this.#stages.body.setSequential(on)
    this.#stages.memory.decided({ isSequential: on })
  }

  /** Hashes everything on disk again, then goes on as before. @throws InputError `TORRENT_CLOSED` */
  check(): Promise<void> {
    return this.#stages.body.check()
  }

  /** Joins the swarm; after a disk error, tries again. @throws InputError `TORRENT_CLOSED` */
  start(): Promise<void> {
    this.#stages.memory.decided({ isStarted: true })
    return this.#stages.body.start()
  }

  /** Leaves the swarm: connections are closed, trackers told. @throws InputError `TORRENT_CLOSED` */
  stop(): Promise<void> {
    this.#stages.memory.decided({ isStarted: false })
    return this.#stages.body.stop()
  }

  /** Stops data both ways at once; connections stay. */
  pause(): void {
    this.#stages.memory.decided({ isPaused: true })
    this.#stages.body.pause()
  }

  /** Ends a pause; after a disk error, tries again. */
  resume(): void {
    this.#stages.memory.decided({ isPaused: false })
    this.#stages.body.resume()
  }

  /**
   * Moves the files to another folder, which is made when it is missing; seeding and downloading go on. Within a file system each
   * file is renamed, otherwise copied, made durable and removed. When it fails or is aborted, some files are at the new place and
   * all are used where they are; the same call goes on, and with a state folder so does the next start, after a crash too. `check`,
   * `start` and `stop` wait for it. With a state folder, who adds the torrent with its old folder gets it in the new one.
   * @throws StorageError `FILE_EXISTS` before anything was moved; `PATH_OUTSIDE`, `ENOSPC`, `EACCES` …; InputError `STATE_WRITE`,
   * `TORRENT_CLOSED`; the signal's reason
   */
  move(path: string, options: MoveOptions = {}): Promise<void> {
    return this.#stages.move(path, options)
  }

  /**
   * Connects to a peer as soon as there is a place.
   * @throws InputError `ADDRESS_FORMAT`, `ADDRESS_HOST`, `ADDRESS_PORT`
   */
  addPeer(address: string | PeerAddress): void {
    this.#stages.body.addPeer(addressOf(address))
  }

  /** @throws InputError `TRACKER_URL` */
  addTracker(url: string, tier?: number): void {
    this.#stages.body.addTracker(url, tier)
    this.#stages.memory.trackerAdded(url, tier)
  }

  /** Asks the trackers for more peers, as soon as they allow it. */
  announce(): void {
    this.#stages.body.announce()
  }

  /** Subscribes at once; see `TorrentEvent`. Ends when the torrent is closed. */
  events(options?: SubscribeOptions<TorrentEventType>): EventStream<TorrentEvent | LaggedEvent> {
    return this.#stages.hub.subscribe(options)
  }

  /** @internal */
  begin(): void {
    this.#stages.begin()
  }

  /** @internal Another magnet link turned out to be the same torrent, and has its metadata. */
  supersede(error: InputError): void {
    this.#stages.supersede(error)
  }

  /** @internal */
  get inbound(): InboundTorrent {
    return this.#stages.body.inbound
  }

  /** @internal Undefined without metadata. */
  get data(): TorrentData | undefined {
    return this.#stages.assembly?.data
  }

  /** @internal Of each file; empty when nobody has said anything. */
  get priorities(): readonly number[] {
    return this.#stages.assembly?.priorities ?? []
  }

  /** @internal It has no engine and no storage, until somebody needs them. */
  get isResting(): boolean {
    const { assembly } = this.#stages
    return assembly !== undefined && assembly.keeper.awake === undefined
  }

  /** @internal Something is different from what was written down of it. */
  changed(): void {
    this.#stages.memory.changed()
  }

  /** @internal The piece layers of a hybrid magnet link came from peers, the last of them now. */
  completed(metainfo: Metainfo): void {
    this.learn(metainfo)
    this.changed()
  }

  /** @internal */
  warn(error: TorrentialError): void {
    this.#stages.reporter().emit({ type: 'warning', torrent: this, error })
  }

  /** @internal */
  closeAndForget(options: CloseOptions): Promise<void> {
    return this.#stages.close(options)
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
