// One torrent's announces: walks the tiers, keeps the intervals, tells the events, hands out the peers.
//
// Invariants: one call per tracker at a time; a tracker hears `started` before anything else, `completed` once, and `stopped`
// only if it answered `started`. Nothing that a tracker does throws out of here: it becomes an event and a back-off.
//
// A walk ends at the first tracker that works. The walk is planned anew after every answer (see `nextEntry`) instead of going
// down a list made at its start, so that trackers added, removed or due in the meantime are seen.

import {
  type AbortOptions,
  EventHub,
  type EventStream,
  InputError,
  type LaggedEvent,
  type SubscribeOptions,
} from '@torrential/primitives'
import { type AnnounceGroup, type AnnounceMode, dueAt, groupsOf, nextEntry } from './announce-plan.ts'
import {
  type AnnouncerOptions,
  type AnnouncerParts,
  CANDIDATE_BUFFER,
  checkAnnouncerOptions,
  STOP_TIMEOUT,
} from './announcer-options.ts'
import { CandidateBuffer, type CandidateReader } from './candidate-buffer.ts'
import { TierList } from './tier-list.ts'
import type { ScrapeResult } from './tracker-client.ts'
import { TrackerEntry } from './tracker-entry.ts'
import { trackerError } from './tracker-error.ts'
import type { TrackerEvent } from './tracker-event.ts'
import type { TrackerStatus } from './tracker-status.ts'
import { parseTrackerUrl } from './tracker-url.ts'
import { TrackerVisitor } from './tracker-visitor.ts'

export class Announcer implements AsyncDisposable {
  readonly #parts: AnnouncerParts
  readonly #mode: AnnounceMode
  readonly #visitor: TrackerVisitor
  readonly #list: TierList
  readonly #hub = new EventHub<TrackerEvent>()
  readonly #candidates: CandidateBuffer
  /** Groups whose walk is under way. */
  readonly #walking = new Set<object>()
  /** One for each regular announce under way. */
  readonly #calls = new Set<AbortController>()
  /** `stopped` announces under way. */
  readonly #stopping = new Set<Promise<unknown>>()
  #state: 'new' | 'running' | 'paused' | 'closed' = 'new'
  #completed = false
  #timer: Disposable | undefined
  #closing: Promise<void> | undefined

