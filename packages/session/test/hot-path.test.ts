// Budgets of the way of a block, in operations and not in time: what makes it dearer shows here, on any machine. Each is a little
// above what is needed today; a change that needs more says why and raises it.

import { createHook } from 'node:async_hooks'
import { Socket } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type Slab, SlabPool } from '@torrential/primitives'
import { createSession } from '@torrential/session'
import { FileStorage } from '@torrential/storage'
import { BenchFolder } from './bench-folder.ts'

const MIB = 1024 * 1024
const BLOCKS = (32 * MIB) / 16_384

interface Costs {
  /** Asynchronous resources made, by their type. */
  readonly made: ReadonlyMap<string, number>
  readonly socketReads: number
  readonly socketWrites: number
  /** Of those, what the leech wrote. */
  readonly leechWrites: number
  /** Calls of `FileStorage.write`. */
  readonly runsWritten: number
  /** Every slab that was lent, with its pool. */
  readonly slabs: ReadonlyMap<Slab, SlabPool>
}

/** 32 MiB go from one session to another over TCP; both sides are counted. */
async function transfer(pieceLength = MIB): Promise<Costs> {
  await using bench = await BenchFolder.create()
  const origin = await bench.write({ 'one.bin': 32 * MIB })
  await using seeder = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const seed = await seeder.seed(`${origin}/one.bin`, { pieceLength })
  const leecher = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
  await leech.ready
  await bench.settle()
  const made = new Map<string, number>()
  const hook = createHook({ init: (_id, type) => void made.set(type, (made.get(type) ?? 0) + 1) })
  const reads = jest.spyOn(Socket.prototype, 'push')
  const writes = [jest.spyOn(Socket.prototype, '_write'), jest.spyOn(Socket.prototype, '_writev' as '_write')]
  const runs = jest.spyOn(FileStorage.prototype, 'write')
  const lend = jest.spyOn(SlabPool.prototype, 'lend')
  hook.enable()
  const seederPort = seeder.port
  leech.addPeer(`127.0.0.1:${seederPort}`)
  await leech.done
  hook.disable()
  const socketWrites = writes.reduce((sum, { mock }) => sum + mock.calls.length, 0)
  const leechWrites = writes.reduce(
    (sum, { mock }) => sum + mock.contexts.filter((socket) => (socket as Socket).remotePort === seederPort).length,
    0,
  )
  const runsWritten = runs.mock.calls.length
  const socketReads = reads.mock.calls.length
  expect(await bench.isCopied(leech)).toBe(true)
  const slabs = new Map<Slab, SlabPool>()
  for (const [at, { value }] of lend.mock.results.entries()) {
    if (value !== undefined) slabs.set(value as Slab, lend.mock.contexts[at] as SlabPool)
  }
  await leecher[Symbol.asyncDispose]()
  return { made, socketReads, socketWrites, leechWrites, runsWritten, slabs }
}

afterEach(() => {
  jest.restoreAllMocks()
})

describe('what a block costs on its way from disk to disk', () => {
  test('no promise, system call or buffer for each block: only for each read, run and piece', async () => {
    const { made, socketReads, socketWrites, slabs } = await transfer()
    const perBlock = (count = 0) => count / BLOCKS
    const costs = {
      promises: perBlock(made.get('PROMISE')),
      microtasks: perBlock(made.get('Microtask')),
      ticks: perBlock(made.get('TickObject')),
      disk: perBlock((made.get('FSREQPROMISE') ?? 0) + (made.get('FSREQCALLBACK') ?? 0)),
      socketReads: perBlock(socketReads),
      socketWrites: perBlock(socketWrites),
    }
    // 2.6, 0.33, 0.16, 0.08 (one read for 16 blocks, one write for 64), 0.06 and 0.08 today. Zero would be: nothing was counted.
    const budget = { promises: 3.2, microtasks: 0.5, ticks: 0.3, disk: 0.1, socketReads: 0.2, socketWrites: 0.15 }
    for (const [name, most] of Object.entries(budget)) {
      const cost = costs[name as keyof typeof costs]
      expect({ name, cost, isWithin: cost > 0 && cost <= most }).toEqual({ name, cost, isWithin: true })
    }
    // Memory comes back: to the leech all of it, so far less was made than came; the seed's cache holds 16 MiB of its own.
    const pools = [...new Set(slabs.values())]
    const lengthOf = (pool: SlabPool) => {
      let length = 0
      for (const [slab, owner] of slabs) if (owner === pool) length += slab.bytes.length
      return length
    }
    const leeches = pools.filter((pool) => pool.idle === lengthOf(pool))
    expect(leeches).toHaveLength(1)
    expect(pools.reduce((sum, pool) => sum + lengthOf(pool), 0)).toBeLessThan(40 * MIB)
  })
})

describe('what a piece costs that is no more than a block', () => {
  test('no write to the disk or to the socket of its own: only for what each turn of the loop brings', async () => {
    const { leechWrites, runsWritten } = await transfer(16_384)
    const costs = { disk: runsWritten / BLOCKS, socketWrites: leechWrites / BLOCKS }
    // 0.1 and 0.02 today; 1 for the disk when each piece was written by itself.
    const budget = { disk: 0.4, socketWrites: 0.2 }
    for (const [name, most] of Object.entries(budget)) {
      const cost = costs[name as keyof typeof costs]
      expect({ name, cost, isWithin: cost > 0 && cost <= most }).toEqual({ name, cost, isWithin: true })
    }
  })
})

describe('what a torrent costs that nobody asks for', () => {
  test('hardly a map or a set: empty ones are made when something is put into them', async () => {
    const count = 20
    await using bench = await BenchFolder.create()
    const names = Array.from({ length: count }, (_, index) => `${index}.bin`)
    const origin = await bench.write(Object.fromEntries(names.map((name) => [name, 1_000])))
    await using maker = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
    const torrents: Uint8Array[] = []
    for (const name of names) torrents.push((await maker.seed(`${origin}/${name}`)).torrentFile)
    await using session = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
    const empty: (() => boolean)[] = []
    const [RealMap, RealSet] = [Map, Set]
    globalThis.Map = class<Key, Value> extends RealMap<Key, Value> {
      constructor(entries?: Iterable<readonly [Key, Value]> | null) {
        super(entries)
        empty.push(() => this.size === 0)
      }
    } as MapConstructor
    globalThis.Set = class<Value> extends RealSet<Value> {
      constructor(values?: Iterable<Value> | null) {
        super(values)
        empty.push(() => this.size === 0)
      }
    } as SetConstructor
    try {
      for (const torrent of torrents) await (await session.add(torrent, { path: origin })).done
    } finally {
      globalThis.Map = RealMap
      globalThis.Set = RealSet
    }
    const each = empty.filter((isEmpty) => isEmpty()).length / count
    // 14 today, of 50 at first; nearly all of them live for a moment while the torrent is made. 0 would be: nothing was counted.
    expect({ each, isWithin: each > 0 && each < 17 }).toEqual({ each, isWithin: true })
  })
})
