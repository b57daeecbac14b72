// What an announcer tells its listeners. Byte counts are payload bytes of requests and replies (no TCP, TLS or UDP headers).

import type { SourceError } from '@torrential/primitives'
import type { AnnounceEventName } from './tracker-client.ts'

interface TrackerEventBase {
  readonly url: string
  /** Index of the tier (BEP 12), 0 first. */
  readonly tier: number
}

/** An announce (or scrape) is on its way. */
export interface TrackerAnnouncing extends TrackerEventBase {
  readonly type: 'tracker-announcing'
  readonly event: AnnounceEventName | undefined
}

/** A tracker answered. */
export interface TrackerReply extends TrackerEventBase {
  readonly type: 'tracker-reply'
  readonly event: AnnounceEventName | undefined
  /** Peers in this reply. */
  readonly peers: number
  readonly seeders: number | undefined
  readonly leechers: number | undefined
  readonly downloaded: number | undefined
  /** Milliseconds, clamped as it will be followed. */
  readonly interval: number
  /** Milliseconds until the next announce to this tracker. */
  readonly nextAnnounce: number
  /** Our address as the tracker sees it (BEP 24). */
  readonly externalIp: string | undefined
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** The answer carried a `warning message`; it counts all the same. */
export interface TrackerWarning extends TrackerEventBase {
  readonly type: 'tracker-warning'
  /** Safe to print: no control characters, at most 500 characters. */
  readonly message: string
}

/** An announce failed; the next tracker is tried and this one backs off. */
export interface TrackerFailed extends TrackerEventBase {
  readonly type: 'tracker-error'
  readonly event: AnnounceEventName | undefined
  readonly error: SourceError
  /** Failures in a row. */
  readonly fails: number
  /** Milliseconds until this tracker is tried again; Infinity when it said never (BEP 31). */
  readonly nextAnnounce: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

export type TrackerEvent = TrackerAnnouncing | TrackerReply | TrackerWarning | TrackerFailed