  /** @throws InputError `TRACKER_OPTION`, `ADDRESS_HOST` */
  constructor(parts: AnnouncerParts, options: AnnouncerOptions = {}) {
    checkAnnouncerOptions(options)
    this.#parts = parts
    this.#mode =
      options.announceToAllTrackers === true
        ? 'all-trackers'
        : options.announceToAllTiers === true
          ? 'all-tiers'
          : 'first-tier'
    this.#list = new TierList(
      parts.tiers.map((urls) => urls.map((url) => this.#entry(url))),
      parts.random,
    )
    this.#visitor = new TrackerVisitor({ ...parts, list: this.#list, hub: this.#hub }, options)
    this.#candidates = new CandidateBuffer(options.buffer ?? CANDIDATE_BUFFER)
  }

  /**
   * Candidates as they come: endless until `close` or the signal, which end the loop without an error. The first pull starts.
   * Several loops share what comes; what nobody pulled waits, at most 3,000 candidates.
   */
  peers(options: AbortOptions = {}): CandidateReader {
    return this.#candidates.reader({ signal: options.signal, onPull: () => this.start() })
  }

  events(options?: SubscribeOptions<TrackerEvent['type']>): EventStream<TrackerEvent | LaggedEvent> {
    return this.#hub.subscribe(options)
  }

  /** Snapshots, in the order in which trackers are asked. */
  get trackers(): readonly TrackerStatus[] {
    const now = this.#parts.clock.now()
    const running = this.#state === 'running'
    return Array.from(this.#list.entries(), ({ entry, tier }) => entry.status(tier, now, running))
  }

  /** Sends `started`. Once running, paused or closed: nothing. */
  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'running'
    this.#advance()
  }

  /** The download is complete: tells the trackers that know us. Once; later calls do nothing. */
  completed(): void {
    if (this.#completed) return
    this.#completed = true
    const now = this.#parts.clock.now()
    for (const { entry } of this.#list.entries()) {
      if (!entry.started && !entry.announcing) continue
      entry.completedDue = true
      if (entry.working) entry.nextAt = now
    }
    this.#advance()
  }

  /**
   * Announces now, or as soon as the minimum interval of the tracker allows. `force` disregards that and every back-off: for a
   * user who presses a button, not for programs.
   */
  announce(options: { readonly force?: boolean } = {}): void {
    const now = this.#parts.clock.now()
    for (const { entries } of groupsOf(this.#list, this.#mode)) {
      const working = entries.find((entry) => entry.working)
      for (const entry of working === undefined || options.force === true ? entries : [working]) {
        const wanted = options.force === true ? now : Math.max(now, entry.earliestAt)
        if (wanted < entry.nextAt) entry.nextAt = wanted
      }
    }
    this.#advance()
  }

  /** Sends `stopped` and falls silent until `resume`. */
  pause(): void {
    if (this.#state !== 'running' && this.#state !== 'new') return
    this.#state = 'paused'
    this.#fallSilent()
    this.#sayStopped(this.#startedEntries(), STOP_TIMEOUT)
  }

  /** Sends `started` again. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#advance()
  }

  /**
   * Adds at the end of tier `tier`, or as a new last tier; a URL that is there already is left where it is.
   * @throws InputError `TRACKER_URL`
   */
  addTracker(url: string, tier?: number): void {
    if (parseTrackerUrl(url) === undefined) throw new InputError('TRACKER_URL', 'not a tracker URL', { url })
    if (this.#list.find(url) !== undefined) return
    this.#list.add(this.#entry(url), tier)
    this.#advance()
  }

  /** False when it was not there. It is sent `stopped` if it knows us. */
  removeTracker(url: string): boolean {
    const entry = this.#list.find(url)
    if (entry === undefined) return false
    this.#list.remove(entry)
    if (entry.started) this.#sayStopped([entry], STOP_TIMEOUT)
    this.#advance()
    return true
  }

  /**
   * Asks the trackers in order until one knows the torrent.
   * @throws SourceError of the last that failed, or `TRACKER_NONE`; the signal's reason when aborted
   */
  async scrape(options: AbortOptions = {}): Promise<ScrapeResult> {
    const { clients, infoHash } = this.#parts
    let failure: unknown = trackerError('TRACKER_NONE', 'none', 'no tracker could be asked')
    const entries = this.#list.tiers.flat()
    for (const entry of entries) {
      const client = entry.disabled ? undefined : clients.clientFor(entry.url)
      if (client === undefined) continue
      try {
        const [result] = await clients.run(() => client.scrape(entry.url, [infoHash], options), options)
        if (result === undefined) continue
        entry.scraped(result)
        return result
      } catch (error) {
        options.signal?.throwIfAborted()
        failure = error
      }
    }
    throw failure
  }

  /**
   * Sends `stopped` to the trackers that know us, for at most `timeout` ms in all, and ends every loop. Never rejects; idempotent.
   * @default timeout 5,000
   */
  close(options: { readonly timeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeout ?? STOP_TIMEOUT)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeout: number): Promise<void> {
    this.#state = 'closed'
    this.#fallSilent()
    this.#candidates.end()
    this.#sayStopped(this.#startedEntries(), timeout)
    while (this.#stopping.size > 0) await Promise.all(this.#stopping)
    this.#hub.close()
  }

  #entry(url: string): TrackerEntry {
    return new TrackerEntry(url, this.#parts.clients.clientFor(url) !== undefined)
  }

  /** Starts what is due and sets the timer for what is not. Call after every change. */
  #advance(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    // A `stopped` under way must not arrive behind the next `started`: its end comes back here.
    if (this.#state !== 'running' || this.#stopping.size > 0) return
    const now = this.#parts.clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const group of groupsOf(this.#list, this.#mode)) {
      if (this.#walking.has(group.key)) continue
      const due = dueAt(group.entries)
      if (due <= now) void this.#walk(group)
      else next = Math.min(next, due)
    }
    if (next < Number.POSITIVE_INFINITY) this.#timer = this.#parts.clock.timer(next - now, () => this.#advance())
  }

  /** Asks the group's trackers one after another until one works or all back off. Never rejects. */
  async #walk({ key }: AnnounceGroup): Promise<void> {
    this.#walking.add(key)
    try {
      for (;;) {
        const group = groupsOf(this.#list, this.#mode).find((candidate) => candidate.key === key)
        const entry = group === undefined ? undefined : nextEntry(group.entries, this.#parts.clock.now())
        if (entry === undefined || this.#state !== 'running') return
        await this.#ask(entry)
      }
    } finally {
      this.#walking.delete(key)
      this.#advance()
    }
  }

  /** One regular announce. Never rejects. */
  async #ask(entry: TrackerEntry): Promise<void> {
    const call = new AbortController()
    this.#calls.add(call)
    const reply = await this.#visitor.visit(entry, entry.dueEvent, call.signal)
    this.#calls.delete(call)
    if (reply === undefined) return
    for (const peer of reply.peers) this.#candidates.push(peer)
    // The answer overtook our leaving: the tracker lists us, so it has to be told.
    const left = this.#state !== 'running' || this.#list.find(entry.url) !== entry
    if (left) this.#sayStopped([entry], STOP_TIMEOUT)
  }

  #startedEntries(): TrackerEntry[] {
    return Array.from(this.#list.entries(), ({ entry }) => entry).filter(({ started }) => started)
  }

  /** No timer, and nothing under way but `stopped`. */
  #fallSilent(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    for (const call of this.#calls) call.abort()
    this.#calls.clear()
  }

  /** In the background, known to `close`. The entries are as new afterwards, whatever their trackers answer. */
  #sayStopped(entries: readonly TrackerEntry[], timeout: number): void {
    if (entries.length === 0) return
    const calls = entries.map(() => new AbortController())
    const timer = this.#parts.clock.timer(timeout, () => {
      for (const call of calls) call.abort()
    })
    const announces = entries.map(async (entry, index) => {
      entry.forget()
      await this.#visitor.visit(entry, 'stopped', (calls[index] as AbortController).signal)
    })
    const all = Promise.all(announces).finally(() => {
      timer[Symbol.dispose]()
      this.#stopping.delete(all)
      this.#advance()
    })
    this.#stopping.add(all)
  }
}
