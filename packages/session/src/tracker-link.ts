// Joins a torrent's announcer to it: candidates go to the connector, events to the hub. A fresh announcer for every start, so
// that `stopped` and `started` pair up.

import type { PeerCandidate } from '@torrential/contracts'
import type { InfoHash } from '@torrential/primitives'
import { type AnnounceProgress, Announcer, type TrackerEvent, type TrackerStatus } from '@torrential/tracker'
import { DEFAULTS } from './options.ts'
import type { SessionContext } from './session-context.ts'

export interface TrackerLinkParts {
  readonly context: SessionContext
  readonly infoHash: InfoHash
  readonly tiers: readonly (readonly string[])[]
  readonly progress: () => AnnounceProgress
  readonly found: (candidate: PeerCandidate) => void
  readonly event: (event: TrackerEvent) => void
}

export class TrackerLink {
  readonly #parts: TrackerLinkParts
  #tiers: string[][]
  #announcer: Announcer | undefined

  constructor(parts: TrackerLinkParts) {
    this.#parts = parts
    this.#tiers = parts.tiers.map((tier) => [...tier])
  }

  get trackers(): readonly TrackerStatus[] {
    return this.#announcer?.trackers ?? []
  }

  start(): void {
    if (this.#announcer !== undefined || !this.#parts.context.announces || this.#tiers.length === 0) return
    const { context, infoHash, progress } = this.#parts
    const { peerId, clock, random, trackers: clients } = context
    const announcer = new Announcer(
      { tiers: this.#tiers, infoHash, peerId, progress, clock, random, clients },
      { port: () => context.port() },
    )
    this.#announcer = announcer
    void this.#follow(announcer.peers(), this.#parts.found)
    void this.#follow(announcer.events(), (event) => {
      if (event.type !== 'lagged') this.#parts.event(event)
    })
    announcer.start()
  }

  completed(): void {
    this.#announcer?.completed()
  }

  announce(): void {
    this.#announcer?.announce()
  }

  addTracker(url: string, tier?: number): void {
    this.#announcer?.addTracker(url, tier)
    const at = tier ?? this.#tiers.length
    if (this.#tiers[at] === undefined) this.#tiers.push([url])
    else this.#tiers[at].push(url)
  }

  /** Resolves when `stopped` was sent, or given up. Never rejects. */
  async stop(): Promise<void> {
    const announcer = this.#announcer
    this.#announcer = undefined
    await announcer?.close({ timeout: DEFAULTS.stopTimeout })
  }

  async #follow<Item>(items: AsyncIterable<Item>, take: (item: Item) => void): Promise<void> {
    for await (const item of items) take(item)
  }
}
