// What a user may set, with every default and the reason for it in one place.

import {
  BLOCK_LENGTH,
  type Clock,
  InputError,
  type PeerAddress,
  type PeerId,
  type Random,
} from '@torrential/primitives'
import type { Transport } from '@torrential/contracts'
import type { PathRules } from '@torrential/metainfo'
import type { FileSystem } from '@torrential/storage'
import type { TrackerGuard } from '@torrential/tracker'

export interface SessionOptions {
  /** Ports to try in order; 0 is any free one. @default [6881 … 6889, 0] */
  readonly port?: number | readonly number[]
  /** Local address to listen on. @default every address, IPv6 and IPv4 */
  readonly host?: string
  /** False: nobody can connect to us; we still connect to others. @default true */
  readonly listen?: boolean
  /** 20 bytes. @default `-TO…-` and random bytes, new for each session */
  readonly peerId?: PeerId
  /**
   * Folder for what is remembered of torrents between two runs, of this session alone; `session.restore()` adds them again. Absent:
   * nothing is remembered, and every add checks what is on disk.
   */
  readonly state?: string
  /** False keeps an address out, both ways. */
  readonly peerFilter?: (address: PeerAddress) => boolean
  /** Connections of all torrents. @default 200 */
  readonly maxConnections?: number
  /** Connections of one torrent. @default 55 */
  readonly maxTorrentConnections?: number
  /** Bytes per second, all torrents. @default Infinity */
  readonly maxDown?: number
  /** Bytes per second, all torrents. @default Infinity */
  readonly maxUp?: number
  /** Bytes requested or received but not yet written, all torrents. @default 64 MiB */
  readonly unwrittenBytes?: number
  /** Bytes of pieces kept in memory for uploads and readers, all torrents; used as pieces are read. @default 16 MiB */
  readonly readCache?: number
  /** Open files. @default 100 */
  readonly maxOpenFiles?: number
  /** Announce to the trackers that torrents name. @default true */
  readonly trackers?: boolean
  /**
   * Asked with the address of every connection to a tracker; a string refuses it (`TRACKER_BLOCKED`). False lets torrents ask
   * anything of this machine and its network. @default only `/announce` without a query, and no redirect from outside, there
   */
  readonly trackerGuard?: TrackerGuard | false
  /** Connections are dialed and accepted through it; the session closes it. @default TCP */
  readonly transport?: Transport
  /**
   * What is done to files, those of torrents and of the state folder; files are then hashed on this thread. What a new torrent is made
   * of is looked for with the machine's own. @default the machine's own, and threads for hashing
   */
  readonly fileSystem?: FileSystem
  readonly clock?: Clock
  readonly random?: Random
}

export interface AddOptions {
  /** Folder that receives the torrent's files. @default the current folder */
  readonly path?: string
  /**
   * How file names of the .torrent become names on disk: `portable` ones that every system can hold, or `posix`, which keeps
   * names such as `a:b`. No effect on a parsed torrent. @default 'portable'
   */
  readonly paths?: PathRules
  /** Aborts adding; no effect later. */
  readonly signal?: AbortSignal
  /** False: added but stopped after its check, until `start()`. @default true */
  readonly start?: boolean
  /** Peers to connect to, as `1.2.3.4:6881` or addresses. */
  readonly peers?: readonly (string | PeerAddress)[]
  /** False: announce to none. An array: these tiers besides the torrent's own. */
  readonly trackers?: boolean | readonly (readonly string[])[]
  /** Only the files for which it is true are downloaded; the others get priority 0. */
  readonly select?: (file: { readonly path: string; readonly length: number; readonly index: number }) => boolean
  /** Pieces in order rather than rarest first. @default false */
  readonly sequential?: boolean
  /** Bytes per second, this torrent. @default Infinity */
  readonly maxDown?: number
  /** Bytes per second, this torrent. @default Infinity */
  readonly maxUp?: number
  /** @default the session's `maxTorrentConnections` */
  readonly maxConnections?: number
  /**
   * Files that are not on disk and that a related torrent of the session has complete (BEP 38) are taken from there: `link` gives
   * a file that is surely the same, by its pieces root, another name, and copies what is only likely to be; `copy` always copies.
   * False downloads them. @default 'link'
   */
  readonly reuse?: 'link' | 'copy' | false
  /** `auto` trusts a resume record when sizes and times of the files agree, `full` hashes everything. @default 'auto' */
  readonly check?: 'auto' | 'full'
}

/** Of `torrent.move` and `file.rename`. */
export interface MoveOptions {
  /** Replaces files that are in the new places. @default false: StorageError `FILE_EXISTS` */
  readonly overwrite?: boolean
  /** Stops after the file that is being moved, or in the middle of copying one: the same call goes on. */
  readonly signal?: AbortSignal
}

