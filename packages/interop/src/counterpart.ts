// What every BitTorrent program is to these tests: something that seeds or leeches one torrent and can be asked how far it is.
//
// The smallest set of questions that all of them can answer, so that a test is written once and run against each.
import type { Ground } from './ground.ts'

/** What a program gets to do. */
export interface PeerOptions {
  /** The .torrent file's bytes, with no tracker in them. */
  readonly torrent: Uint8Array
  /** A link to that torrent: a leech gets this alone, and the info dictionary from its peers. @default it gets the torrent */
  readonly magnet?: string
  /** Folder that holds, or will hold, the torrent's file or folder. */
  readonly directory: string
  /** Address of ours to listen on; programs other than ourselves need not heed it. @default the ground's `host` */
  readonly host?: string
  /** Peers to connect to, `address:port`. */
  readonly peers?: readonly string[]
  /** Trackers to announce to. */
  readonly trackers?: readonly string[]
  /** Bytes per second. @default none */
  readonly uploadLimit?: number
  /** Bytes per second. @default none */
  readonly downloadLimit?: number
}

/** How far a peer is. */
export interface PeerStatus {
  /** Which pieces it has, most significant bit first; empty while it is not known. */
  readonly have: Uint8Array
  /** Payload bytes received since it was started. */
  readonly downloaded: number
  /** Payload bytes sent since it was started. */
  readonly uploaded: number
  /** Peers that it is connected to. */
  readonly peers: number
}

/** Bytes per second; 0 lifts a limit. */
export interface Limits {
  readonly upload?: number
  readonly download?: number
}

/** A program at work on one torrent. */
export interface RunningPeer extends AsyncDisposable {
  readonly name: string
  /** Where it takes connections, `address:port`. */
  readonly address: string
  /** Resolves when it has the whole torrent, verified and written. */
  done(): Promise<void>
  status(): Promise<PeerStatus>
  setLimits(limits: Limits): Promise<void>
  /** Ends it; the files stay. */
  stop(): Promise<void>
  /** The last it said, for messages. */
  output(): string
}

/** A program that these tests can run. */
export interface Counterpart {
  readonly name: string
  /** True when its peers must not have loopback addresses: the test then needs a ground with a namespace. */
  readonly needsNamespace: boolean
  /** True, or why it cannot run here. */
  available(): Promise<true | string>
  seed(ground: Ground, options: PeerOptions): Promise<RunningPeer>
  leech(ground: Ground, options: PeerOptions): Promise<RunningPeer>
}
