// One announce to one tracker, with everything around it: the shared queue, the request, the events, the entry's bookkeeping.
// What comes out is the reply or nothing; an aborted visit leaves no trace but what the tracker saw.

import { type EventHub, isTorrentialError, readUint32 } from '@torrential/primitives'
import { type AnnouncerOptions, type AnnouncerParts, NUM_WANT } from './announcer-options.ts'
import type { TierList } from './tier-list.ts'
import type { AnnounceEventName, AnnounceReply, AnnounceRequest } from './tracker-client.ts'
import type { TrackerEntry } from './tracker-entry.ts'
import { trackerError, trafficOf } from './tracker-error.ts'
import type { TrackerEvent } from './tracker-event.ts'

export interface TrackerVisitorParts extends AnnouncerParts {
  readonly list: TierList
  readonly hub: EventHub<TrackerEvent>
}

export class TrackerVisitor {
  readonly #parts: TrackerVisitorParts
  readonly #options: AnnouncerOptions
  readonly #key: number

  constructor(parts: TrackerVisitorParts, options: AnnouncerOptions) {
    this.#parts = parts
    this.#options = options
    this.#key = options.key ?? readUint32(parts.random.bytes(4), 0)
  }

  /** Never rejects; undefined when the tracker failed or `signal` fired. */
  async visit(
    entry: TrackerEntry,
    event: AnnounceEventName | undefined,
    signal: AbortSignal,
  ): Promise<AnnounceReply | undefined> {
    const { clients, clock, hub } = this.#parts
    const task = async () => {
      const client = clients.clientFor(entry.url)
      if (client === undefined) throw trackerError('TRACKER_URL', entry.url, 'no client for this URL')
      const request = this.#request(entry, event)
      hub.emit({ type: 'tracker-announcing', ...this.#place(entry), event })
      return client.announce(entry.url, request, { signal })
    }
    entry.announcing = true
    try {
      // Goodbyes first: they have seconds, the others half an hour.
      const reply = await clients.run(task, { signal, priority: event === 'stopped' ? 1 : 0 })
      this.#succeeded(entry, event, reply, clock.now())
      return reply
    } catch (error) {
      if (!signal.aborted) this.#failed(entry, event, error, clock.now())
      return undefined
    } finally {
      entry.announcing = false
    }
  }

  #succeeded(entry: TrackerEntry, event: AnnounceEventName | undefined, reply: AnnounceReply, now: number): void {
    const { hub, list } = this.#parts
    const place = this.#place(entry)
    const interval = entry.succeeded(reply, event, now)
    if (event !== 'stopped') list.promote(entry)
    if (reply.warning !== undefined) hub.emit({ type: 'tracker-warning', ...place, message: reply.warning })
    hub.emit({
      type: 'tracker-reply',
      ...place,
      event,
      peers: reply.peers.length,
      seeders: reply.seeders,
      leechers: reply.leechers,
      downloaded: reply.downloaded,
      interval,
      nextAnnounce: event === 'stopped' ? Number.POSITIVE_INFINITY : entry.nextAt - now,
      externalIp: reply.externalIp,
      bytesSent: reply.bytesSent,
      bytesReceived: reply.bytesReceived,
    })
  }

  #failed(entry: TrackerEntry, event: AnnounceEventName | undefined, cause: unknown, now: number): void {
    const error = isTorrentialError(cause)
      ? cause
      : trackerError('TRACKER_UNREACHABLE', entry.url, 'the announce failed', { cause })
    const retry = event === 'stopped' ? Number.POSITIVE_INFINITY : entry.failed(error, now, this.#parts.random)
    this.#parts.hub.emit({
      type: 'tracker-error',
      ...this.#place(entry),
      event,
      error,
      fails: entry.fails,
      nextAnnounce: retry,
      ...trafficOf(error),
    })
  }

  #place(entry: TrackerEntry): { readonly url: string; readonly tier: number } {
    return { url: entry.url, tier: this.#parts.list.tierOf(entry) }
  }

  #request(entry: TrackerEntry, event: AnnounceEventName | undefined): AnnounceRequest {
    const { port = 0, numWant = NUM_WANT, ip } = this.#options
    const { uploaded, downloaded, left } = this.#parts.progress()
    const wanted = typeof numWant === 'function' ? numWant() : numWant
    return {
      infoHash: this.#parts.infoHash,
      peerId: this.#parts.peerId,
      port: Math.min(65_535, whole(typeof port === 'function' ? port() : port)),
      uploaded: whole(uploaded),
      downloaded: whole(downloaded),
      left: whole(left),
      numWant: event === 'stopped' ? 0 : Math.min(1_000, whole(wanted)),
      key: this.#key,
      ...(event !== undefined && { event }),
      ...(ip !== undefined && { ip }),
      ...(entry.trackerId !== undefined && { trackerId: entry.trackerId }),
    }
  }
}

/** Progress comes from the caller's arithmetic: what is not a count is sent as one. */
function whole(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0
}
