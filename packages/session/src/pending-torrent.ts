// The body of a torrent of which only the infohash is known (BEP 9): it joins the swarm to fetch the info dictionary, and
// hands everything that it has met to the torrent that comes of it. Of a v2 torrent the info dictionary is not all: without the
// piece layers of its longer files nothing could be verified, and they come from the same peers (BEP 52). Starting and
// stopping run one behind the other.
//
// Pausing does not stop the fetch: metadata is no data. It is how to choose files first and download then.

import type { Magnet, Metainfo } from '@torrential/metainfo'
import { Bitfield, InputError, type PeerAddress, PeerError } from '@torrential/primitives'
import type { TorrentialError } from '@torrential/primitives'
import { deferred } from './deferred.ts'
import type { Dialed } from './dialer.ts'
import { asInputError, fromInfo } from './magnet-metainfo.ts'
import { MetadataPhase } from './metadata-phase.ts'
import { NamedPeerLookup } from './named-peer-lookup.ts'
import { type AddOptions, checkPositive } from './options.ts'
import type { Peer } from './peer.ts'
import { PeerIntake } from './peer-intake.ts'
import { identityOf } from './swarm-identity.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { torrentStopped } from './torrent-stopped.ts'
import type { Torrent } from './torrent.ts'
import type { CloseOptions, TorrentBody } from './torrent-body.ts'
import type { TorrentStatus } from './torrent-life.ts'
import { type TorrentStats, UNKNOWN_STATS } from './torrent-stats.ts'
import type { SwarmTracker } from './tracker-link.ts'

export interface PendingTorrentParts {
  readonly torrent: Torrent
  readonly magnet: Magnet
  readonly reporter: Reporter
  readonly context: SessionContext
  readonly options: AddOptions
  /**
   * The metadata is here: what goes on with it, and with what was met on the way.
   * @throws InputError when the torrent cannot be used
   */
  readonly known: (metainfo: Metainfo, legacy: PendingLegacy) => void
}

/** What a torrent takes over from the time when its metadata was not known. */
export interface PendingLegacy {
  readonly intake: PeerIntake
  readonly banned: readonly PeerAddress[]
  /** Open connections, each with its place in the intake. */
  readonly dialed: readonly Dialed[]
  readonly options: AddOptions
  readonly isPaused: boolean
}

export class PendingTorrent implements TorrentBody {
  readonly files = []
  readonly isComplete = false
  readonly inbound: PeerIntake
  readonly #parts: PendingTorrentParts
  readonly #phase: MetadataPhase
  readonly #lookup: NamedPeerLookup
  readonly #ready = deferred<void>()
  readonly #done = deferred<void>()
  #options: AddOptions
  #state: 'fetching' | 'stopped' | 'failed' | 'known' | 'closed' = 'stopped'
  #error: InputError | undefined
  #isPaused = false
  #infoBytes: Uint8Array = new Uint8Array()
  #steps: Promise<void> = Promise.resolve()

