import type { PeerCandidate } from '@torrential/contracts'
import type {
  AbortOptions,
  Clock,
  EventStream,
  InfoHash,
  LaggedEvent,
  PeerId,
  Random,
  SubscribeOptions,
} from '@torrential/primitives'
import type { ScrapeResult } from './tracker-client.ts'
import type { TrackerClients } from './tracker-clients.ts'
import type { TrackerEvent } from './tracker-event.ts'
import type { TrackerStatus } from './tracker-status.ts'

/** Bytes, as told to trackers. */
export interface AnnounceProgress {
  readonly uploaded: number
  readonly downloaded: number
  /** 0 for a seed; a positive guess (not 0) while the metadata is unknown. */
  readonly left: number
}

export interface AnnouncerParts {
  /** BEP 12: tiers of URLs. Malformed and unknown ones are kept as `disabled`. */
  readonly tiers: readonly (readonly string[])[]
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** Asked at every announce. */
  readonly progress: () => AnnounceProgress
  readonly clock: Clock
  readonly random: Random
  /** Shared by the torrents of a session; the announcer does not close it. */
  readonly clients: TrackerClients
}

export interface AnnouncerOptions {
  /** Our listening port, 0 … 65535. @default 0 */
  readonly port?: number | (() => number)
  /** Peers wanted for each announce. @default 200 */
  readonly numWant?: number | (() => number)
  /** Unsigned 32 bits. @default random */
  readonly key?: number
  /** An address to tell to trackers (BEP 7). @default not sent */
  readonly ip?: string
  /** One tracker of every tier instead of the first tier that works. @default false */
  readonly announceToAllTiers?: boolean
  /** Every tracker. @default false */
  readonly announceToAllTrackers?: boolean
  /** Candidates that wait for a reader; the oldest go. @default 3,000 */
  readonly buffer?: number
}

/** One torrent's announces. */
export class Announcer implements AsyncDisposable {
  constructor(_parts: AnnouncerParts, _options: AnnouncerOptions = {}) {}

  /** Candidates as they come: endless until `close` or the signal, which end the loop without an error. The first pull starts. */
  peers(_options?: AbortOptions): AsyncIterableIterator<PeerCandidate> {
    throw new Error('being written')
  }

  events(_options?: SubscribeOptions<TrackerEvent['type'] | 'lagged'>): EventStream<TrackerEvent | LaggedEvent> {
    throw new Error('being written')
  }

  /** Snapshots in tier order. */
  get trackers(): readonly TrackerStatus[] {
    throw new Error('being written')
  }

  /** Sends `started`. Again: nothing. */
  start(): void {}
  /** The download is complete: tells the trackers that knew us before. */
  completed(): void {}
  /** Announces now, or as soon as the tracker's minimum interval allows; `force` ignores that. */
  announce(_options?: { readonly force?: boolean }): void {}
  /** Sends `stopped` and falls silent until `resume`. */
  pause(): void {}
  resume(): void {}
  /** Adds at the end of `tier`, or as a tier of its own. @throws InputError `TRACKER_URL` */
  addTracker(_url: string, _tier?: number): void {}
  /** False when it was not there. It is sent `stopped` if it knew us. */
  removeTracker(_url: string): boolean {
    throw new Error('being written')
  }
  /** Asks the trackers in order until one answers. @throws SourceError of the last, or `TRACKER_NONE` */
  scrape(_options?: AbortOptions): Promise<ScrapeResult> {
    throw new Error('being written')
  }
  /** Sends `stopped` to trackers that know us (at most 5 s in all) and ends every loop. Never rejects; idempotent. */
  close(_options?: { readonly timeout?: number }): Promise<void> {
    throw new Error('being written')
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
