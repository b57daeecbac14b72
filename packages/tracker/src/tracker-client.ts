// The vocabulary that every way of asking a tracker shares: one request, one reply, whatever the protocol underneath.
// Invariant: a reply is already checked and capped, so that nobody above this file meets a tracker's raw bytes. Times are
// milliseconds here, although every protocol speaks of seconds (and BEP 31 of minutes).

import type { PeerCandidate } from '@torrential/contracts'
import type { AbortOptions, AddressFamily, InfoHash, PeerId } from '@torrential/primitives'

/** BEP 3; absent in a regular announce. */
export type AnnounceEventName = 'started' | 'completed' | 'stopped'

/** What we tell a tracker. */
export interface AnnounceRequest {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** The port where we listen, 0 … 65535; 0 when we do not. */
  readonly port: number
  /** Bytes since `started`, as are `downloaded`. */
  readonly uploaded: number
  readonly downloaded: number
  /** Bytes still missing; 0 makes us a seed. */
  readonly left: number
  readonly event?: AnnounceEventName
  /** Peers wanted, 0 … 1,000. @default 200 */
  readonly numWant?: number
  /** Unsigned 32 bits; proves to the tracker that we are the same client behind a new address. */
  readonly key?: number
  /** An address to tell instead of the one that the tracker sees (BEP 7). @default not sent */
  readonly ip?: string
  /** `tracker id` of an earlier reply of the same tracker, as it came. */
  readonly trackerId?: Uint8Array
}

/** What a tracker told us. */
export interface AnnounceReply {
  /** Milliseconds until the next regular announce, as the tracker said (not yet clamped). */
  readonly interval: number
  /** Milliseconds before which we must not come back (`min interval`). */
  readonly minInterval?: number
  readonly seeders?: number
  readonly leechers?: number
  /** How often the torrent was completed. */
  readonly downloaded?: number
  /** At most 1,000, without entries that cannot be dialled. */
  readonly peers: readonly PeerCandidate[]
  /** Our address as the tracker sees it (BEP 24): a canonical IP literal. */
  readonly externalIp?: string
  readonly trackerId?: Uint8Array
  /** `warning message`, made safe to print. */
  readonly warning?: string
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** Figures of one swarm (BEP 48). */
export interface ScrapeResult {
  readonly seeders: number
  readonly leechers: number
  /** How often the torrent was completed. */
  readonly downloaded: number
}

export interface TrackerCallOptions extends AbortOptions {
  /** Milliseconds for the whole call: name look-up, connecting, redirects, retries. @default 30,000 */
  readonly timeout?: number
}

/** One protocol's client. `HttpTracker` and `UdpTracker` are the two that come with the package. */
export interface TrackerClient extends AsyncDisposable {
  /** @throws SourceError (see the package's list of codes); the signal's reason when aborted */
  announce(url: string, request: AnnounceRequest, options?: TrackerCallOptions): Promise<AnnounceReply>
  /** The answer has one entry for each infohash, in order; undefined where the tracker does not know it. @throws as `announce` */
  scrape(
    url: string,
    infoHashes: readonly InfoHash[],
    options?: TrackerCallOptions,
  ): Promise<readonly (ScrapeResult | undefined)[]>
  close(): Promise<void>
}

/** One address that a tracker's name stands for. */
export interface ResolvedHost {
  /** IP literal. */
  readonly host: string
  readonly family: AddressFamily
}

/** Name to addresses, best first. @default the operating system's resolver */
export type HostResolver = (name: string) => Promise<readonly ResolvedHost[]>

/**
 * Asked before every connection and every datagram's exchange, redirects included, with the very address that will be used
 * (so a name cannot change its mind in between); `from` is the address that redirected to it. A string is the reason to refuse: the
 * call fails with `TRACKER_BLOCKED`.
 */
export type TrackerGuard = (url: URL, address: ResolvedHost, from?: ResolvedHost) => string | undefined
