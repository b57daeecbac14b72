// Joins a torrent's announcers to it, one for each of its names: candidates go to the connector, events to the hub. Fresh ones for
// every start, so that `stopped` and `started` pair up.

import type { PeerCandidate } from '@torrential/contracts'
import { LazyMap, type InfoHash, InputError, toHex } from '@torrential/primitives'
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
  /** Of the torrent's swarms: each is announced to. */
  readonly names: readonly InfoHash[]
  /** Of the torrent. */
  readonly tiers: readonly (readonly string[])[]
  /** Of the user. */
  readonly added: readonly (readonly string[])[]
  readonly progress: () => AnnounceProgress
  readonly found: (candidate: PeerCandidate, name: InfoHash) => void
  /** `infoHash` is the name, 40 hexadecimal digits. */
  readonly event: (event: TrackerEvent & { readonly infoHash: string }) => void
}

/** One tracker as one of the torrent's swarms sees it: a hybrid torrent is announced by both of its names, and has two of each. */
export interface SwarmTracker extends TrackerStatus {
  /** The name that is announced, 40 hexadecimal digits; a v2 infohash is cut to them. */
  readonly infoHash: string
}

export class TrackerLink {
  readonly #parts: TrackerLinkParts
  readonly #tiers: string[][]
  /** By hexadecimal name. */
  readonly #announcers = new LazyMap<string, Announcer>()
  /** Goodbyes under way. */
  #leaving: Promise<unknown> | undefined
  #names: readonly InfoHash[]
  #isRunning = false

  /** @throws InputError `TRACKER_URL` */
  constructor(parts: TrackerLinkParts) {
    this.#parts = parts
    this.#names = parts.names
    for (const tier of parts.added) for (const url of tier) checkTracker(url)
    this.#tiers = [...parts.tiers, ...parts.added].map((tier) => [...tier])
  }

  /** In the order of the torrent's names. */
  get trackers(): readonly SwarmTracker[] {
    return Array.from(this.#announcers.entries(), ([infoHash, { trackers }]) =>
      trackers.map((status) => ({ ...status, infoHash })),
    ).flat()
  }

  start(): void {
    this.#isRunning = true
    if (!this.#parts.context.announces || this.#tiers.length === 0) return
    for (const name of this.#names) this.#announce(name)
  }

  /** The torrent turned out to have these names. */
  learn(names: readonly InfoHash[]): void {
    this.#names = names
    if (this.#isRunning) this.start()
  }

  completed(): void {
    for (const announcer of this.#announcers.values()) announcer.completed()
  }

  announce(): void {
    for (const announcer of this.#announcers.values()) announcer.announce()
  }

  /** @throws InputError `TRACKER_URL` */
  addTracker(url: string, tier?: number): void {
    checkTracker(url)
    for (const announcer of this.#announcers.values()) announcer.addTracker(url, tier)
    const present = tier === undefined ? undefined : this.#tiers[tier]
    if (present === undefined) this.#tiers.push([url])
    else if (!present.includes(url)) present.push(url)
    if (this.#isRunning) this.start()
  }

  /** Resolves when every `stopped`, also of an earlier stop, was sent or given up. Never rejects. */
  async stop(): Promise<void> {
    this.#isRunning = false
    const left = Array.from(this.#announcers.values(), (one) => one.close({ timeout: DEFAULTS.stopTimeout }))
    this.#announcers.clear()
    const leaving = Promise.all([this.#leaving, ...left])
    this.#leaving = leaving
    await leaving
    if (this.#leaving === leaving) this.#leaving = undefined
  }

  #announce(name: InfoHash): void {
    const infoHash = toHex(name)
    if (this.#announcers.has(infoHash)) return
    const { context, progress } = this.#parts
    const { peerId, clock, random, trackers: clients } = context
    const announcer = new Announcer(
      { tiers: this.#tiers, infoHash: name, peerId, progress, clock, random, clients },
      { port: () => context.port() },
    )
    this.#announcers.set(infoHash, announcer)
    void this.#follow(announcer.events(), (event) => {
      if (event.type !== 'lagged') this.#parts.event({ ...event, infoHash })
    })
    // After the events: the first pull starts the announces, and nothing must be missed.
    void this.#follow(announcer.peers(), (candidate) => this.#parts.found(candidate, name))
    announcer.start()
  }

  async #follow<Item>(items: AsyncIterable<Item>, take: (item: Item) => void): Promise<void> {
    for await (const item of items) take(item)
  }
}

function checkTracker(url: string): void {
  if (parseTrackerUrl(url) === undefined) throw new InputError('TRACKER_URL', 'not a tracker URL', { url })
}
