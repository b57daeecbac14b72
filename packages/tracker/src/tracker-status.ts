// What a user sees of one tracker of one torrent: a snapshot, not a live view.

/**
 * `idle`: not asked yet. `announcing`: a call is under way. `working`: the last call succeeded. `failing`: the last call failed,
 * it backs off. `disabled`: never asked (again): an unsupported or malformed URL, or the tracker said so (BEP 31).
 */
export type TrackerState = 'idle' | 'announcing' | 'working' | 'failing' | 'disabled'

export interface TrackerStatus {
  readonly url: string
  /** Index of the tier (BEP 12), 0 first. */
  readonly tier: number
  readonly state: TrackerState
  /** Failures in a row. */
  readonly fails: number
  /** Of the last call, when it failed. The message is safe to print. */
  readonly lastError: { readonly code: string; readonly message: string } | undefined
  /** The last reply's warning. */
  readonly warning: string | undefined
  readonly seeders: number | undefined
  readonly leechers: number | undefined
  readonly downloaded: number | undefined
  /** Peers in the last reply. */
  readonly peers: number | undefined
  /** Milliseconds from now; 0 when due, undefined when nothing is planned. */
  readonly nextAnnounce: number | undefined
  /** Milliseconds since the last successful announce. */
  readonly lastAnnounce: number | undefined
  /** It knows that we are here: it will be sent `stopped`. */
  readonly started: boolean
}
