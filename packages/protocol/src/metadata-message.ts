// ut_metadata (BEP 9): the info dictionary in pieces of 16 KiB. A `data` message is a dictionary with the raw bytes behind it.

import { encode, integerAt } from '@torrential/bencode'
import { concatBytes } from '@torrential/primitives'
import { EXTENSION_LIMITS } from './extension-handshake.ts'
import { decodePayload, payloadError } from './extension-payload.ts'

/** Bytes of every metadata piece but the last. */
export const METADATA_PIECE_LENGTH = 16_384

export type MetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  | MetadataData
  | { readonly type: 'reject'; readonly piece: number }
  /** A message type that BEP 9 does not name; to be ignored. */
  | { readonly type: 'unknown'; readonly messageType: number; readonly piece: number }

export interface MetadataData {
  readonly type: 'data'
  readonly piece: number
  /** Bytes of the whole info dictionary. */
  readonly totalLength: number
  /** Decoded: a view into the payload, exactly as long as this piece is. */
  readonly data: Uint8Array
}

const TYPES = { request: 0, data: 1, reject: 2 } as const

/** The payload of an `extended` message. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const { piece } = message
  if (message.type === 'unknown') return encode({ msg_type: message.messageType, piece })
  const msgType = TYPES[message.type]
  if (message.type !== 'data') return encode({ msg_type: msgType, piece })
  return concatBytes([encode({ msg_type: msgType, piece, total_size: message.totalLength }), message.data])
}

/**
 * @throws PeerError `EXTENSION_PAYLOAD` when it is no such message: no type or piece, a piece beyond 16 MiB, or `data` that is
 * not exactly as long as that piece of `total_size` bytes
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage {
  const { dict, end } = decodePayload(payload, 'ut_metadata')
  const messageType = integerAt(dict, 'msg_type', { min: 0 })
  const piece = integerAt(dict, 'piece', { min: 0, max: EXTENSION_LIMITS.metadataLength / METADATA_PIECE_LENGTH - 1 })
  if (messageType === undefined || piece === undefined) throw payloadError('ut_metadata', 'no valid msg_type or piece')
  switch (messageType) {
    case TYPES.request:
      return { type: 'request', piece }
    case TYPES.reject:
      return { type: 'reject', piece }
    case TYPES.data: {
      const totalLength = integerAt(dict, 'total_size', { min: 1, max: EXTENSION_LIMITS.metadataLength })
      const data = payload.subarray(end)
      if (totalLength === undefined || data.length !== metadataPieceLength(piece, totalLength)) {
        throw payloadError('ut_metadata', `${data.length} bytes are not piece ${piece} of ${totalLength} bytes`)
      }
      return { type: 'data', piece, totalLength, data }
    }
    default:
      return { type: 'unknown', messageType, piece }
  }
}

/** Bytes of one metadata piece; 0 when there is no such piece. */
export function metadataPieceLength(piece: number, totalLength: number): number {
  return Math.min(METADATA_PIECE_LENGTH, Math.max(0, totalLength - piece * METADATA_PIECE_LENGTH))
}
