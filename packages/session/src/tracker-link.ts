// Joins a torrent's announcer to it: candidates go to the connector, events to the hub. A fresh announcer for every start, so
// that `stopped` and `started` pair up.

import type { PeerCandidate } from '@torrential/contracts'
import { type InfoHash, InputError } from '@torrential/primitives'
import {
  type AnnounceProgress,
  Announcer,
  parseTrackerUrl,
  type TrackerEvent,
  type TrackerStatus,
} from '@torrential/tracker'
import { DEFAULTS } from './options.ts'
import type { SessionContext } from './session-context.ts'

export interface TrackerLinkParts {
  readonly context: SessionContext
  readonly infoHash: InfoHash
  /** Of the torrent. */
  readonly tiers: readonly (readonly string[])[]
  /** Of the user. */
  readonly added: readonly (readonly string[])[]
  readonly progress: () => AnnounceProgress
  readonly found: (candidate: PeerCandidate) => void
  readonly event: (event: TrackerEvent) => void
}

export class TrackerLink {
  readonly #parts: TrackerLinkParts
  readonly #tiers: string[][]
  #announcer: Announcer | undefined
  #isRunning = false

  /** @throws InputError `TRACKER_URL` */
  constructor(parts: TrackerLinkParts) {
    this.#parts = parts
    for (const tier of parts.added) for (const url of tier) checkTracker(url)
    this.#tiers = [...parts.tiers, ...parts.added].map((tier) => [...tier])
  }

  get trackers(): readonly TrackerStatus[] {
    return this.#announcer?.trackers ?? []
  }

  start(): void {
    this.#isRunning = true
    if (this.#announcer !== undefined || !this.#parts.context.announces || this.#tiers.length === 0) return
    const { context, infoHash, progress } = this.#parts
    const { peerId, clock, random, trackers: clients } = context
    const announcer = new Announcer(
      { tiers: this.#tiers, infoHash, peerId, progress, clock, random, clients },
      { port: () => context.port() },
    )
    this.#announcer = announcer
    void this.#follow(announcer.events(), (event) => {
      if (event.type !== 'lagged') this.#parts.event(event)
    })
    // After the events: the first pull starts the announces, and nothing must be missed.
    void this.#follow(announcer.peers(), this.#parts.found)
    announcer.start()
  }

  completed(): void {
    this.#announcer?.completed()
  }

  announce(): void {
    this.#announcer?.announce()
  }

  /** @throws InputError `TRACKER_URL` */
  addTracker(url: string, tier?: number): void {
    checkTracker(url)
    this.#announcer?.addTracker(url, tier)
    const present = tier === undefined ? undefined : this.#tiers[tier]
    if (present === undefined) this.#tiers.push([url])
    else if (!present.includes(url)) present.push(url)
    if (this.#isRunning) this.start()
  }

  /** Resolves when `stopped` was sent, or given up. Never rejects. */
  async stop(): Promise<void> {
    const announcer = this.#announcer
    this.#isRunning = false
    this.#announcer = undefined
    await announcer?.close({ timeout: DEFAULTS.stopTimeout })
  }

  async #follow<Item>(items: AsyncIterable<Item>, take: (item: Item) => void): Promise<void> {
    for await (const item of items) take(item)
  }
}

function checkTracker(url: string): void {
  if (parseTrackerUrl(url) === undefined) throw new InputError('TRACKER_URL', 'not a tracker URL', { url })
}
