// Messages
export type {
  BitfieldMessage,
  CancelMessage,
  ExtendedMessage,
  HashesMessage,
  HashRejectMessage,
  HashRequestMessage,
  HaveMessage,
  Message,
  MessageType,
  PieceMessage,
  RejectMessage,
  RequestMessage,
  UnknownMessage,
} from './message.ts'
export { isKnownMessageId, MESSAGE_IDS } from './message-id.ts'
export type { MessageLimits } from './message-limits.ts'
export { hashesCount, MESSAGE_LIMITS } from './message-limits.ts'
export { MessageDecoder } from './message-decoder.ts'
export {
  encodedLength,
  encodeHead,
  encodeHaves,
  encodePieceHead,
  encodeMessage,
  headLength,
  MAX_HEAD_LENGTH,
  PIECE_HEAD_LENGTH,
  tailOf,
} from './message-encoder.ts'
// Handshake
export type { Capabilities, Handshake } from './handshake.ts'
export {
  decodeHandshake,
  decodeReserved,
  encodeHandshake,
  encodeReserved,
  HANDSHAKE_LENGTH,
  HandshakeDecoder,
  PROTOCOL_HEADER,
} from './handshake.ts'
// Extensions
export type { ExtensionHandshake } from './extension-handshake.ts'
export {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  EXTENSION_LIMITS,
  EXTENSION_NAMES,
} from './extension-handshake.ts'
export type { MetadataData, MetadataMessage } from './metadata-message.ts'
export {
  decodeMetadataMessage,
  encodeMetadataMessage,
  METADATA_PIECE_LENGTH,
  metadataPieceLength,
} from './metadata-message.ts'
export type { PexMessage, PexPeer } from './pex-message.ts'
export { decodePexMessage, encodePexMessage, PEX_LIMIT } from './pex-message.ts'
export { decodeDontHave, encodeDontHave } from './dont-have-message.ts'
export type { HolepunchError, HolepunchMessage } from './holepunch-message.ts'
export { decodeHolepunch, encodeHolepunch } from './holepunch-message.ts'
// Fast extension
export { allowedFastSet } from './allowed-fast.ts'
