// One connection
export { Wire } from './wire.ts'
export type { HandshakeOptions, InitiateOptions, WireOptions } from './wire-options.ts'
export { WIRE_DEFAULTS } from './wire-options.ts'
// Joining it to a socket or a pipeline
export type { ConnectOptions } from './connect-wire.ts'
export { connectWire } from './connect-wire.ts'
export { wireDuplex } from './wire-duplex.ts'
