// Every message of the peer protocol as one union on `type`. Numbers are as they came: a `piece` is any unsigned 32-bit
// integer until `Geometry` has let it through.

/** BEP 3, 6, 10, 52. `block` and `payload` are views into what was read or is to be sent; nobody writes into them. */
export type Message =
  | { readonly type: 'keep-alive' }
  | { readonly type: 'choke' }
  | { readonly type: 'unchoke' }
  | { readonly type: 'interested' }
  | { readonly type: 'not-interested' }
  | HaveMessage
  | BitfieldMessage
  | RequestMessage
  | PieceMessage
  | CancelMessage
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'suggest'; readonly piece: number }
  | { readonly type: 'have-all' }
  | { readonly type: 'have-none' }
  | RejectMessage
  | { readonly type: 'allowed-fast'; readonly piece: number }
  | ExtendedMessage
  | HashRequestMessage
  | HashesMessage
  | HashRejectMessage
  | UnknownMessage

export type MessageType = Message['type']

export interface HaveMessage {
  readonly type: 'have'
  readonly piece: number
}
export interface BitfieldMessage {
  readonly type: 'bitfield'
  /** ceil(pieces / 8) bytes, highest bit first; the receiver checks it with `Bitfield.from`. */
  readonly bitfield: Uint8Array
}
interface BlockFields {
  readonly piece: number
  readonly offset: number
  readonly length: number
}
export interface RequestMessage extends BlockFields {
  readonly type: 'request'
}
export interface CancelMessage extends BlockFields {
  readonly type: 'cancel'
}
/** BEP 6 */
export interface RejectMessage extends BlockFields {
  readonly type: 'reject'
}
export interface PieceMessage {
  readonly type: 'piece'
  readonly piece: number
  readonly offset: number
  readonly block: Uint8Array
}
/** BEP 10. `id` 0 is the extension handshake; others are what the receiver's handshake assigned. */
export interface ExtendedMessage {
  readonly type: 'extended'
  readonly id: number
  readonly payload: Uint8Array
}
/** Fields shared by the hash messages of BEP 52. */
interface HashFields {
  /** 32 bytes: the merkle root of the file. */
  readonly piecesRoot: Uint8Array
  /** Layer of the tree, 0 being the blocks. */
  readonly baseLayer: number
  readonly index: number
  readonly length: number
  readonly proofLayers: number
}
export interface HashRequestMessage extends HashFields {
  readonly type: 'hash-request'
}
export interface HashesMessage extends HashFields {
  readonly type: 'hashes'
  /** 32 bytes each, one behind the other: `length` hashes, then the proof's uncles. */
  readonly hashes: Uint8Array
}
export interface HashRejectMessage extends HashFields {
  readonly type: 'hash-reject'
}
/** An id that no BEP above names; to be ignored (BEP 3 extensions are negotiated, but some clients send first). */
export interface UnknownMessage {
  readonly type: 'unknown'
  readonly id: number
  readonly payload: Uint8Array
}
