// What a session tells: everything its torrents tell, and the little that belongs to none of them.

import type { PeerAddress, StorageError } from '@torrential/primitives'
import type { Torrent } from './torrent.ts'
import type { TorrentEvent } from './torrent-events.ts'

export type SessionEvent =
  | TorrentEvent
  | { readonly type: 'listening'; readonly address: PeerAddress }
  | { readonly type: 'torrent-added'; readonly torrent: Torrent }
  | { readonly type: 'torrent-removed'; readonly torrent: Torrent }
  /** An address that the peer filter keeps out connected to us, before a torrent was involved. */
  | {
      readonly type: 'peer-blocked'
      readonly torrent: undefined
      readonly address: PeerAddress
      readonly reason: 'filter'
    }
  /** `restore`: a torrent of the state folder could not be added. */
  | { readonly type: 'warning'; readonly torrent: undefined; readonly error: StorageError }
  /** Somebody connected and was turned away before a torrent was involved. */
  | { readonly type: 'inbound-refused'; readonly address: PeerAddress; readonly reason: string }

export type SessionEventType = SessionEvent['type']