  /** @throws InputError `TRACKER_URL` */
  constructor(parts: PendingTorrentParts) {
    this.#parts = parts
    const { torrent, magnet, reporter, context, options } = parts
    this.#options = options
    const { infoHashV1, infoHashV2 } = magnet
    const tiers = magnet.trackers.length > 0 ? [magnet.trackers] : []
    this.inbound = new PeerIntake({ torrent, identity: identityOf(magnet), tiers, reporter, context }, options)
    this.#phase = new MetadataPhase({
      hashes: { ...(infoHashV1 && { infoHashV1 }), ...(infoHashV2 && { infoHashV2 }) },
      intake: this.inbound,
      context,
      found: (infoBytes) => this.#found(infoBytes),
      foundLayers: (layers) => this.#found(this.#infoBytes, layers),
      failed: (address, error) => reporter.emit({ type: 'peer-failed', torrent, address, error }),
    })
    for (const address of magnet.peers) this.inbound.add({ address, origin: 'magnet' })
    this.#lookup = new NamedPeerLookup(magnet.namedPeers, (address) => this.inbound.add({ address, origin: 'magnet' }))
  }

  begin(start: boolean, paused: boolean): void {
    this.#isPaused = paused
    if (start) this.#fetch()
  }

  get peers(): readonly Peer[] {
    return this.#phase.meetings.map(({ peer }) => peer)
  }

  get trackers(): readonly SwarmTracker[] {
    return this.inbound.trackers.trackers
  }

  get bitfield(): Bitfield {
    return new Bitfield(0)
  }

  get status(): TorrentStatus {
    if (this.#state === 'stopped' || this.#state === 'closed') return this.#state
    return this.#state === 'failed' ? 'error' : 'metadata'
  }

  get error(): InputError | undefined {
    return this.#error
  }

  get stats(): TorrentStats {
    return { ...UNKNOWN_STATS, peers: this.#phase.meetings.length }
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get maxDown(): number {
    return this.#options.maxDown ?? Number.POSITIVE_INFINITY
  }

  set maxDown(maxDown: number) {
    checkPositive('maxDown', maxDown)
    this.#options = { ...this.#options, maxDown }
  }

  get maxUp(): number {
    return this.#options.maxUp ?? Number.POSITIVE_INFINITY
  }

  set maxUp(maxUp: number) {
    checkPositive('maxUp', maxUp)
    this.#options = { ...this.#options, maxUp }
  }

  setSequential(sequential: boolean): void {
    this.#options = { ...this.#options, sequential }
  }

  check(): Promise<void> {
    return Promise.reject(new InputError('METADATA_UNKNOWN', 'there is nothing to check before the metadata is here'))
  }

  start(): Promise<void> {
    return this.#step(async () => {
      if (this.#state !== 'stopped') return
      this.#fetch()
      this.#tell('started')
    })
  }

  stop(): Promise<void> {
    return this.#step(async () => {
      if (this.#state !== 'fetching') return
      this.#state = 'stopped'
      await this.#leave()
      this.#tell('stopped')
    })
  }

  pause(): void {
    if (this.#isPaused || this.#state === 'closed') return
    this.#isPaused = true
    this.#tell('paused')
  }

  resume(): void {
    if (!this.#isPaused || this.#state === 'closed') return
    this.#isPaused = false
    this.#tell('resumed')
  }

  addPeer(address: PeerAddress): void {
    this.inbound.add({ address, origin: 'user' })
  }

  addTracker(url: string, tier?: number): void {
    this.inbound.trackers.addTracker(url, tier)
  }

  announce(): void {
    this.inbound.trackers.announce()
  }

  async close({ forget }: CloseOptions): Promise<void> {
    if (this.#state === 'closed') return
    const { torrent, context } = this.#parts
    this.#state = 'closed'
    await Promise.all([this.#leave(), this.#steps])
    this.#phase[Symbol.dispose]()
    if (forget) await context.resume?.delete(torrent.infoHash)
    context.forget(torrent)
    this.#fail(new InputError('TORRENT_CLOSED', 'the torrent was removed, or its session closed'))
    this.#tell('closed')
  }

  /** `ready` and `done` are those of the torrent that came of this one. */
  follow(next: Pick<TorrentBody, 'ready' | 'done'>): void {
    next.ready.then(
      () => this.#ready.resolve(),
      (error: Error) => this.#ready.reject(error),
    )
    next.done.then(
      () => this.#done.resolve(),
      (error: Error) => this.#done.reject(error),
    )
  }

  #fetch(): void {
    this.#state = 'fetching'
    this.inbound.start(this.#phase)
    this.#lookup.start()
  }

  async #leave(): Promise<void> {
    this.#lookup.stop()
    const left = this.inbound.stop()
    this.#phase.closeConnections(torrentStopped())
    await left
  }

  #found(infoBytes: Uint8Array, pieceLayers?: ReadonlyMap<string, Uint8Array>): void {
    if (this.#state !== 'fetching') return
    const { magnet, known } = this.#parts
    let dialed: readonly Dialed[] = []
    try {
      const { metainfo, lacking } = fromInfo(infoBytes, { magnet, paths: this.#options.paths, pieceLayers })
      if (lacking !== undefined) {
        this.#infoBytes = infoBytes
        this.#phase.fetchLayers(lacking)
        return
      }
      this.#state = 'known'
      this.inbound.hold()
      this.#lookup.stop()
      const { inbound: intake } = this
      dialed = this.#phase.handOn()
      const [options, isPaused] = [this.#options, this.#isPaused]
      known(metainfo, { intake, banned: this.#phase.banned, dialed, options, isPaused })
    } catch (error) {
      this.inbound.abandon(dialed, new PeerError('TORRENT_STOPPED', 'the torrent cannot be used'))
      this.giveUp(asInputError(error))
    }
  }

  /** There are no files yet: it is for the torrent to know where they will be. @throws InputError `TORRENT_CLOSED` */
  move(): Promise<void> {
    return this.#step(async () => {})
  }

  /** Nothing can come of it any more: what the infohash names cannot be used, or is here already. */
  giveUp(error: InputError): void {
    if (this.#state === 'closed' || this.#state === 'failed') return
    const { reporter, torrent } = this.#parts
    this.#error = error
    this.#state = 'failed'
    void this.#leave()
    this.#fail(error)
    reporter.emit({ type: 'error', torrent, error })
  }

  #fail(error: TorrentialError): void {
    this.#ready.reject(error)
    this.#done.reject(error)
  }

  #tell(type: 'started' | 'stopped' | 'paused' | 'resumed' | 'closed'): void {
    this.#parts.reporter.emit({ type, torrent: this.#parts.torrent })
  }

  /** @throws InputError `TORRENT_CLOSED` */
  #step(work: () => Promise<void>): Promise<void> {
    const result = this.#steps.then(() => {
      if (this.#state === 'closed') throw new InputError('TORRENT_CLOSED', 'the torrent is closed')
      return work()
    })
    this.#steps = result.catch(() => {})
    return result
  }
}
