// The body of a torrent whose metadata is known: every question is handed to the part of its assembly that knows the answer.

import type { Bitfield, PeerAddress, StorageError } from '@torrential/primitives'
import type { InboundTorrent } from './inbound-gate.ts'
import type { MoveOptions } from './options.ts'
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
    return this.#assembly.contents.files
  }

  get peers(): readonly Peer[] {
    return [...this.#assembly.swarm.driver.connections.values()].map(({ peer }) => peer)
  }

  get trackers(): readonly SwarmTracker[] {
    return this.#assembly.intake.trackers.trackers
  }

  get bitfield(): Bitfield {
    return this.#assembly.engine.have.clone()
  }

  get status(): TorrentStatus {
    return this.#assembly.life.status
  }

  get error(): StorageError | undefined {
    return this.#assembly.life.error
  }

  get isComplete(): boolean {
    return this.#assembly.engine.have.isComplete
  }

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

  get ready(): Promise<void> {
    return this.#assembly.life.ready
  }

  get done(): Promise<void> {
    return this.#assembly.life.done
  }

  get inbound(): InboundTorrent {
    return this.#assembly.intake
  }

  get maxDown(): number {
    return this.#assembly.swarm.maxDown
  }

  set maxDown(rate: number) {
    this.#assembly.swarm.maxDown = rate
  }

  get maxUp(): number {
    return this.#assembly.swarm.maxUp
  }

  set maxUp(rate: number) {
    this.#assembly.swarm.maxUp = rate
  }

  setSequential(on: boolean): void {
    this.#assembly.setSequential(on)
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
    this.#assembly.intake.trackers.announce()
  }

  move(path: string, options: MoveOptions): Promise<void> {
    return this.#assembly.move(path, options)
  }

  close(options: CloseOptions): Promise<void> {
    return this.#assembly.close(options)
  }
}
