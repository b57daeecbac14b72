// What the torrents of a session share, made from the session's options.

import { resolve } from 'node:path'
import type { Transport } from '@torrential/contracts'
import { DownloadCredit } from '@torrential/engine'
import { createPeerId, SlabPool, toHex } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'
import { CacheBudget, HandlePool, HashPool, nodeFileSystem } from '@torrential/storage'
import { localNetworkGuard, TrackerClients } from '@torrential/tracker'
import { TcpTransport, TokenBucket } from '@torrential/transport'
import PQueue from 'p-queue'
import { ConnectionSlots } from './connection-slots.ts'
import { Dialer } from './dialer.ts'
import { DEFAULTS, type SessionOptions } from './options.ts'
import { PieceHashing } from './piece-hashing.ts'
import type { SessionContext } from './session-context.ts'
import { BlockStore } from './state/block-store.ts'
import { ResumeStore } from './state/resume-store.ts'
import { NodeStateFiles } from './state/state-files.ts'
import { StateLock } from './state/state-lock.ts'
import { TorrentEntries } from './state/torrent-entries.ts'
import { TurnBudget } from './turn-budget.ts'

/** What only the session itself can answer. */
export type ContextHost = Pick<SessionContext, 'hub' | 'port' | 'learned' | 'relatives' | 'forget'>

export interface MadeContext {
  readonly context: SessionContext
  readonly transport: Transport
  /** Of the state folder, not taken yet. */
  readonly lock: StateLock | undefined
}

/** The options have been checked. */
export function makeContext(options: SessionOptions, host: ContextHost): MadeContext {
  const { clock = systemClock, random = systemRandom, fileSystem = nodeFileSystem, state } = options
  const { trackerGuard = localNetworkGuard } = options
  const peerId = options.peerId ?? createPeerId(random)
  const transport = options.transport ?? new TcpTransport({ clock, sharedMemory: true })
  const handles = new HandlePool({ handles: options.maxOpenFiles ?? DEFAULTS.maxOpenFiles, clock, fileSystem })
  const batches = (count: number) => handles.batches(count)
  const folder = state === undefined ? undefined : resolve(state)
  const lock = folder === undefined ? undefined : new StateLock({ folder, session: toHex(random.bytes(8)), fileSystem })
  const claim = lock && (() => lock.take())
  const files = folder === undefined ? undefined : new NodeStateFiles(folder, { handles, ...(claim && { claim }) })
  const turns = new TurnBudget(DEFAULTS.turnBytes)
  const hashing = new HashPool({ fileSystem })
  const context: SessionContext = {
    ...host,
    peerId,
    clock,
    random,
    dialer: new Dialer({ transport, clock, peerId }),
    slots: new ConnectionSlots(options.maxConnections ?? DEFAULTS.maxConnections),
    down: new TokenBucket(options.maxDown ?? Number.POSITIVE_INFINITY, { clock }),
    up: new TokenBucket(options.maxUp ?? Number.POSITIVE_INFINITY, { clock }),
    credit: new DownloadCredit(options.unwrittenBytes ?? DEFAULTS.unwrittenBytes),
    turns,
    handles,
    hashing,
    pieceHashing: new PieceHashing({ pool: hashing, handles, turns }),
    writes: new PQueue({ concurrency: DEFAULTS.writesAtOnce }),
    checks: new PQueue({ concurrency: DEFAULTS.checksAtOnce }),
    trackers: new TrackerClients({ clock, random }, trackerGuard === false ? {} : { guard: trackerGuard }),
    announces: options.trackers !== false,
    resume: files && new ResumeStore({ files, random, fileSystem, batches }),
    blocks: files && new BlockStore(files, turns),
    entries: files && new TorrentEntries({ files, clock }),
    slabs: new SlabPool({ idle: DEFAULTS.readCache }),
    readCache: new CacheBudget(options.readCache ?? DEFAULTS.readCache),
    maxTorrentConnections: options.maxTorrentConnections ?? DEFAULTS.maxTorrentConnections,
    allows: (address) => options.peerFilter?.(address) !== false,
  }
  return { context, transport, lock }
}
