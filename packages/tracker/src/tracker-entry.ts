// What an announcer knows about one tracker: when it may be asked, what it still has to be told, how it did. Pure bookkeeping;
// times are on the announcer's clock.
//
// Invariant: `nextAt` is never earlier than what the tracker asked for, except for events (`completed`), which trackers expect
// at once, and for a forced announce. `started` is true exactly while the tracker believes that we are in the swarm.

import type { Random, SourceError } from '@torrential/primitives'
import type { AnnounceEventName, AnnounceReply, ScrapeResult } from './tracker-client.ts'
import type { TrackerState, TrackerStatus } from './tracker-status.ts'

/** Clamp of what trackers ask for: less would be abuse that we are talked into, more would lose the swarm. */
export const MIN_INTERVAL = 60_000
export const MAX_INTERVAL = 21_600_000
/** Longest back-off. */
export const MAX_BACK_OFF = 3_600_000

/** min(60 min, 5 + 12.5 n² s) after `fails` failures in a row, less up to a fifth by chance, so that clients spread out. */
export function backOff(fails: number, random: Random): number {
  return Math.min(MAX_BACK_OFF, 5_000 + 12_500 * fails * fails) * (1 - 0.2 * random.next())
}

export class TrackerEntry {
  readonly url: string
  started = false
  /** `completed` is still to be told. */
  completedDue = false
  announcing = false
  /** Never asked (again). */
  disabled: boolean
  working = false
  fails = 0
  /** May be asked from here on. */
  nextAt = Number.NEGATIVE_INFINITY
  /** An announce on demand may not come before this. */
  earliestAt = Number.NEGATIVE_INFINITY
  trackerId: Uint8Array | undefined
  #lastError: { readonly code: string; readonly message: string } | undefined
  #lastSuccessAt: number | undefined
  #warning: string | undefined
  #figures: Partial<ScrapeResult> = {}
  #peers: number | undefined

  constructor(url: string, supported: boolean) {
    this.url = url
    this.disabled = !supported
    if (!supported) this.#lastError = { code: 'TRACKER_URL', message: 'not a tracker URL that can be asked' }
  }

  /** What the next announce has to say. */
  get dueEvent(): AnnounceEventName | undefined {
    if (!this.started) return 'started'
    return this.completedDue ? 'completed' : undefined
  }

  /** Returns the interval that will be followed, in ms. */
  succeeded(reply: AnnounceReply, event: AnnounceEventName | undefined, now: number): number {
    const interval = clamp(reply.interval, MIN_INTERVAL, MAX_INTERVAL)
    const minInterval = clamp(reply.minInterval ?? MIN_INTERVAL, MIN_INTERVAL, MAX_INTERVAL)
    if (event === 'stopped') {
      this.started = false
      return interval
    }
    this.started = true
    if (event === 'completed') this.completedDue = false
    this.working = true
    this.fails = 0
    this.earliestAt = now + minInterval
    // Completed while this announce was under way: the tracker has heard an old figure of what is left.
    this.nextAt = this.completedDue ? now : now + Math.max(interval, minInterval)
    this.trackerId = reply.trackerId ?? this.trackerId
    this.#lastSuccessAt = now
    this.#lastError = undefined
    this.#warning = reply.warning
    this.#figures = { ...this.#figures, ...figuresOf(reply) }
    this.#peers = reply.peers.length
    return interval
  }

  /** Returns ms until it may be asked again; Infinity when it said never (BEP 31), which disables it. */
  failed(error: SourceError, now: number, random: Random): number {
    const { retryIn } = error.data
    this.fails += 1
    this.working = false
    this.#lastError = { code: error.code, message: error.message }
    let delay = backOff(this.fails, random)
    if (typeof retryIn === 'number') {
      if (retryIn === Number.POSITIVE_INFINITY) this.disabled = true
      delay = this.disabled ? retryIn : Math.max(delay, Math.min(retryIn, MAX_INTERVAL))
    }
    this.nextAt = now + delay
    this.earliestAt = now + Math.min(delay, MIN_INTERVAL)
    return delay
  }

  scraped(result: ScrapeResult): void {
    this.#figures = result
  }

  /** Back to the state before the first announce; the tracker has been (or cannot be) told that we left. */
  forget(): void {
    this.started = false
    this.completedDue = false
    this.working = false
    this.nextAt = Number.NEGATIVE_INFINITY
  }

  status(tier: number, now: number, running: boolean): TrackerStatus {
    return {
      url: this.url,
      tier,
      state: this.#state(),
      fails: this.fails,
      lastError: this.#lastError,
      warning: this.#warning,
      seeders: this.#figures.seeders,
      leechers: this.#figures.leechers,
      downloaded: this.#figures.downloaded,
      peers: this.#peers,
      nextAnnounce: running && !this.disabled ? Math.max(0, this.nextAt - now) : undefined,
      lastAnnounce: this.#lastSuccessAt === undefined ? undefined : now - this.#lastSuccessAt,
      started: this.started,
    }
  }

  #state(): TrackerState {
    if (this.disabled) return 'disabled'
    if (this.announcing) return 'announcing'
    if (this.working) return 'working'
    return this.fails > 0 ? 'failing' : 'idle'
  }
}

function figuresOf({ seeders, leechers, downloaded }: AnnounceReply): Partial<ScrapeResult> {
  return {
    ...(seeders !== undefined && { seeders }),
    ...(leechers !== undefined && { leechers }),
    ...(downloaded !== undefined && { downloaded }),
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
