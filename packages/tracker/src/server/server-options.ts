// What the operator of a tracker chooses.

import type { Clock, InfoHash, Random } from '@torrential/primitives'

export interface TrackerServerOptions {
  /** IP addresses to listen on. @default `::` with IPv4 (or `0.0.0.0` on machines without IPv6) */
  readonly host?: string | readonly string[]
  /** One port for HTTP and UDP on every host; 0 picks one that is free for all. @default 0 */
  readonly port?: number
  /** @default true */
  readonly http?: boolean
  /** @default true */
  readonly udp?: boolean
  /** Milliseconds between a client's announces. @default 1,800,000 */
  readonly interval?: number
  /** Milliseconds that a client must wait at least. @default 60,000 */
  readonly minInterval?: number
  /** Peers in one answer at most. @default 200 */
  readonly maxPeers?: number
  /** Milliseconds after which a silent peer is forgotten. @default 2 × interval */
  readonly peerAge?: number
  /** Torrents known at most; announces of further ones fail. @default 1,000,000 */
  readonly maxTorrents?: number
  /** Peers kept for one torrent and address family; then a newcomer takes a random place. @default 100,000 */
  readonly maxPeersPerTorrent?: number
  /** Infohashes in one HTTP scrape. @default 74 */
  readonly maxScrape?: number
  /** Open HTTP connections. @default 10,000 */
  readonly maxConnections?: number
  /** Heed the `ip` parameter of an HTTP announce instead of the connection's address. @default false */
  readonly trustIp?: boolean
  /** False refuses a torrent (private trackers, block lists). Must be quick. @default everything */
  readonly allow?: (infoHash: InfoHash) => boolean
  readonly clock?: Clock
  readonly random?: Random
}
