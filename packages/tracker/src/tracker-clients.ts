// Everything that the torrents of one session share towards trackers: the clients (with their UDP sockets and connection ids)
// and the bound on announces under way. Invariant: at most `concurrency` calls run at once, whatever number of torrents start
// in the same second; each has its own deadline, which begins when it runs, not when it waits.

import type { AbortOptions, Clock, Random } from '@torrential/primitives'
import type { HostResolver, TrackerClient, TrackerGuard } from './tracker-client.ts'

export interface TrackerClientsOptions {
  /** Announces and scrapes under way at once. @default 50 */
  readonly concurrency?: number
  /** @default `Torrential/0.1.0` */
  readonly userAgent?: string
  /** Local IP address to call from; only trackers of its family are reached. */
  readonly localHost?: string
  readonly resolve?: HostResolver
  readonly guard?: TrackerGuard
  /** Replaces the client for `http:` and `https:`; closed with the rest. */
  readonly http?: TrackerClient
  /** Replaces the client for `udp:`; closed with the rest. */
  readonly udp?: TrackerClient
}

/** Make one per session and give it to every `Announcer`. */
export class TrackerClients implements AsyncDisposable {
  constructor(_parts: { readonly clock: Clock; readonly random: Random }, _options: TrackerClientsOptions = {}) {}

  /** The client for a URL's scheme; undefined when there is none. */
  clientFor(_url: string): TrackerClient | undefined {
    throw new Error('being written')
  }

  /** Runs `task` when a place is free. @throws what `task` throws; the signal's reason when it fires before that */
  run<Result>(_task: () => Promise<Result>, _options?: AbortOptions & { readonly priority?: number }): Promise<Result> {
    throw new Error('being written')
  }

  /** Closes sockets; calls under way fail with `TRACKER_CLOSED`. Idempotent. */
  close(): Promise<void> {
    throw new Error('being written')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
