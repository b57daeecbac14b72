// Everything that the torrents of one session share towards trackers: the clients (with their UDP sockets and connection ids)
// and the bound on calls under way. Invariant: at most `concurrency` calls run at once, whatever number of torrents start in
// the same second; each has its own deadline, which begins when it runs, not when it waits.

import type { AbortOptions, Clock, Random } from '@torrential/primitives'
import PQueue from 'p-queue'
import { HttpTracker } from './http-tracker.ts'
import type { HostResolver, TrackerClient, TrackerGuard } from './tracker-client.ts'
import { parseTrackerUrl, schemeOf } from './tracker-url.ts'
import { UdpTracker } from './udp-tracker.ts'

/** Calls under way at once: enough to start 1,000 torrents in seconds, few enough for a home router's tables. */
export const CONCURRENCY = 50

export interface TrackerClientsOptions {
  /** Announces and scrapes under way at once. @default 50 */
  readonly concurrency?: number
  /** @default `Torrential/0.1.0` */
  readonly userAgent?: string
  /** Local IP address to call from; only trackers of its family are reached. @default any */
  readonly localHost?: string
  /** PEM certificates to trust instead of Node's own list. */
  readonly ca?: string | Uint8Array
  readonly resolve?: HostResolver
  readonly guard?: TrackerGuard
  /** Replaces the client for `http:` and `https:`; closed with the rest. */
  readonly http?: TrackerClient
  /** Replaces the client for `udp:`; closed with the rest. */
  readonly udp?: TrackerClient
}

/** Make one per session and give it to every `Announcer`. */
export class TrackerClients implements AsyncDisposable {
  readonly #http: TrackerClient
  readonly #udp: TrackerClient
  readonly #queue: PQueue

  constructor(parts: { readonly clock: Clock; readonly random: Random }, options: TrackerClientsOptions = {}) {
    const { concurrency = CONCURRENCY, http, udp, ...rest } = options
    this.#http = http ?? new HttpTracker(parts, rest)
    this.#udp = udp ?? new UdpTracker(parts, rest)
    this.#queue = new PQueue({ concurrency })
  }

  /** The client for a URL's scheme; undefined for a malformed URL and for schemes that have no client. */
  clientFor(text: string): TrackerClient | undefined {
    const url = parseTrackerUrl(text)
    if (url === undefined) return undefined
    const scheme = schemeOf(url)
    if (scheme === 'udp') return this.#udp
    return scheme === 'http' || scheme === 'https' ? this.#http : undefined
  }

  /**
   * Runs `task` when a place is free, higher `priority` first. @default priority 0
   * @throws what `task` throws; the signal's reason when it fires before the task began
   */
  run<Result>(
    task: () => Promise<Result>,
    options: AbortOptions & { readonly priority?: number } = {},
  ): Promise<Result> {
    return this.#queue.add(task, {
      priority: options.priority ?? 0,
      ...(options.signal !== undefined && { signal: options.signal }),
    })
  }

  /** Closes sockets; calls under way fail with `TRACKER_CLOSED`. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#http.close(), this.#udp.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
