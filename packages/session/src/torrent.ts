// A torrent as users see it: every question is handed to the part that knows the answer.

import { formatMagnet, type Metainfo, type MetainfoVersion } from '@torrential/metainfo'
import {
  type Bitfield,
  EventHub,
  type EventStream,
  type LaggedEvent,
  parseAddress,
  type PeerAddress,
  peerAddress,
  type StorageError,
  type SubscribeOptions,
  toHex,
} from '@torrential/primitives'
import type { TrackerStatus } from '@torrential/tracker'
import type { InboundTorrent } from './inbound-gate.ts'
import { type AddOptions, checkPositive } from './options.ts'
import type { Peer } from './peer.ts'
import { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { TorrentAssembly } from './torrent-assembly.ts'
import { KEPT_EVENTS, OPT_IN_EVENTS, type TorrentEvent, type TorrentEventType } from './torrent-events.ts'
import type { TorrentFile } from './torrent-file.ts'
import type { TorrentStatus } from './torrent-life.ts'
import type { TorrentStats } from './torrent-stats.ts'

/** Made by `session.add` and `session.seed`. */
export class Torrent implements AsyncDisposable {
  /** What the .torrent says; its byte arrays must not be changed. */
  readonly metainfo: Metainfo
  /** Absolute path of the folder that holds the files. */
  readonly path: string
  /** 40 hexadecimal digits that name the swarm: v1, or v2 cut short (BEP 52). */
  readonly infoHash: string
  readonly #assembly: TorrentAssembly
  readonly #hub = new EventHub<TorrentEvent>({ keep: KEPT_EVENTS, optIn: OPT_IN_EVENTS })

  /** @internal */
  constructor(metainfo: Metainfo, path: string, options: AddOptions, context: SessionContext) {
    checkPositive('maxDown', options.maxDown)
    checkPositive('maxUp', options.maxUp)
    checkPositive('maxConnections', options.maxConnections)
    this.metainfo = metainfo
    this.path = path
    this.infoHash = toHex(metainfo.infoHash)
    const reporter = new Reporter(this, this.#hub, context.hub)
    this.#assembly = new TorrentAssembly({ torrent: this, metainfo, path, reporter, context, options })
  }

  /** Safe name of the file or of the folder of files. */
  get name(): string {
    return this.metainfo.name
  }

  get version(): MetainfoVersion {
    return this.metainfo.version
  }

  /** 40 hexadecimal digits; undefined for a torrent that is v2 only. */
  get infoHashV1(): string | undefined {
    return this.metainfo.infoHashV1 && toHex(this.metainfo.infoHashV1)
  }

  /** 64 hexadecimal digits; undefined for a torrent that is v1 only. */
  get infoHashV2(): string | undefined {
    return this.metainfo.infoHashV2 && toHex(this.metainfo.infoHashV2)
  }

  /** The .torrent, byte for byte. */
  get torrentFile(): Uint8Array {
    return this.metainfo.bytes
  }

  /** A link that names this torrent and its trackers (BEP 9). */
  get magnet(): string {
    const { infoHashV1, infoHashV2, name, trackers, webSeeds } = this.metainfo
    return formatMagnet({
      ...(infoHashV1 && { infoHashV1 }),
      ...(infoHashV2 && { infoHashV2 }),
      name,
      trackers: trackers.flat(),
      webSeeds,
    })
  }

  /** Bytes of all files. */
  get length(): number {
    return this.metainfo.length
  }

  get pieceLength(): number {
    return this.metainfo.geometry.pieceLength
  }

  get pieceCount(): number {
    return this.metainfo.geometry.pieceCount
  }

  /** BEP 27: peers come from the torrent's own trackers only. */
  get private(): boolean {
    return this.metainfo.private
  }

  get comment(): string | undefined {
    return this.metainfo.comment
  }

  get createdBy(): string | undefined {
    return this.metainfo.createdBy
  }

  /** Unix seconds. */
  get creationDate(): number | undefined {
    return this.metainfo.creationDate
  }

  /** In the torrent's order, without padding. */
  get files(): readonly TorrentFile[] {
    return this.#assembly.contents.files
  }

  /** Connected now. */
  get peers(): readonly Peer[] {
    return [...this.#assembly.swarm.driver.connections.values()].map(({ peer }) => peer)
  }

  get trackers(): readonly TrackerStatus[] {
    return this.#assembly.swarm.trackers.trackers
  }

  /** The pieces that are verified and written: a copy. */
  get bitfield(): Bitfield {
    return this.#assembly.engine.have.clone()
  }

  get status(): TorrentStatus {
    return this.#assembly.life.status
  }

  /** Why the status is `error`. */
  get error(): StorageError | undefined {
    return this.#assembly.life.error
  }

  /** Every piece is here. */
  get isComplete(): boolean {
    return this.#assembly.engine.have.isComplete
  }

  /** 0 … 1 of what is wanted. */
  get progress(): number {
    const { bytesWanted, bytesLeft } = this.stats
    return bytesWanted === 0 ? 1 : Math.max(0, 1 - bytesLeft / bytesWanted)
  }

  /** A snapshot. Bytes of payload uploaded and downloaded include earlier sessions, where a state folder is kept. */
  get stats(): TorrentStats {
    const { contents, engine, uploaded, downloaded } = this.#assembly
    const stats = engine.stats
    const { bytesLeft, bytesWanted } = contents
    return {
      downloaded,
      uploaded,
      wasted: stats.wasted,
      downRate: stats.downRate,
      upRate: stats.upRate,
      have: stats.piecesHave,
      of: engine.have.length,
      wanted: stats.piecesWanted,
      bytesWanted,
      bytesLeft,
      peers: stats.peers,
      seeds: stats.seeds,
      eta: bytesLeft > 0 && stats.downRate > 0 ? (bytesLeft / stats.downRate) * 1_000 : undefined,
    }
  }

  get downloaded(): number {
    return this.#assembly.downloaded
  }

  get uploaded(): number {
    return this.#assembly.uploaded
  }

  /** Resolves after the first check. Rejects with InputError `TORRENT_CLOSED` when closed before. */
  get ready(): Promise<void> {
    return this.#assembly.life.ready
  }

  /** Resolves when everything wanted is verified and written. Rejects with InputError `TORRENT_CLOSED` when closed before. */
  get done(): Promise<void> {
    return this.#assembly.life.done
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxDown(): number {
    return this.#assembly.swarm.maxDown
  }

  set maxDown(rate: number) {
    checkPositive('maxDown', rate)
    this.#assembly.swarm.maxDown = rate
  }

  /** Bytes per second, Infinity for no limit; takes effect at once. */
  get maxUp(): number {
    return this.#assembly.swarm.maxUp
  }

  set maxUp(rate: number) {
    checkPositive('maxUp', rate)
    this.#assembly.swarm.maxUp = rate
  }

  /** Pieces in order instead of rarest first, from now on. */
  setSequential(on: boolean): void {
    this.#assembly.setSequential(on)
  }

  /** Hashes everything on disk again, then goes on as before. @throws InputError `TORRENT_CLOSED` */
  check(): Promise<void> {
    return this.#assembly.life.check()
  }

  /** Joins the swarm; after a disk error, tries again. @throws InputError `TORRENT_CLOSED` */
  start(): Promise<void> {
    return this.#assembly.life.start()
  }

  /** Leaves the swarm: connections are closed, trackers told. @throws InputError `TORRENT_CLOSED` */
  stop(): Promise<void> {
    return this.#assembly.life.stop()
  }

  /** Stops data both ways at once; connections stay. */
  pause(): void {
    this.#assembly.life.pause()
  }

  /** Ends a pause; after a disk error, tries again. */
  resume(): void {
    this.#assembly.life.resume()
  }

  /**
   * Connects to a peer as soon as there is a place.
   * @throws InputError `ADDRESS_FORMAT`, `ADDRESS_HOST`, `ADDRESS_PORT`
   */
  addPeer(address: string | PeerAddress): void {
    this.#assembly.swarm.connector.add({ address: addressOf(address), origin: 'user' })
  }

  /** @throws InputError `TRACKER_URL` */
  addTracker(url: string, tier?: number): void {
    this.#assembly.swarm.trackers.addTracker(url, tier)
  }

  /** Asks the trackers for more peers, as soon as they allow it. */
  announce(): void {
    this.#assembly.swarm.trackers.announce()
  }

  /** Subscribes at once; see `TorrentEvent`. Ends when the torrent is closed. */
  events(options?: SubscribeOptions<TorrentEventType>): EventStream<TorrentEvent | LaggedEvent> {
    return this.#hub.subscribe(options)
  }

  /** @internal */
  begin(options: AddOptions, peers: readonly PeerAddress[]): void {
    for (const address of peers) this.#assembly.swarm.connector.add({ address, origin: 'user' })
    this.#assembly.life.begin(options.check === 'full', options.start !== false)
  }

  /** @internal */
  get inbound(): InboundTorrent {
    return this.#assembly.swarm
  }

  /** @internal */
  async closeAndForget(options: { readonly deleteFiles: boolean; readonly forget: boolean }): Promise<void> {
    try {
      await this.#assembly.close(options)
    } finally {
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
