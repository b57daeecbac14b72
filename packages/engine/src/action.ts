// What a swarm engine wants done. The driver performs each action and reports back through the engine's inputs.

import type { BlockRef, PeerError, PeerKey, PieceIndex } from '@torrential/primitives'
import type { ExtensionHandshake, Message } from '@torrential/protocol'

export type Action =
  /** Hand the message to that peer's wire. */
  | { readonly type: 'send'; readonly peer: PeerKey; readonly message: Message }
  /** Tell that peer of these pieces, at least two, with a `have` for each. */
  | { readonly type: 'send-haves'; readonly peer: PeerKey; readonly pieces: readonly PieceIndex[] }
  /** End the connection; answer with `disconnected`. */
  | { readonly type: 'close'; readonly peer: PeerKey; readonly error: PeerError }
  /**
   * The whole piece is in memory: verify, write, then answer `committed`, `rejected` (hash) or `failed` (disk). `blocks` are
   * in order and gapless; they stay unchanged until the answer arrives.
   */
  | { readonly type: 'commit'; readonly piece: PieceIndex; readonly blocks: readonly Uint8Array[] }
  /**
   * A run of a piece that is not held in memory as a whole, not verified yet: write it, feed the piece's running hash where
   * the run continues it, then answer `written` (or `failed`). Runs come in any order and never twice. Mostly pieces above
   * `wholePieceLimit`; when the credit is short, also smaller ones that wait for a peer.
   */
  | {
      readonly type: 'write'
      readonly piece: PieceIndex
      readonly offset: number
      readonly blocks: readonly Uint8Array[]
    }
  /** Every run of the piece has been written: verify it, then answer `committed`, `rejected` or `failed`. */
  | { readonly type: 'verify'; readonly piece: PieceIndex }
  /**
   * v2 and hybrid: what the blocks of the piece on disk hash to is to be known – a peer asked, or the piece failed. Read it and
   * answer `blockHashes` with what `MerkleHasher.leaves` of @torrential/metainfo gives for its bytes without padding, or with
   * undefined when it cannot be read.
   */
  | { readonly type: 'hash-blocks'; readonly piece: PieceIndex }
  /**
   * Something waits for the peer that did not before: start pulling `nextReply(peer)` and `nextUpload(peer)` while its wire takes
   * more.
   */
  | { readonly type: 'upload-ready'; readonly peer: PeerKey }
  | { readonly type: 'event'; readonly event: EngineEvent }

/** What observers of a swarm may want to know. */
export type EngineEvent =
  /** `us`: we choked or unchoked the peer; `peer`: it did that to us. */
  | { readonly type: 'choked' | 'unchoked'; readonly peer: PeerKey; readonly by: 'us' | 'peer' }
  /** The peer's interest in what we have. */
  | { readonly type: 'interested' | 'not-interested'; readonly peer: PeerKey }
  | { readonly type: 'snubbed'; readonly peer: PeerKey }
  /** A peer was proven to have sent a wrong block; a `close` action with code `PEER_BANNED` follows. */
  | { readonly type: 'banned'; readonly peer: PeerKey; readonly piece: PieceIndex }
  /** The peer's extension handshake (BEP 10) arrived; it may come again with what changed. `handshake` is this one alone. */
  | {
      readonly type: 'extension-handshake'
      readonly peer: PeerKey
      readonly client: string | undefined
      readonly listenPort: number | undefined
      readonly handshake: ExtensionHandshake
    }
  /** Bytes thrown away: duplicates of endgame, blocks nobody asked for, blocks of failed pieces. */
  | {
      readonly type: 'waste'
      readonly peer: PeerKey
      readonly bytes: number
      readonly reason: 'late' | 'unexpected' | 'failed'
    }
  /**
   * A block of a piece that a reader waits for came, and is right whatever becomes of the piece (BEP 52). It is not on disk yet;
   * what is to be kept of it has to be copied.
   */
  | { readonly type: 'block'; readonly piece: PieceIndex; readonly offset: number; readonly block: Uint8Array }
  /** The piece layer of a file came from peers (BEP 52), 32 bytes a piece; `piecesRoot` has 32 bytes. */
  | { readonly type: 'piece-layer'; readonly piecesRoot: Uint8Array; readonly hashes: Uint8Array }
  | { readonly type: 'endgame'; readonly active: boolean }
  /** Every wanted piece is here (again after the selection has grown and was fetched). */
  | { readonly type: 'finished' }

/** A block a peer is to be given next, from `nextUpload`. */
export type Upload = BlockRef
