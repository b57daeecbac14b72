// Everything a torrent can tell, as one union on `type`. Each event carries its torrent, because the session's stream is the
// union of its torrents' streams. The table in the README maps Net::BitTorrent's 21 events to these.

import type { InputError, PeerAddress, StorageError, TorrentialError } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { TrackerEvent } from '@torrential/tracker'
import type { Peer } from './peer.ts'
import type { Torrent } from './torrent.ts'
import type { TorrentFile } from './torrent-file.ts'

interface Of<Type extends string> {
  readonly type: Type
  readonly torrent: Torrent
}

/** Hash check of what is on disk, while it runs: `done` of `of` pieces looked at, `have` of them good. */
export interface CheckingEvent extends Of<'checking'> {
  readonly done: number
  readonly of: number
  readonly have: number
}

/** The check is over and the torrent takes part in its swarm (or is stopped, if it was added so). */
export interface ReadyEvent extends Of<'ready'> {
  readonly have: number
  readonly of: number
}

/** A piece passed its hash and is written: `have` of `of` pieces are here now. */
export interface PieceEvent extends Of<'piece'> {
  readonly piece: number
  readonly have: number
  readonly of: number
}

export interface PieceFailedEvent extends Of<'piece-failed'> {
  readonly piece: number
}

export interface FileCompleteEvent extends Of<'file-complete'> {
  readonly file: TorrentFile
}

/** A file that was not on disk was taken from another torrent (BEP 38); what is good of it the check tells. */
export interface FileReusedEvent extends Of<'file-reused'> {
  readonly file: TorrentFile
  readonly from: Torrent
  /** `link`: one file with two names. */
  readonly method: 'link' | 'copy'
}

/** `torrent.move` or `file.rename` brought a file that is on disk to a new place. Absolute paths. */
export interface FileMovedEvent extends Of<'file-moved'> {
  readonly file: TorrentFile
  readonly from: string
  readonly to: string
}

/** `torrent.path` is another folder now, and all files are there. Absolute paths. */
export interface MovedEvent extends Of<'moved'> {
  readonly from: string
  readonly to: string
}

/**
 * A StorageError: the torrent stopped moving data because of its disk; `resume()` or `start()` tries again. An InputError: the
 * metadata of a magnet link has arrived and cannot be used. Never dropped.
 */
export interface ErrorEvent extends Of<'error'> {
  readonly error: StorageError | InputError
}

/** Something is wrong that does not stop the torrent, e.g. a state file that had to be ignored. */
export interface WarningEvent extends Of<'warning'> {
  readonly error: TorrentialError
}

export interface PeerConnectedEvent extends Of<'peer-connected'> {
  readonly peer: Peer
}

export interface PeerDisconnectedEvent extends Of<'peer-disconnected'> {
  readonly peer: Peer
  /** The code of the PeerError that ended it, e.g. `CONNECTION_CLOSED`, `IDLE_TIMEOUT`, `SEED_TO_SEED`. */
  readonly reason: string
  readonly error: TorrentialError | undefined
}

/** An attempt to dial failed, or its handshake did. */
export interface PeerFailedEvent extends Of<'peer-failed'> {
  readonly address: PeerAddress
  readonly error: TorrentialError
}

/** The peer filter, a ban or a limit kept an address out. */
export interface PeerBlockedEvent extends Of<'peer-blocked'> {
  readonly address: PeerAddress
  readonly reason: 'filter' | 'banned' | 'limit'
}

/** What changed between us and a peer. */
export interface PeerStateEvent extends Of<'peer-state'> {
  readonly peer: Peer
  readonly change: 'choked' | 'unchoked' | 'interested' | 'not-interested' | 'snubbed' | 'banned'
  /** Whose doing it is: we choke the peer or it chokes us; interest is the peer's in us; we snub and ban. */
  readonly by: 'us' | 'peer'
}

/** Opt-in: bytes of payload and protocol that moved. */
export interface PeerBytesEvent extends Of<'peer-bytes'> {
  readonly peer: Peer
  readonly direction: 'in' | 'out'
  readonly bytes: number
}

/** Opt-in: every message. Blocks inside are views that must not be kept or changed. */
export interface MessageEvent extends Of<'message'> {
  readonly peer: Peer
  readonly direction: 'in' | 'out'
  readonly message: Message
}

/** What the announcer tells (`tracker-announcing`, `tracker-reply`, `tracker-warning`, `tracker-error`), with its torrent. */
export type TorrentTrackerEvent = TrackerEvent & {
  readonly torrent: Torrent
  /** Of the swarm that it is about, 40 hexadecimal digits: a hybrid torrent has two, and each is announced to. */
  readonly infoHash: string
}

/** Opt-in: the handle pool opened or closed a file. */
export interface FileHandleEvent extends Of<'file-opened' | 'file-closed'> {
  readonly file: TorrentFile
}

/** Opt-in: bytes read from or written to a file. */
export interface FileBytesEvent extends Of<'file-read' | 'file-written'> {
  readonly file: TorrentFile
  readonly bytes: number
}

/** The info dictionary of a magnet link has arrived: files, lengths and the rest are known from now on. Never dropped. */
export type MetadataEvent = Of<'metadata'>

export type TorrentEvent =
  | MetadataEvent
  | CheckingEvent
  | ReadyEvent
  | Of<'started'>
  | Of<'stopped'>
  | Of<'paused'>
  | Of<'resumed'>
  | PieceEvent
  | PieceFailedEvent
  | FileCompleteEvent
  | FileReusedEvent
  | FileMovedEvent
  | MovedEvent
  | Of<'done'>
  | ErrorEvent
  | WarningEvent
  | PeerConnectedEvent
  | PeerDisconnectedEvent
  | PeerFailedEvent
  | PeerBlockedEvent
  | PeerStateEvent
  | PeerBytesEvent
  | MessageEvent
  | TorrentTrackerEvent
  | FileHandleEvent
  | FileBytesEvent
  | Of<'closed'>

export type TorrentEventType = TorrentEvent['type']

/** Costly or noisy: delivered only to those who name them in `events({ types })`. */
export const OPT_IN_EVENTS: readonly TorrentEventType[] = [
  'peer-bytes',
  'message',
  'file-opened',
  'file-closed',
  'file-read',
  'file-written',
]

/** Never dropped, however slow the reader. */
export const KEPT_EVENTS: readonly TorrentEventType[] = ['error', 'metadata', 'done', 'closed']
