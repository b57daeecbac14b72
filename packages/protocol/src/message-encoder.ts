// Messages to bytes. Every message is a head of at most 53 bytes and, for some, a tail that exists already (the block of a
// `piece`, a bitfield, a payload, hashes). The head is written into the caller's buffer; the tail is handed on as the view it
// is, so a block is never copied on its way out.

import { InputError, writeUint32 } from '@torrential/primitives'
import type { HashesMessage, HashRejectMessage, HashRequestMessage, Message } from './message.ts'
import { isKnownMessageId, MESSAGE_IDS } from './message-id.ts'
import { HASH_HEADER_LENGTH } from './message-limits.ts'

/** No head is longer, bytes: the length prefix and the fixed part of a `hashes` message. */
export const MAX_HEAD_LENGTH = 4 + HASH_HEADER_LENGTH

/** Bytes of a `piece` in front of its block: length prefix, id, piece, offset. */
export const PIECE_HEAD_LENGTH = 13

/** What follows the head on the wire, not copied; undefined when the head is the whole message. May be empty. */
export function tailOf(message: Message): Uint8Array | undefined {
  switch (message.type) {
    case 'piece':
      return message.block
    case 'bitfield':
      return message.bitfield
    case 'extended':
    case 'unknown':
      return message.payload
    case 'hashes':
      return message.hashes
    default:
      return undefined
  }
}

/** Bytes of the whole message on the wire, length prefix included. */
export function encodedLength(message: Message): number {
  return headLength(message) + (tailOf(message)?.length ?? 0)
}

/** Bytes that `encodeHead` writes, 4 … 53. */
export function headLength(message: Message): number {
  switch (message.type) {
    case 'keep-alive':
      return 4
    case 'choke':
    case 'unchoke':
    case 'interested':
    case 'not-interested':
    case 'have-all':
    case 'have-none':
    case 'bitfield':
    case 'unknown':
      return 5
    case 'extended':
      return 6
    case 'port':
      return 7
    case 'have':
    case 'suggest':
    case 'allowed-fast':
      return 9
    case 'piece':
      return PIECE_HEAD_LENGTH
    case 'request':
    case 'cancel':
    case 'reject':
      return 17
    case 'hash-request':
    case 'hashes':
    case 'hash-reject':
      return MAX_HEAD_LENGTH
    default:
      return unknownType(message)
  }
}

/**
 * Writes everything but the tail at `at` and returns the number of bytes written. There must be room for `headLength`.
 * @throws InputError `MESSAGE_FIELD` when a field does not fit (a number that is no unsigned 32-bit integer, an id above 255,
 * a `piecesRoot` that has not 32 bytes, an `unknown` message with a known id)
 */
export function encodeHead(message: Message, into: Uint8Array, at = 0): number {
  const length = headLength(message)
  const tail = tailOf(message)
  writeUint32(into, at, length - 4 + (tail === undefined ? 0 : tail.length))
  switch (message.type) {
    case 'keep-alive':
      return length
    case 'have':
    case 'suggest':
    case 'allowed-fast':
      putUint32(into, at + 5, message.piece, 'piece')
      break
    case 'request':
    case 'cancel':
    case 'reject':
      putUint32(into, at + 5, message.piece, 'piece')
      putUint32(into, at + 9, message.offset, 'offset')
      putUint32(into, at + 13, message.length, 'length')
      break
    case 'piece':
      putUint32(into, at + 5, message.piece, 'piece')
      putUint32(into, at + 9, message.offset, 'offset')
      break
    case 'port':
      if (!isWithin(message.port, 0xffff)) throw field('port', message.port)
      into[at + 5] = message.port >>> 8
      into[at + 6] = message.port
      break
    case 'extended':
      if (!isWithin(message.id, 0xff)) throw field('id', message.id)
      into[at + 5] = message.id
      break
    case 'unknown':
      if (!isWithin(message.id, 0xff) || isKnownMessageId(message.id)) throw field('id', message.id)
      into[at + 4] = message.id
      return length
    case 'hash-request':
    case 'hashes':
    case 'hash-reject':
      putHashFields(into, at + 5, message)
      break
    default:
      break
  }
  into[at + 4] = MESSAGE_IDS[message.type]
  return length
}

/** The head of a `piece` whose block has `length` bytes: `PIECE_HEAD_LENGTH` bytes at `at`. The numbers are taken as they are. */
export function encodePieceHead(into: Uint8Array, at: number, piece: number, offset: number, length: number): void {
  writeUint32(into, at, PIECE_HEAD_LENGTH - 4 + length)
  into[at + 4] = MESSAGE_IDS.piece
  writeUint32(into, at + 5, piece)
  writeUint32(into, at + 9, offset)
}

const HAVE_LENGTH = 9

/** A `have` for each of these pieces, one behind the other, as one new array. The numbers are taken as they are. */
export function encodeHaves(pieces: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(HAVE_LENGTH * pieces.length)
  for (let index = 0, at = 0; index < pieces.length; index++, at += HAVE_LENGTH) {
    bytes[at + 3] = HAVE_LENGTH - 4
    bytes[at + 4] = MESSAGE_IDS.have
    writeUint32(bytes, at + 5, pieces[index] as number)
  }
  return bytes
}

/**
 * The whole message as one new array: for tests, tools and cold paths.
 * @throws InputError `MESSAGE_FIELD`
 */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(encodedLength(message))
  const length = encodeHead(message, bytes)
  const tail = tailOf(message)
  if (tail !== undefined) bytes.set(tail, length)
  return bytes
}

function putHashFields(
  into: Uint8Array,
  at: number,
  message: HashRequestMessage | HashesMessage | HashRejectMessage,
): void {
  if (message.piecesRoot.length !== 32) throw field('piecesRoot', `${message.piecesRoot.length} bytes`)
  if (message.type === 'hashes' && message.hashes.length % 32 !== 0) {
    throw field('hashes', `${message.hashes.length} bytes`)
  }
  into.set(message.piecesRoot, at)
  putUint32(into, at + 32, message.baseLayer, 'baseLayer')
  putUint32(into, at + 36, message.index, 'index')
  putUint32(into, at + 40, message.length, 'length')
  putUint32(into, at + 44, message.proofLayers, 'proofLayers')
}

function putUint32(into: Uint8Array, at: number, value: number, name: string): void {
  if (value >>> 0 !== value) throw field(name, value)
  writeUint32(into, at, value)
}

function isWithin(value: number, most: number): boolean {
  return value >>> 0 === value && value <= most
}

function field(name: string, value: unknown): InputError {
  return new InputError('MESSAGE_FIELD', `${name} cannot be ${String(value)}`, { field: name })
}

function unknownType(message: never): never {
  throw new InputError('MESSAGE_FIELD', `no message has type ${String((message as { type?: unknown }).type)}`, {
    field: 'type',
  })
}
