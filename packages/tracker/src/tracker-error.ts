// One way to make the errors of this package. The message names the host only: the path and query of an announce URL often
// hold a passkey, and messages end in logs. The whole URL is in `data.url` for programs.

import { type ErrorDetails, SourceError } from '@torrential/primitives'

/** Every code of a `SourceError` from this package; the README says what each means. */
export type TrackerErrorCode =
  | 'TRACKER_URL'
  | 'TRACKER_BLOCKED'
  | 'TRACKER_UNREACHABLE'
  | 'TRACKER_TLS'
  | 'TRACKER_TIMEOUT'
  | 'TRACKER_HTTP_STATUS'
  | 'TRACKER_REDIRECTS'
  | 'TRACKER_TOO_LARGE'
  | 'TRACKER_REPLY'
  | 'TRACKER_FAILURE'
  | 'TRACKER_SCRAPE_UNSUPPORTED'
  | 'TRACKER_NONE'
  | 'TRACKER_CLOSED'

/** `about` is the tracker; its host opens the message. */
export function trackerError(
  code: TrackerErrorCode,
  about: URL | string,
  message: string,
  details: ErrorDetails = {},
): SourceError {
  const host = typeof about === 'string' ? 'tracker' : about.host
  return new SourceError(code, `${host}: ${message}`, { ...details, url: String(about) })
}

/** Bytes that a failed call had moved, for its event. */
export interface Traffic {
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** As recorded in the error's data; zeros when the call never got that far. */
export function trafficOf(error: SourceError): Traffic {
  const { bytesSent, bytesReceived } = error.data
  return {
    bytesSent: typeof bytesSent === 'number' ? bytesSent : 0,
    bytesReceived: typeof bytesReceived === 'number' ? bytesReceived : 0,
  }
}
