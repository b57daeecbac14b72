// One connection
export type { HandshakeOptions, InitiateOptions, WireOptions } from './wire.ts'
export { Wire, WIRE_DEFAULTS } from './wire.ts'
// Joining it to a socket or a pipeline
export type { ConnectOptions } from './connect-wire.ts'
export { connectWire } from './connect-wire.ts'
export { wireDuplex } from './wire-duplex.ts'
