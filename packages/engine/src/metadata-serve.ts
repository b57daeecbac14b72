// Giving the info dictionary to peers that have only its hash (BEP 9). Answers wait in the peer's queue as piece numbers and
// become messages when the driver pulls them, so a peer that asks and does not read costs a few hundred small integers.
// Without a dictionary to give – it is not known, or the torrent is private – every request is rejected.

import { isTorrentialError, PeerError } from '@torrential/primitives'
import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  EXTENSION_NAMES,
  type Message,
  METADATA_PIECE_LENGTH,
  metadataPieceLength,
} from '@torrential/protocol'
import type { Connections } from './connections.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { violation } from './violation.ts'

/** Answers that wait for one peer: 4 MiB. What comes on top is rejected, and may be asked for again. */
const MOST_QUEUED = 256
/** A connection gets the whole dictionary this many times, for those that begin again after a wrong piece from elsewhere. */
const MOST_TIMES = 4
/** Rejects that a peer may provoke. */
const MOST_REFUSED = 1_000

export interface MetadataServeParts {
  readonly outbox: Outbox
  readonly connections: Pick<Connections, 'close'>
  /** The info dictionary, byte for byte; undefined rejects every request. */
  readonly metadata: Uint8Array | undefined
}

export class MetadataServe {
  readonly #parts: MetadataServeParts
  readonly #pieceCount: number

  constructor(parts: MetadataServeParts) {
    this.#parts = parts
    this.#pieceCount = Math.ceil((parts.metadata?.length ?? 0) / METADATA_PIECE_LENGTH)
  }

  /** A ut_metadata payload. Only requests mean anything here: we have asked for nothing. */
  received(peer: Peer, payload: Uint8Array): void {
    try {
      const message = decodeMetadataMessage(payload)
      if (message.type === 'request') this.#request(peer, message.piece)
    } catch (error) {
      if (!isTorrentialError(error)) throw error
      this.#parts.connections.close(peer, new PeerError(error.code, error.message, { cause: error }))
    }
  }

  /** The next answer for the peer; undefined when none waits. */
  next(peer: Peer): Message | undefined {
    const { metadata } = this.#parts
    const piece = peer.metadataRequests.shift()
    if (piece === undefined || metadata === undefined) return undefined
    const id = peer.extensions.get(EXTENSION_NAMES.metadata) ?? 0
    if (id === 0) return undefined
    const start = piece * METADATA_PIECE_LENGTH
    const data = metadata.subarray(start, start + metadataPieceLength(piece, metadata.length))
    const payload = encodeMetadataMessage({ type: 'data', piece, totalLength: metadata.length, data })
    return { type: 'extended', id, payload }
  }

  #request(peer: Peer, piece: number): void {
    const isKnown = piece < this.#pieceCount && (peer.extensions.get(EXTENSION_NAMES.metadata) ?? 0) > 0
    const isFair = peer.metadataGiven < MOST_TIMES * this.#pieceCount && peer.metadataRequests.length < MOST_QUEUED
    if (!isKnown || !isFair) {
      this.#refuse(peer, piece)
      return
    }
    peer.metadataGiven++
    peer.metadataRequests.push(piece)
    if (peer.uploads.isPulled) return
    peer.uploads.isPulled = true
    this.#parts.outbox.push({ type: 'upload-ready', peer: peer.key })
  }

  #refuse(peer: Peer, piece: number): void {
    const id = peer.extensions.get(EXTENSION_NAMES.metadata) ?? 0
    peer.metadataRefused++
    if (peer.metadataRefused > MOST_REFUSED) {
      this.#parts.connections.close(peer, violation('METADATA_FLOOD', { refused: peer.metadataRefused }))
    } else if (id > 0) {
      const payload = encodeMetadataMessage({ type: 'reject', piece })
      this.#parts.outbox.send(peer.key, { type: 'extended', id, payload })
    }
  }
}
