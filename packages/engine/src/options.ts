// Every number that steers a swarm, in one place, with its reason. Options are positive; absent means default; wrong ones
// are named at the door.

import { BLOCK_LENGTH, InputError } from '@torrential/primitives'
import { EXTENSION_NAMES } from '@torrential/protocol'

/** How uploads are shared out once there is nothing left to download. */
export type SeedChoking = 'round-robin' | 'fastest-upload'

export interface EngineOptions {
  /** Peers unchoked at the same time, the optimistic one included; Infinity gives every interested peer a slot. @default 8 */
  readonly uploadSlots?: number
  /** @default 'round-robin' */
  readonly seedChoking?: SeedChoking
  /** Milliseconds between two rounds of tit-for-tat. @default 15,000 */
  readonly chokeInterval?: number
  /** Milliseconds that an optimistic unchoke lasts. @default 30,000 */
  readonly optimisticInterval?: number
  /** Most requests outstanding at one peer. @default 500 */
  readonly maxRequests?: number
  /** Milliseconds of a peer's rate that its pipeline covers, where the credit suffices for all. @default 3,000 */
  readonly pipelineTime?: number
  /** Milliseconds without an answer after which other peers may have the blocks. @default 30,000 */
  readonly requestTimeout?: number
  /** Requests a peer may have queued with us; further ones are rejected. @default 1,024 */
  readonly maxQueuedUploads?: number
  /** Bytes handed out by `nextUpload` and not reported by `uploaded` yet, per peer. @default 1 MiB */
  readonly maxUnsentBytes?: number
  /** Announced as `reqq` (BEP 10): no more than are queued. @default 1,000 */
  readonly requestQueue?: number
  /** Bytes of requested and unwritten blocks when no `DownloadCredit` is shared. @default 64 MiB */
  readonly creditBytes?: number
  /** Pieces longer than this many bytes are written in runs before they are verified. @default 4 MiB */
  readonly wholePieceLimit?: number
  /** Shortest run written of a piece above `wholePieceLimit`, bytes; behind a gap eight times as much. @default 256 KiB */
  readonly writeRun?: number
  /** Pieces a choked peer may still fetch (BEP 6); 0 sends none. @default 5 */
  readonly allowedFast?: number
  /** Pick pieces in order instead of rarest first. @default false */
  readonly sequential?: boolean
  /** Keep the connection when neither side needs anything of the other. @default false */
  readonly keepSeeds?: boolean
  /** Milliseconds without any message from the peer until it is closed. @default 120,000 */
  readonly idleTimeout?: number
  /** Milliseconds in which neither side was interested until the peer is closed. @default 600,000 */
  readonly noInterestTimeout?: number
  /** Announced as `v` (BEP 10). @default 'Torrential 0.1.0' */
  readonly client?: string
  /** Announced as `p` (BEP 10); 0 announces none. @default 0 */
  readonly listenPort?: number
  /**
   * Announced as `m` (BEP 10): name to message id of the extensions that the driver handles. `lt_donthave`
   * (BEP 54) among them is handled here. @default `{ lt_donthave: 7 }`
   */
  readonly extensions?: Readonly<Record<string, number>>
}

export type ResolvedOptions = Required<EngineOptions>

export const DEFAULTS: ResolvedOptions = {
  // libtorrent's and Transmission's figure: enough to keep tit-for-tat meaningful on a home line.
  uploadSlots: 8,
  seedChoking: 'round-robin',
  // Long enough for a peer's rate to be measured after its unchoke.
  chokeInterval: 15_000,
  optimisticInterval: 30_000,
  // 8 MiB in flight: what a loopback or a 10 Gbit/s LAN needs to never run dry between two reads.
  maxRequests: 500,
  pipelineTime: 3_000,
  requestTimeout: 30_000,
  // More than is announced: what goes beyond is rejected, asked for again and rejected again.
  maxQueuedUploads: 1_024,
  maxUnsentBytes: 1024 * 1024,
  requestQueue: 1_000,
  creditBytes: 64 * 1024 * 1024,
  wholePieceLimit: 4 * 1024 * 1024,
  // From 256 KiB on a vectored write costs per byte, not per call.
  writeRun: 256 * 1024,
  allowedFast: 5,
  sequential: false,
  keepSeeds: false,
  // Twice the usual keep-alive of 60 s.
  idleTimeout: 120_000,
  noInterestTimeout: 600_000,
  client: 'Torrential 0.1.0',
  listenPort: 0,
  extensions: { [EXTENSION_NAMES.dontHave]: 7 },
}

/** Options that are counts or milliseconds or bytes, with the least value that makes sense. */
const LEAST = {
  uploadSlots: 0,
  chokeInterval: 1,
  optimisticInterval: 1,
  maxRequests: 1,
  pipelineTime: 1,
  requestTimeout: 1,
  maxQueuedUploads: 1,
  maxUnsentBytes: BLOCK_LENGTH,
  requestQueue: 1,
  creditBytes: BLOCK_LENGTH,
  wholePieceLimit: 0,
  writeRun: 1,
  allowedFast: 0,
  idleTimeout: 1,
  noInterestTimeout: 1,
  listenPort: 0,
} as const

/**
 * `options` over `base`; fields that are undefined leave the base as it is.
 * @throws InputError `ENGINE_OPTION` naming the field and its value
 */
export function resolveOptions(options: EngineOptions, base: ResolvedOptions = DEFAULTS): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const resolved = { ...base, ...Object.fromEntries(given) } as ResolvedOptions
  for (const [name, least] of Object.entries(LEAST)) {
    const value = resolved[name as keyof typeof LEAST]
    const whole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY
    if (typeof value !== 'number' || !whole || value < least) {
      throw new InputError('ENGINE_OPTION', `${name} is a whole number of at least ${least}, not ${String(value)}`, {
        option: name,
      })
    }
  }
  if (resolved.seedChoking !== 'round-robin' && resolved.seedChoking !== 'fastest-upload') {
    throw new InputError('ENGINE_OPTION', `there is no seedChoking ${String(resolved.seedChoking)}`, {
      option: 'seedChoking',
    })
  }
  return resolved
}
