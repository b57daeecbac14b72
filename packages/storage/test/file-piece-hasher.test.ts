import { createHash } from 'node:crypto'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PieceHash } from '@torrential/contracts'
import { MerkleHasher } from '@torrential/metainfo'
import { Geometry, type GeometryKind, type PieceIndex } from '@torrential/primitives'
import type { FilePieceHasherOptions, HashPlan } from '@torrential/storage'
import {
  allPieces,
  checkPieces,
  faultyFileSystem,
  FilePieceHasher,
  FileStorage,
  HandlePool,
  HashPool,
  nodeFileSystem,
} from '@torrential/storage'
import {
  array as arrayOf,
  assert as assertProperty,
  asyncProperty,
  boolean,
  constantFrom,
  nat,
  record,
} from 'fast-check'
import { afterAll, describe, expect, test } from '@jest/globals'
import { temporaryDirectory } from './temporary-directory.ts'
import { blocksOf, failureOf, KIB, pieceBytes, pieceOf, sha1, torrentOnDisk, writeAll } from './torrent-data.ts'

const pool = new HashPool({ workers: 2 })
afterAll(() => pool.close())

const SHA1: HashPlan = { kind: 'sha1', leafCounts: new Uint32Array() }
const inThreads: FilePieceHasherOptions = { inlineBelow: 0 }

