// What can be chosen about a wire, and the default of each with its reason.

import { type AbortOptions, type Clock, type InfoHash, InputError } from '@torrential/primitives'
import type { MessageLimits } from '@torrential/protocol'

export const WIRE_DEFAULTS = {
  /** 64 blocks: enough for a 10 Gbit/s link while the event loop is busy for a millisecond. */
  highWaterMark: 1_048_576,
  /** Four reads of a socket. */
  incomingHighWaterMark: 262_144,
  /** Peers are dropped after two minutes of silence. */
  keepAlive: 60_000,
  /** What patient clients allow; a slow one behind a slow link needs two round trips. */
  handshakeTimeout: 10_000,
} as const

export interface WireOptions {
  /** Bytes to be sent at which `send` starts to answer false. @default 1,048,576 */
  readonly highWaterMark?: number
  /** Bytes received and not pulled at which `write` starts to answer false. @default 262,144 */
  readonly incomingHighWaterMark?: number
  /** Milliseconds without sending after which a keep-alive goes out. @default 60,000 */
  readonly keepAlive?: number
  /** Caps on what the peer may send. @default those of `@torrential/protocol` */
  readonly limits?: MessageLimits
  /** @default the system's clock */
  readonly clock?: Clock
}

export interface HandshakeOptions extends AbortOptions {
  /** Milliseconds until the peer's handshake must be here. @default 10,000 */
  readonly timeout?: number
}

export interface InitiateOptions extends HandshakeOptions {
  /** Other infohashes that the peer may answer with: the v2 one of a hybrid torrent (BEP 52). @default none */
  readonly alternatives?: readonly InfoHash[]
}

/** What a wire has in any case. */
export type WireNumbers = Required<Pick<WireOptions, 'highWaterMark' | 'incomingHighWaterMark' | 'keepAlive'>>

/** With the defaults. @throws InputError `OPTION_RANGE` when a number is not positive */
export function resolveWireOptions(options: WireOptions): WireNumbers {
  const settings = { ...WIRE_DEFAULTS, ...options }
  for (const name of ['highWaterMark', 'incomingHighWaterMark', 'keepAlive'] as const) {
    requirePositive(name, settings[name])
  }
  return settings
}

/** @throws InputError `OPTION_RANGE` unless `value` is above 0 */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0)) throw new InputError('OPTION_RANGE', `${name} must be positive, not ${value}`)
}
