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