async function hashesOf(hasher: FilePieceHasher, geometry: Geometry): Promise<Map<PieceIndex, string | undefined>> {
  const found = new Map<PieceIndex, string | undefined>()
  for await (const { piece, digest } of hasher.hash(allPieces(geometry))) found.set(piece, digest && hex(digest))
  return found
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Leaves of each piece's tree: a file that fits into a piece has a tree of its own size (BEP 52). */
function leafCounts(geometry: Geometry): Uint32Array {
  const counts = new Uint32Array(geometry.pieceCount)
  for (const [file, { length }] of geometry.files.entries()) {
    const { start, end } = geometry.piecesOf(file)
    const blocks = Math.ceil(Math.min(length, geometry.pieceLength) / (16 * KIB))
    counts.fill(
      length > geometry.pieceLength ? geometry.pieceLength / (16 * KIB) : 2 ** Math.ceil(Math.log2(blocks)),
      start,
      end,
    )
  }
  return counts
}

/** The definition, taken literally: all leaves at once, layer by layer. */
function naiveRoot(bytes: Uint8Array, leaves: number): string {
  let layer = Array.from({ length: leaves }, (_, leaf) => {
    const block = bytes.subarray(leaf * 16 * KIB, (leaf + 1) * 16 * KIB)
    return block.length === 0 ? Buffer.alloc(32) : createHash('sha256').update(block).digest()
  })
  while (layer.length > 1) {
    const below = layer
    layer = Array.from({ length: below.length / 2 }, (_, i) =>
      createHash('sha256')
        .update(below[2 * i] as Buffer)
        .update(below[2 * i + 1] as Buffer)
        .digest(),
    )
  }
  return hex(layer[0] as Buffer)
}

function naive(geometry: Geometry, plan: HashPlan, piece: PieceIndex): string {
  const bytes = pieceBytes(geometry, piece)
  return plan.kind === 'sha1' ? hex(sha1(bytes)) : naiveRoot(bytes, plan.leafCounts[piece] ?? 0)
}

describe('FilePieceHasher', () => {
  for (const [how, options] of Object.entries({
    'in threads': inThreads,
    'on this thread': { inlineBelow: 2 ** 40 },
  })) {
    test(`hashes any torrent ${how} as the definition says, and missing bytes to nothing`, async () => {
      const file = record({
        length: nat({ max: 150_000 }),
        pad: boolean(),
        harm: constantFrom('none', 'none', 'gone', 'cut'),
      })
      await assertProperty(
        asyncProperty(
          constantFrom<GeometryKind>('v1', 'hybrid', 'v2'),
          constantFrom(16 * KIB, 64 * KIB),
          arrayOf(file, { minLength: 1, maxLength: 6 }),
          async (kind, pieceLength, files) => {
            const path = await temporaryDirectory()
            const pads = files.map(({ length, pad }) => ({ length, pad: kind === 'hybrid' && pad }))
            const geometry = new Geometry(kind, pieceLength, pads)
            const stored = files.map((_, index) => ({ path: `d/${index}` }))
            const storage = new FileStorage({ geometry, files: stored, handles: new HandlePool() }, { path })
            await writeAll(storage, geometry)
            const lost = new Map<number, number>()
            for (const [index, { length, harm }] of files.entries()) {
              if (harm === 'none' || length === 0 || geometry.files[index]?.pad) continue
              const left = harm === 'gone' ? 0 : Math.floor(length / 2)
              lost.set(index, left)
              if (harm === 'gone') await rm(storage.pathOf(index))
              else await truncate(storage.pathOf(index), left)
            }
            const plan: HashPlan = kind === 'v2' ? { kind: 'merkle-sha256', leafCounts: leafCounts(geometry) } : SHA1
            const found = await hashesOf(new FilePieceHasher({ layout: storage, plan, pool }, options), geometry)
            expect(found.size).toBe(geometry.pieceCount)
            for (const [piece, digest] of found) {
              const isLost = [...geometry.slices(piece, 0, geometry.lengthOf(piece))].some(
                (slice) => slice.offset + slice.length > (lost.get(slice.file) ?? Number.POSITIVE_INFINITY),
              )
              expect(digest).toBe(isLost ? undefined : naive(geometry, plan, piece))
            }
            await storage.deleteFiles()
          },
        ),
        { numRuns: 30, seed: 11 },
      )
    }, 30_000)
  }

  test('pieces longer than one read, over several files, and pieces shorter than a block', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(
      path,
      { a: 3_000_001, b: 77, c: 5_000_000 },
      { pieceLength: 4 * KIB ** 2 },
    )
    await writeAll(storage, geometry)
    for (const options of [inThreads, {}]) {
      const found = await hashesOf(new FilePieceHasher({ layout: storage, plan: SHA1, pool }, options), geometry)
      for (const [piece, digest] of found) expect(digest).toBe(naive(geometry, SHA1, piece))
      expect(found.size).toBe(2)
    }
    const merkle: HashPlan = { kind: 'merkle-sha256', leafCounts: new Uint32Array(geometry.pieceCount).fill(256) }
    const found = await hashesOf(new FilePieceHasher({ layout: storage, plan: merkle, pool }, inThreads), geometry)
    for (const [piece, digest] of found) {
      const hash = new MerkleHasher(256)
      hash.update(pieceBytes(geometry, piece))
      expect(digest).toBe(hex(hash.digest()))
    }
    await storage.close()
  })

  test('finds the bytes that wait in the part file', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { a: 40_000, b: 70_000 }, { wanted: (file) => file === 0 })
    const piece = pieceOf(geometry, 1)
    await storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece)))
    const found = await hashesOf(new FilePieceHasher({ layout: storage, plan: SHA1, pool }, inThreads), geometry)
    // What was not written of `a` is a hole in front of what was: it is there, as zeros.
    const zeros = hex(sha1(new Uint8Array(32 * KIB)))
    const right = naive(geometry, SHA1, piece)
    expect([0, 1, 2, 3].map((index) => found.get(pieceOf(geometry, index)))).toEqual([
      zeros,
      right,
      undefined,
      undefined,
    ])
    await storage.close()
  })

  test('says of a large torrent that is not there that nothing is, without a thread', async () => {
    const lazy = new HashPool({ workers: 2 })
    const geometry = new Geometry('v1', 16 * KIB, [{ length: 16 * KIB * 200_000 }])
    const storage = new FileStorage(
      { geometry, files: [{ path: 'a/b' }], handles: new HandlePool() },
      { path: await temporaryDirectory() },
    )
    let count = 0
    for await (const { digest } of new FilePieceHasher({ layout: storage, plan: SHA1, pool: lazy }).hash(
      allPieces(geometry),
    )) {
      if (digest === undefined) count++
    }
    expect(count).toBe(200_000)
    expect(lazy.running).toBe(0)
    await lazy.close()
  })

  test('small torrents start no thread, larger ones do', async () => {
    const lazy = new HashPool({ workers: 2 })
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { a: 5 * KIB ** 2 })
    await writeAll(storage, geometry)
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool: lazy })
    const few: PieceHash[] = []
    for await (const hash of hasher.hash([pieceOf(geometry, 3), pieceOf(geometry, 1)])) few.push(hash)
    expect(few.map(({ piece }) => piece)).toEqual([3, 1])
    expect(lazy.running).toBe(0)
    expect((await hashesOf(hasher, geometry)).size).toBe(geometry.pieceCount)
    expect(lazy.running).toBeGreaterThan(0)
    await lazy.close()
    expect(lazy.running).toBe(0)
    await storage.close()
  })

  test('leaving the loop or the signal stops the work, and the pool can be used again', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), '')
    await truncate(join(path, 'a'), 8 * KIB ** 3)
    const { storage, geometry } = torrentOnDisk(path, { a: 8 * KIB ** 3 }, { pieceLength: 16 * KIB ** 2 })
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool })
    for await (const { piece } of hasher.hash(allPieces(geometry))) {
      expect(piece).toBe(0)
      break
    }
    const abort = new AbortController()
    let seen = 0
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' })
    const checking = (async () => {
      for await (const { digest } of hasher.hash(allPieces(geometry), { signal: abort.signal })) {
        expect(digest).toBeDefined()
        if (++seen === 2) abort.abort(reason)
      }
    })()
    expect((await failureOf(checking))?.code).toBe('ENOUGH')
    expect(seen).toBeLessThan(geometry.pieceCount)
    const fired = hasher.hash(allPieces(geometry), { signal: abort.signal })
    expect((await failureOf(fired.next()))?.code).toBe('ENOUGH')
    const first: PieceHash[] = []
    for await (const hash of hasher.hash([pieceOf(geometry, 0)])) first.push(hash)
    expect(hex(first[0]?.digest as Uint8Array)).toBe(hex(sha1(new Uint8Array(16 * KIB ** 2))))
    await storage.close()
  })

  test('several checks share the threads of a pool', async () => {
    const torrents = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const torrent = torrentOnDisk(
          await temporaryDirectory(),
          { a: 3 * KIB ** 2 + seed, b: 100 },
          { pieceLength: 64 * KIB },
        )
        await writeAll(torrent.storage, torrent.geometry)
        return torrent
      }),
    )
    const results = await Promise.all(
      torrents.map(({ storage, geometry }) =>
        hashesOf(new FilePieceHasher({ layout: storage, plan: SHA1, pool }, inThreads), geometry),
      ),
    )
    expect(pool.running).toBeLessThanOrEqual(2)
    for (const [index, found] of results.entries()) {
      const torrent = torrents[index]
      for (const [piece, digest] of found) expect(digest).toBe(torrent && naive(torrent.geometry, SHA1, piece))
      await torrent?.storage.close()
    }
  })
})

