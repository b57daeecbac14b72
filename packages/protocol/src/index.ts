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
// Handshake
export type { Capabilities, Handshake } from './handshake.ts'