export interface RestoreOptions {
  /** False leaves out torrents that were stopped; they stay in the folder. @default true */
  readonly stopped?: boolean
  /** Ends it; what was added until then stays. */
  readonly signal?: AbortSignal
}

export const DEFAULTS = {
  // The range that BitTorrent has always used, then whatever is free: a busy port must not stop a session.
  port: [6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889, 0],
  maxConnections: 200,
  maxTorrentConnections: 55,
  // Enough to keep a 10 Gbit/s line busy through a disk hiccup of 50 ms, small enough for a Raspberry Pi.
  unwrittenBytes: 64 * 1024 * 1024,
  // A few pieces per reader: more is the system's own cache doing the same again.
  readCache: 16 * 1024 * 1024,
  /** Bytes from peers that are worked on in one turn of the event loop: some three milliseconds of hashing and writing. */
  turnBytes: 1024 * 1024,
  maxOpenFiles: 100,
  // Half-open connections trouble home routers; 30 new ones a second is what libtorrent settled on.
  dialsPerSecond: 30,
  // And 30 more at once; libtorrent has as many for each torrent that begins.
  dialBurst: 60,
  dialsAtOnce: 20,
  // What a torrent dials before it looks what came of it; as many again ten times a second. More than the pace of the session in
  // the long run, so that only a burst is spread.
  dialStep: 10,
  dialStepTime: 100,
  // Between two dials of a torrent that has as many, while the session has more to work on than it can.
  dialCrowdedTime: 1_000,
  dialTimeout: 10_000,
  handshakeTimeout: 10_000,
  pendingHandshakes: 256,
  // BEP 3 lets a tracker's `stopped` be lost; a user who closes a program will not wait five seconds, and there is more to close.
  stopTimeout: 4_000,
  // What `session.close()` may take in all: whoever promises five seconds needs some for a loop that is late.
  closeTimeout: 4_700,
  // How long bytes may wait in the system's memory before the disk has them: what a power cut makes us hash again.
  resumeInterval: 30_000,
  // What `kill -9` may cost: verified pieces of a second, or 8 and what comes meanwhile; of small pieces as many as are 2 MiB, 32 at most.
  journalDelay: 1_000,
  journalBatch: 8,
  journalMost: 32,
  journalBytes: 2_097_152,
  /** Pieces that wait for the journal before writes wait for it; as many as make 6 MiB, of small ones. */
  journalBehind: 24,
  journalBehindBytes: 6_291_456,
  // A file's time is explained by the last line before it, within a minute.
  journalSign: 20_000,
  // Some 40,000 pieces; then the record is written anew.
  journalLimit: 256 * 1024,
  // What a user changes comes in bursts; a crash right after may cost the last of it.
  entryDelay: 1_000,
  // Soon enough for a disk that somebody empties meanwhile, seldom enough for one that stays full.
  faultRetry: 30_000,
  faultRetryLimit: 600_000,
  // Twice the I/O threads that Node starts with: one is busy while the next is handed over, and who comes later waits for two.
  writesAtOnce: 8,
  // Of pieces that are written together. What is being written when the process dies is lost, on top of what waits for the journal.
  writeBytes: 1_048_576,
  // A seed that is asked for now and then keeps what it needs; one that is not gives back two thirds of its memory.
  restAfter: 60_000,
  // Hashing uses every core by itself; a second check hides the pauses between the files of the first.
  checksAtOnce: 2,
} as const

/** @throws InputError `OPTION_RANGE` unless `value` is undefined or a number above 0 (Infinity included) */
export function checkPositive(name: string, value: number | undefined): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0)) {
    throw new InputError('OPTION_RANGE', `${name} must be above 0, not ${String(value)}`, { option: name })
  }
}

/** @throws InputError `OPTION_RANGE` unless `value` is undefined or a whole number of at least `least` */
export function checkWhole(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
    throw new InputError('OPTION_RANGE', `${name} must be a whole number from ${least}, not ${String(value)}`, {
      option: name,
    })
  }
}

/** @throws InputError `OPTION_RANGE` */
export function checkSessionOptions(options: SessionOptions): void {
  for (const name of ['maxConnections', 'maxTorrentConnections', 'maxDown', 'maxUp'] as const) {
    checkPositive(name, options[name])
  }
  checkWhole('unwrittenBytes', options.unwrittenBytes, BLOCK_LENGTH)
  checkWhole('readCache', options.readCache, 1)
  checkWhole('maxOpenFiles', options.maxOpenFiles, 1)
}
