// What `--json` prints: one object per line, told apart by `type`. Scripts rely on these shapes; fields are only ever added.
// Hashes are lower-case hexadecimal, sizes are bytes, rates bytes per second.

/** What `edit` made of a torrent. The infohashes are what they were. */
export interface EditedLine {
  readonly type: 'edited'
  readonly path: string
  readonly name: string
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  /** Tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  readonly comment: string | null
}

/** A torrent was checked and takes part in its swarm. */
export interface ReadyLine {
  readonly type: 'ready'
  /** Swarm id: the v1 infohash, of a v2-only torrent the first 40 digits of its v2 infohash. */
  readonly torrent: string
  readonly name: string
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  /** The port that is listened on. */
  readonly port: number
  /** Pieces that are here, of so many. */
  readonly have: number
  readonly of: number
}

/** The metadata of a magnet link has come from peers; `checking` and `ready` follow. */
export interface MetadataLine {
  readonly type: 'metadata'
  readonly torrent: string
  readonly name: string
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  /** Bytes of all files. */
  readonly length: number
  readonly pieceLength: number
  readonly pieceCount: number
  readonly files: number
}

/** The hash check of what is on disk, about once per hundredth: `done` of `of` pieces looked at, `have` of them good. */
export interface CheckingLine {
  readonly type: 'checking'
  readonly torrent: string
  readonly done: number
  readonly have: number
  readonly of: number
}

/** Twice a second for every torrent that moves data, and once before it is done. */
export interface ProgressLine {
  readonly type: 'progress'
  readonly torrent: string
  readonly name: string
  /** Bytes of blocks received in this run. */
  readonly downloaded: number
  /** Bytes of blocks sent in this run. */
  readonly uploaded: number
  readonly have: number
  readonly of: number
  readonly downRate: number
  readonly upRate: number
  readonly peers: number
  /** Bytes that are wanted, and how many of them are still missing. */
  readonly bytesWanted: number
  readonly bytesLeft: number
  /** Milliseconds, null when unknown. */
  readonly eta: number | null
}

/** A piece is verified and written. */
export interface PieceLine {
  readonly type: 'piece'
  readonly torrent: string
  readonly piece: number
  readonly have: number
  readonly of: number
}

/** Every byte of a file is here. */
export interface FileCompleteLine {
  readonly type: 'file-complete'
  readonly torrent: string
  readonly path: string
  readonly length: number
}

/** Everything wanted of one torrent is here. */
export interface TorrentDoneLine {
  readonly type: 'torrent-done'
  readonly torrent: string
  readonly name: string
  readonly seconds: number
}

/** All torrents of the command are done: the last line, unless `--seed` goes on. */
export interface DoneLine {
  readonly type: 'done'
  /** Since the command started. */
  readonly seconds: number
  readonly downloaded: number
  readonly uploaded: number
}

/** Something failed. Fatal for the torrent that it names, or for the command when it names none. */
export interface ErrorLine {
  readonly type: 'error'
  readonly torrent?: string
  /** The source as given, when it could not be added. */
  readonly source?: string
  readonly code: string
  readonly message: string
}

/** Something is not as it should be, and the torrent goes on. */
export interface WarningLine {
  readonly type: 'warning'
  /** Absent when it is about the whole command. */
  readonly torrent?: string
  /** Of the tracker that it is about. */
  readonly url?: string
  readonly code: string
  readonly message: string
}

/** The reader of stdout was too slow: so many lines are missing here. */
export interface LaggedLine {
  readonly type: 'lagged'
  readonly dropped: number
}

/** A signal arrived: connections are closed and trackers told. */
export interface StoppingLine {
  readonly type: 'stopping'
}

/** `verify`: a file that is not complete, and how many of its pieces are good. */
export interface FileDamagedLine {
  readonly type: 'file-damaged'
  readonly path: string
  readonly have: number
  readonly of: number
}

/** The last line of `verify`. */
export interface VerifiedLine {
  readonly type: 'verified'
  readonly torrent: string
  readonly have: number
  readonly of: number
}

/** `create`: bytes hashed so far. */
export interface HashingLine {
  readonly type: 'hashing'
  readonly done: number
  readonly of: number
}

/** The last line of `create`. */
export interface CreatedLine {
  readonly type: 'created'
  /** The .torrent that was written. */
  readonly path: string
  readonly name: string
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  readonly length: number
  readonly pieceLength: number
  readonly pieceCount: number
  readonly files: number
}

/** `demo`: what it does now. */
export interface StepLine {
  readonly type: 'step'
  readonly text: string
}

/** The last line of `demo`. */
export interface DemoLine {
  readonly type: 'demo'
  /** True when both copies are the original, byte for byte. */
  readonly identical: boolean
  /** Bytes and files of the torrent. */
  readonly length: number
  readonly files: number
  /** Bytes of the copies that were compared with the original. */
  readonly compared: number
  /** What is not the same, at most 20. */
  readonly differences: readonly string[]
  readonly leeches: readonly {
    readonly name: string
    /** From the start of the process' work to the last piece. */
    readonly seconds: number
    /** Bytes per second over that time. */
    readonly rate: number
    readonly downloaded: number
    readonly uploaded: number
  }[]
  /** Of everything, generating and comparing included. */
  readonly seconds: number
}

/** Everything that commands report through a `Reporter`. */
export type ReportLine =
  | ReadyLine
  | MetadataLine
  | CheckingLine
  | ProgressLine
  | PieceLine
  | FileCompleteLine
  | TorrentDoneLine
  | DoneLine
  | ErrorLine
  | WarningLine
  | LaggedLine
  | StoppingLine
  | FileDamagedLine
  | VerifiedLine
  | HashingLine
  | CreatedLine
  | EditedLine
  | StepLine
  | DemoLine

/** One object, one line. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`
}
