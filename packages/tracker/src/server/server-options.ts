// What the operator of a tracker chooses, and the checks at the door.

import { isIP } from 'node:net'
import { type Clock, InputError, type InfoHash, type Random, SeededRandom, readUint32 } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'

/** What `allow` may look at beside the infohash. */
export interface AllowContext {
  /** Path and query as the client sent them (over UDP: its BEP 41 URL data, '' if it sent none): where passkeys are. */
  readonly target: string
  /** The client's address: an IP literal as the system spells it. */
  readonly host: string
}

export interface TrackerServerOptions {
  /** IP addresses to listen on. @default `::` with IPv4, or `0.0.0.0` on machines without IPv6 */
  readonly host?: string | readonly string[]
  /** One port for HTTP and UDP on every host; 0 picks one that is free for all. @default 0 */
  readonly port?: number
  /** @default true */
  readonly http?: boolean
  /** @default true */
  readonly udp?: boolean
  /** Milliseconds between a client's announces. @default 1,800,000 */
  readonly interval?: number
  /** Milliseconds that a client is asked to wait at least. @default 60,000 */
  readonly minInterval?: number
  /** Peers in one answer at most, 1 … 1,000; over UDP never more than fit a packet. @default 200 */
  readonly maxPeers?: number
  /** Milliseconds after which a silent peer is forgotten. @default 2 × interval */
  readonly peerAge?: number
  /** Torrents known at most; announces of further ones fail. @default 500,000 */
  readonly maxTorrents?: number
  /** Peers kept for one torrent, for each of seeds and leeches, IPv4 and IPv6. @default 100,000 */
  readonly maxPeersPerTorrent?: number
  /** Open HTTP connections. @default 10,000 */
  readonly maxConnections?: number
  /** Heed the `ip` that a client claims instead of the address that it comes from. @default false */
  readonly trustIp?: boolean
  /** False refuses a torrent (private trackers, block lists). Must be quick. @default everything */
  readonly allow?: (infoHash: InfoHash, context: AllowContext) => boolean
  readonly clock?: Clock
  readonly random?: Random
}

/** Options with every default filled in. */
export interface ServerSettings extends Omit<Required<TrackerServerOptions>, 'host' | 'allow'> {
  /** Undefined: all addresses. */
  readonly hosts: readonly string[] | undefined
  readonly allow: TrackerServerOptions['allow'] | undefined
}

/** Half an hour is what public trackers ask; 500,000 torrents of a peer each take about 300 MB; the rest follows from these. */
const DEFAULTS = {
  port: 0,
  http: true,
  udp: true,
  interval: 1_800_000,
  minInterval: 60_000,
  maxPeers: 200,
  maxTorrents: 500_000,
  maxPeersPerTorrent: 100_000,
  maxConnections: 10_000,
  trustIp: false,
  clock: systemClock,
} as const

/** @throws InputError `TRACKER_OPTION` */
export function serverSettings(options: TrackerServerOptions): ServerSettings {
  const { host, allow, ...chosen } = options
  const settings = {
    ...DEFAULTS,
    peerAge: 2 * (options.interval ?? DEFAULTS.interval),
    // Choosing peers needs speed, not secrecy; secrets take the strong source (see `createTrackerServer`).
    random: options.random ?? new SeededRandom(readUint32(systemRandom.bytes(4), 0)),
    ...definedOnly(chosen),
    hosts: host === undefined ? undefined : typeof host === 'string' ? [host] : [...host],
    allow,
  }
  whole('port', settings.port, 0, 65_535)
  whole('interval', settings.interval, 1_000, 86_400_000)
  whole('minInterval', settings.minInterval, 0, settings.interval)
  whole('maxPeers', settings.maxPeers, 1, 1_000)
  whole('peerAge', settings.peerAge, 1_000, 604_800_000)
  whole('maxTorrents', settings.maxTorrents, 1, 16_000_000)
  whole('maxPeersPerTorrent', settings.maxPeersPerTorrent, 1, 16_000_000)
  whole('maxConnections', settings.maxConnections, 1, 1_000_000)
  for (const literal of settings.hosts ?? []) {
    if (isIP(literal) === 0) throw new InputError('TRACKER_OPTION', `host must be an IP address, not ${literal}`)
  }
  if (settings.hosts?.length === 0) throw new InputError('TRACKER_OPTION', 'host must name at least one address')
  if (!settings.http && !settings.udp) throw new InputError('TRACKER_OPTION', 'http and udp cannot both be off')
  return settings
}

/** `undefined` given on purpose means the default, as if the option were absent. */
function definedOnly<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}

function whole(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw new InputError('TRACKER_OPTION', `${name} must be a whole number from ${low} to ${high}, not ${value}`)
}
