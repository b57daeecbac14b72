// Who hashes a piece: this thread while it keeps up, another one when it does not.

import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { HashMethod, PieceVerifier } from '@torrential/contracts'
import type { PieceIndex } from '@torrential/primitives'
import { createSession } from '@torrential/session'
import { HandlePool, HashPool } from '@torrential/storage'
import { PieceHashing } from '../src/piece-hashing.ts'
import { TurnBudget } from '../src/turn-budget.ts'
import { BenchFolder, collect } from './bench-folder.ts'

const MIB = 1_048_576
const verifier: PieceVerifier = {
  verify: () => true,
  begin: () => ({ update: () => {}, matches: () => true }),
  methodOf: () => ({ kind: 'sha1', leaves: 1 }),
  isDigest: () => true,
}

/** A machine of four cores, of which nothing is used yet. */
function setUp() {
  const pool = { workers: 4, running: 0, asked: 0, hashBlocks: () => Promise.resolve(new Uint8Array(++pool.asked)) }
  const handles = { threads: 0 }
  const turns = { isBehind: true }
  const hashing = new PieceHashing({ pool, handles, turns })
  const take = (length: number, kind: HashMethod['kind'] = 'sha1') => {
    const methodOf = () => ({ kind, leaves: 1 })
    return hashing.take({ piece: 0 as PieceIndex, blocks: [], length }, { ...verifier, methodOf }) !== undefined
  }
  return { pool, handles, turns, take }
}

afterEach(() => {
  jest.restoreAllMocks()
})

describe('a thread for hashing', () => {
  test('is started when turns have not kept up for 32 MiB, and asked from then on', () => {
    const { take, pool } = setUp()
    for (let piece = 0; piece < 32; piece++) expect(take(MIB)).toBe(false)
    expect(take(MIB)).toBe(true)
    pool.running = 1
    expect([take(MIB), take(MIB)]).toEqual([true, true])
    // It has ended meanwhile.
    pool.running = 0
    expect(take(MIB)).toBe(false)
  })

  test('is not asked while turns keep up, and what is hashed then does not count', () => {
    const { take, turns, pool } = setUp()
    turns.isBehind = false
    for (let piece = 0; piece < 100; piece++) expect(take(MIB)).toBe(false)
    turns.isBehind = true
    expect(take(MIB)).toBe(false)
    pool.running = 1
    expect(take(MIB)).toBe(true)
    turns.isBehind = false
    expect(take(MIB)).toBe(false)
  })

  test('is not asked of pieces so short that asking costs as much', () => {
    const { take, pool } = setUp()
    pool.running = 1
    expect([take(131_071), take(131_072)]).toEqual([false, true])
  })

  test('needs cores: two for SHA-256, three for SHA-1, one more while there is a thread for small files', () => {
    const { take, pool, handles } = setUp()
    pool.running = 1
    const cases = [
      ['merkle-sha256', 1, 0, false],
      ['merkle-sha256', 2, 0, true],
      ['merkle-sha256', 2, 1, false],
      ['merkle-sha256', 3, 1, true],
      ['sha1', 2, 0, false],
      ['sha1', 3, 0, true],
      ['sha1', 3, 1, false],
      ['sha1', 4, 1, true],
    ] as const
    for (const [kind, workers, threads, isAsked] of cases) {
      pool.workers = workers
      handles.threads = threads
      expect([kind, workers, threads, take(MIB, kind)]).toEqual([kind, workers, threads, isAsked])
    }
  })
})

declare function hashBlocks(...piece: Parameters<HashPool['hashBlocks']>): ReturnType<HashPool['hashBlocks']>

/** 48 MiB over TCP, with turns that never keep up. `answer` changes what threads say. */
async function download(version: 'v1' | 'v2', answer?: (digest: Uint8Array | undefined) => Uint8Array | undefined) {
  jest.spyOn(TurnBudget.prototype, 'isBehind', 'get').mockReturnValue(true)
  // As on a machine with cores enough, whichever this one is.
  jest.spyOn(HandlePool.prototype, 'threads', 'get').mockReturnValue(-2)
  const real = Object.getOwnPropertyDescriptor(HashPool.prototype, 'hashBlocks')?.value as typeof hashBlocks
  let hashed = 0
  jest.spyOn(HashPool.prototype, 'hashBlocks').mockImplementation(function (this: HashPool, ...piece) {
    const digest = real.apply(this, piece)
    if (digest !== undefined) hashed++
    return answer === undefined ? digest : digest?.then(answer)
  })
  await using bench = await BenchFolder.create()
  const origin = await bench.write({ 'one.bin': 48 * MIB })
  await using seeder = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const seed = await seeder.seed(`${origin}/one.bin`, { version, pieceLength: MIB })
  await using leecher = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
  const failed = collect(leech.events({ types: ['piece-failed'] }))
  leech.addPeer(`127.0.0.1:${seeder.port}`)
  await leech.done
  return { hashed, failed: failed.length, isCopied: await bench.isCopied(leech) }
}

describe('a download that this thread does not keep up with', () => {
  test.each(['v1', 'v2'] as const)('is hashed by a thread, too, and is right: %s', async (version) => {
    const { hashed, failed, isCopied } = await download(version)
    expect({ hashed: hashed > 0, failed, isCopied }).toEqual({ hashed: true, failed: 0, isCopied: true })
  })

  test('refuses a piece that the thread finds wrong, and gets it again', async () => {
    let wrong = 1
    const { failed, isCopied } = await download('v1', (digest) => (wrong-- > 0 ? digest?.fill(0) : digest))
    expect({ failed, isCopied }).toEqual({ failed: 1, isCopied: true })
  })

  test('goes on when the thread is lost', async () => {
    const { hashed, failed, isCopied } = await download('v1', () => undefined)
    expect({ hashed: hashed > 0, failed, isCopied }).toEqual({ hashed: true, failed: 0, isCopied: true })
  })
})
