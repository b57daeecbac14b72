import type { EventStream, LaggedEvent, PeerAddress, SubscribeOptions, TorrentialError } from '@torrential/primitives'
import type { TrackerServerOptions } from './server-options.ts'

export interface TrackerServerStats {
  readonly torrents: number
  readonly seeders: number
  readonly leechers: number
  /** Answered announces since the start. */
  readonly announces: { readonly http: number; readonly udp: number }
  readonly scrapes: { readonly http: number; readonly udp: number }
  /** Requests that got an error or, where even that would be abuse, nothing. */
  readonly refused: { readonly http: number; readonly udp: number }
  /** Milliseconds since the start. */
  readonly uptime: number
}

export type TrackerServerEvent =
  | {
      /** Opt-in: name it in `types`. */
      readonly type: 'announce'
      readonly infoHash: string
      readonly address: PeerAddress
      readonly event: 'none' | 'started' | 'completed' | 'stopped'
      readonly seed: boolean
    }
  | { readonly type: 'error'; readonly error: TorrentialError }
  | { readonly type: 'closed' }

export interface TrackerServer extends AsyncDisposable {
  /** Announce URLs: `http://127.0.0.1:PORT/announce`, `udp://127.0.0.1:PORT/announce` … */
  readonly urls: readonly string[]
  /** The first host and the port in fact bound. */
  readonly address: PeerAddress
  /** A snapshot. */
  readonly stats: TrackerServerStats
  events(options?: SubscribeOptions<TrackerServerEvent['type']>): EventStream<TrackerServerEvent | LaggedEvent>
  /** Idempotent; resolves when every socket is closed. */
  close(): Promise<void>
}

/** Starts a tracker. @throws InputError `TRACKER_OPTION`, `LISTEN_IN_USE`, `LISTEN_DENIED`, `LISTEN_FAILED` */
export function createTrackerServer(_options: TrackerServerOptions = {}): Promise<TrackerServer> {
  throw new Error('being written')
}
