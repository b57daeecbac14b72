// The body of a torrent whose metadata is known: every question is handed to the part of its assembly that knows the answer.

import type { Bitfield, PeerAddress, StorageError } from '@torrential/primitives'
import type { InboundTorrent } from './inbound-gate.ts'
import type { AddOptions, MoveOptions } from './options.ts'
import type { Peer } from './peer.ts'
import type { TorrentAssembly } from './torrent-assembly.ts'
import type { CloseOptions, TorrentBody } from './torrent-body.ts'
import type { TorrentFile } from './torrent-file.ts'
import type { TorrentStatus } from './torrent-life.ts'
import type { TorrentStats } from './torrent-stats.ts'
import type { SwarmTracker } from './tracker-link.ts'

export class ActiveTorrent implements TorrentBody {
  readonly #assembly: TorrentAssembly

  constructor(assembly: TorrentAssembly) {
    this.#assembly = assembly
  }

  get files(): readonly TorrentFile[] {
    return this.#assembly.files.files
  }

  get peers(): readonly Peer[] {
    const { awake } = this.#assembly.keeper
    return awake === undefined ? [] : [...awake.swarm.driver.connections.values()].map(({ peer }) => peer)
  }

  get trackers(): readonly SwarmTracker[] {
    return this.#assembly.keeper.knownIntake?.trackers.trackers ?? []
  }

  get bitfield(): Bitfield {
    return this.#assembly.have.clone()
  }

  get status(): TorrentStatus {
    return this.#assembly.life.status
  }

  get error(): StorageError | undefined {
    return this.#assembly.life.error
  }

  get isComplete(): boolean {
    return this.#assembly.isComplete
  }

  get stats(): TorrentStats {
    return this.#assembly.keeper.stats
  }

  get ready(): Promise<void> {
    return this.#assembly.life.ready
  }

  get done(): Promise<void> {
    return this.#assembly.life.done
  }

  get inbound(): InboundTorrent {
    return this.#assembly
  }

  get maxDown(): number {
    return this.#assembly.options.maxDown ?? Number.POSITIVE_INFINITY
  }

  set maxDown(maxDown: number) {
    this.#decide({ maxDown })
    const { awake } = this.#assembly.keeper
    if (awake !== undefined) awake.swarm.maxDown = maxDown
  }

  get maxUp(): number {
    return this.#assembly.options.maxUp ?? Number.POSITIVE_INFINITY
  }

  set maxUp(maxUp: number) {
    this.#decide({ maxUp })
    const { awake } = this.#assembly.keeper
    if (awake !== undefined) awake.swarm.maxUp = maxUp
  }

  setSequential(sequential: boolean): void {
    this.#decide({ sequential })
    const { keeper, context } = this.#assembly
    keeper.awake?.engine.setSequential(sequential, context.clock.now())
    keeper.awake?.pump()
  }

  check(): Promise<void> {
    return this.#assembly.life.check()
  }

  start(): Promise<void> {
    return this.#assembly.life.start()
  }

  stop(): Promise<void> {
    return this.#assembly.life.stop()
  }

  pause(): void {
    this.#assembly.life.pause()
  }

  resume(): void {
    this.#assembly.life.resume()
  }

  addPeer(address: PeerAddress): void {
    this.#assembly.intake.add({ address, origin: 'user' })
  }

  addTracker(url: string, tier?: number): void {
    this.#assembly.intake.trackers.addTracker(url, tier)
  }

  announce(): void {
    this.#assembly.keeper.knownIntake?.trackers.announce()
  }

  move(path: string, options: MoveOptions): Promise<void> {
    return this.#assembly.move(path, options)
  }

  close(options: CloseOptions): Promise<void> {
    return this.#assembly.close(options)
  }

  #decide(options: Pick<AddOptions, 'maxDown' | 'maxUp' | 'sequential'>): void {
    this.#assembly.options = { ...this.#assembly.options, ...options }
  }
}