describe('HashPool', () => {
  test('closing rejects what is under way and what comes later', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), '')
    await truncate(join(path, 'a'), 2 * KIB ** 3)
    const { storage, geometry } = torrentOnDisk(path, { a: 2 * KIB ** 3 }, { pieceLength: 16 * KIB ** 2 })
    const own = new HashPool({ workers: 1 })
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool: own })
    const hashes = hasher.hash(allPieces(geometry))
    await hashes.next()
    const rest = failureOf(
      (async () => {
        for await (const { digest } of hashes) expect(digest).toBeDefined()
      })(),
    )
    await own.close()
    expect((await rest)?.code).toBe('STORAGE_CLOSED')
    expect((await failureOf(hasher.hash(allPieces(geometry)).next()))?.code).toBe('STORAGE_CLOSED')
    await storage.close()
  })

  test('threads end a while after the last batch and start again when needed', async () => {
    const own = new HashPool({ workers: 1, linger: 1 })
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), { a: 100_000 })
    await writeAll(storage, geometry)
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool: own }, inThreads)
    for (let round = 0; round < 2; round++) {
      expect((await hashesOf(hasher, geometry)).size).toBe(geometry.pieceCount)
      while (own.running > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await own.close()
    await storage.close()
  })

  test('reads another file system through it, and no thread starts', async () => {
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), { a: 300_000, b: 5 })
    await writeAll(storage, geometry)
    let reads = 0
    let code: string | undefined
    const fileSystem = faultyFileSystem(nodeFileSystem, (call) => {
      if (call === 'read') reads++
      return call === 'read' || call === 'close' ? code : undefined
    })
    const own = new HashPool({ workers: 1, fileSystem })
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool: own }, inThreads)
    for (const [piece, digest] of await hashesOf(hasher, geometry)) expect(digest).toBe(naive(geometry, SHA1, piece))
    expect(reads).toBeGreaterThanOrEqual(geometry.pieceCount)
    expect(own.running).toBe(0)
    code = 'EIO'
    expect(await failureOf(hashesOf(hasher, geometry))).toMatchObject({
      code: 'EIO',
      data: { path: expect.any(String) },
    })
    await own.close()
    expect((await failureOf(hashesOf(hasher, geometry)))?.code).toBe('STORAGE_CLOSED')
    await storage.close()
  })

  test('closing ends what is read through another file system', async () => {
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), { a: 3 * KIB ** 2 })
    await writeAll(storage, geometry)
    const own: HashPool = new HashPool({
      fileSystem: faultyFileSystem(nodeFileSystem, (call) => {
        if (call === 'read') void own.close()
        return undefined
      }),
    })
    const hasher = new FilePieceHasher({ layout: storage, plan: SHA1, pool: own })
    expect((await failureOf(hashesOf(hasher, geometry)))?.code).toBe('STORAGE_CLOSED')
    await storage.close()
  })

  test('refuses numbers that make no sense', () => {
    expect(() => new HashPool({ workers: 0 })).toThrow(expect.objectContaining({ code: 'WORKERS' }))
    expect(() => new HashPool({ linger: -1 })).toThrow(expect.objectContaining({ code: 'LINGER' }))
  })
})

describe('checkPieces', () => {
  test('tells right pieces from wrong and missing ones', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { a: 40_000, b: 70_000 })
    await writeAll(storage, geometry)
    await storage.write(pieceOf(geometry, 1), 5, [Uint8Array.of(1, 2, 3)])
    await truncate(join(path, 'b'), 69_000)
    const digests = Buffer.concat([...allPieces(geometry)].map((piece) => sha1(pieceBytes(geometry, piece))))
    const plan = { ...SHA1, kind: 'sha1', digestLength: 20, digests } as const
    const hasher = new FilePieceHasher({ layout: storage, plan })
    const verdicts = []
    for await (const verdict of checkPieces({ hasher, plan, pieces: allPieces(geometry) })) verdicts.push(verdict)
    expect(verdicts.sort((a, b) => a.piece - b.piece)).toEqual([
      { piece: 0, ok: true, present: true },
      { piece: 1, ok: false, present: true },
      { piece: 2, ok: true, present: true },
      { piece: 3, ok: false, present: false },
    ])
    await storage.close()
  })
})
