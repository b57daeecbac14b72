// The body of one whole message (everything behind the id) to a `Message`. Lengths have been checked by id before, so every
// read here is inside the body; nothing is copied: payloads are views.

import { PeerError, readUint32 } from '@torrential/primitives'
import type { Message } from './message.ts'
import { MESSAGE_IDS } from './message-id.ts'
import { HASH_HEADER_LENGTH, hashesCount } from './message-limits.ts'

// Messages without fields are the same value every time.
export const KEEP_ALIVE: Message = Object.freeze({ type: 'keep-alive' })
const CHOKE: Message = Object.freeze({ type: 'choke' })
const UNCHOKE: Message = Object.freeze({ type: 'unchoke' })
const INTERESTED: Message = Object.freeze({ type: 'interested' })
const NOT_INTERESTED: Message = Object.freeze({ type: 'not-interested' })
const HAVE_ALL: Message = Object.freeze({ type: 'have-all' })
const HAVE_NONE: Message = Object.freeze({ type: 'have-none' })

/**
 * The message with this id whose body is `bytes[start, end)`.
 * @throws PeerError `MESSAGE_VALUE` when the hashes of a `hashes` message are not as many as its fields say
 */
export function decodeBody(id: number, bytes: Uint8Array, start: number, end: number, hashCount: number): Message {
  switch (id) {
    case MESSAGE_IDS.piece:
      return {
        type: 'piece',
        piece: readUint32(bytes, start),
        offset: readUint32(bytes, start + 4),
        block: bytes.subarray(start + 8, end),
      }
    case MESSAGE_IDS.request:
      return blockMessage('request', bytes, start)
    case MESSAGE_IDS.cancel:
      return blockMessage('cancel', bytes, start)
    case MESSAGE_IDS.reject:
      return blockMessage('reject', bytes, start)
    case MESSAGE_IDS.have:
      return { type: 'have', piece: readUint32(bytes, start) }
    case MESSAGE_IDS.suggest:
      return { type: 'suggest', piece: readUint32(bytes, start) }
    case MESSAGE_IDS['allowed-fast']:
      return { type: 'allowed-fast', piece: readUint32(bytes, start) }
    case MESSAGE_IDS.bitfield:
      return { type: 'bitfield', bitfield: bytes.subarray(start, end) }
    case MESSAGE_IDS.extended:
      return { type: 'extended', id: bytes[start] as number, payload: bytes.subarray(start + 1, end) }
    case MESSAGE_IDS.port:
      return { type: 'port', port: ((bytes[start] as number) << 8) | (bytes[start + 1] as number) }
    case MESSAGE_IDS['hash-request']:
      return { type: 'hash-request', ...hashFields(bytes, start) }
    case MESSAGE_IDS['hash-reject']:
      return { type: 'hash-reject', ...hashFields(bytes, start) }
    case MESSAGE_IDS.hashes:
      return hashesMessage(bytes, start, end, hashCount)
    default:
      return plainMessage(id) ?? { type: 'unknown', id, payload: bytes.subarray(start, end) }
  }
}

function plainMessage(id: number): Message | undefined {
  switch (id) {
    case MESSAGE_IDS.choke:
      return CHOKE
    case MESSAGE_IDS.unchoke:
      return UNCHOKE
    case MESSAGE_IDS.interested:
      return INTERESTED
    case MESSAGE_IDS['not-interested']:
      return NOT_INTERESTED
    case MESSAGE_IDS['have-all']:
      return HAVE_ALL
    case MESSAGE_IDS['have-none']:
      return HAVE_NONE
    default:
      return undefined
  }
}

function blockMessage(type: 'request' | 'cancel' | 'reject', bytes: Uint8Array, start: number): Message {
  return {
    type,
    piece: readUint32(bytes, start),
    offset: readUint32(bytes, start + 4),
    length: readUint32(bytes, start + 8),
  }
}

function hashFields(bytes: Uint8Array, start: number) {
  return {
    piecesRoot: bytes.subarray(start, start + 32),
    baseLayer: readUint32(bytes, start + 32),
    index: readUint32(bytes, start + 36),
    length: readUint32(bytes, start + 40),
    proofLayers: readUint32(bytes, start + 44),
  }
}

function hashesMessage(bytes: Uint8Array, start: number, end: number, hashCount: number): Message {
  const fields = hashFields(bytes, start)
  const hashes = bytes.subarray(start + HASH_HEADER_LENGTH - 1, end)
  const expected = hashesCount(fields.length, fields.proofLayers, hashCount)
  if (expected === undefined || hashes.length !== 32 * expected) {
    const { length, proofLayers } = fields
    throw new PeerError(
      'MESSAGE_VALUE',
      `${hashes.length / 32} hashes for length ${length} and ${proofLayers} proof layers`,
      { id: MESSAGE_IDS.hashes, length, proofLayers },
    )
  }
  return { type: 'hashes', ...fields, hashes }
}

/** The same message with bytes of its own; fixed fields need none. */
export function withoutViews(message: Message): Message {
  switch (message.type) {
    case 'bitfield':
      return { ...message, bitfield: copyOf(message.bitfield) }
    case 'extended':
    case 'unknown':
      return { ...message, payload: copyOf(message.payload) }
    case 'hash-request':
    case 'hash-reject':
      return { ...message, piecesRoot: copyOf(message.piecesRoot) }
    case 'hashes':
      return { ...message, piecesRoot: copyOf(message.piecesRoot), hashes: copyOf(message.hashes) }
    default:
      return message
  }
}

/** Not `slice`: that of a `Buffer` is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
