// Every byte of a Storage is where it belongs, however it was cut when it was written and read.

import { ok, strictEqual } from 'node:assert/strict'
import { equalBytes } from '@torrential/primitives'
import {
  aligned,
  blocksOf,
  enormous,
  fill,
  isAbsent,
  KIB,
  padded,
  pieceOf,
  readAll,
  spanning,
  type StorageBench,
  type StorageBody,
} from './storage-bench.ts'
import { codeOf, pattern } from './transport-fixture.ts'

const roundTrips: Readonly<Record<string, StorageBody>> = Object.fromEntries(
  Object.entries({
    'v1 torrent whose pieces span files': spanning,
    'v2 torrent': aligned,
    'hybrid torrent': padded,
  }).map(([what, geometry]): [string, StorageBody] => [
    `every piece of a ${what} reads back as written`,
    { geometry, run: writeAndReadAll },
  ]),
)

export const byteCases: Readonly<Record<string, StorageBody>> = {
  ...roundTrips,
  'any range of what was written can be read, across blocks and files': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 1)
      const bytes = await fill(storage, geometry, piece)
      for (const [offset, length] of [
        [0, 1],
        [7_231, 20],
        [7_000, 9_000],
        [16_384, 16_384],
        [32_767, 1],
      ] as const) {
        const read = await storage.read(piece, offset, length)
        ok(equalBytes(read, bytes.subarray(offset, offset + length)), `bytes ${offset} + ${length} differ`)
      }
    },
  },
  'a piece may be written in runs of any cut and in any order': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 1)
      const bytes = pattern(geometry.lengthOf(piece), 3)
      for (const [start, end] of [
        [20_001, 32_768],
        [0, 7],
        [7, 20_001],
      ] as const) {
        await storage.write(piece, start, blocksOf(bytes.subarray(start, end), 1_000))
      }
      ok(equalBytes(await storage.read(piece, 0, bytes.length), bytes))
    },
  },
  'a run may go on in the pieces behind the first, across files, and begin and end anywhere': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const first = pieceOf(geometry, 0)
      const bytes = pattern(geometry.length, 8)
      // What a cache may have of these pieces is of no use afterwards.
      for (let index = 0; index < geometry.pieceCount; index++) await fill(storage, geometry, pieceOf(geometry, index))
      await readAll({ storage, geometry })
      await storage.write(first, 0, blocksOf(bytes.subarray(0, 50_000), 16_384))
      await storage.write(pieceOf(geometry, 1), 50_000 - 32 * KIB, blocksOf(bytes.subarray(50_000), 9_999))
      ok(equalBytes(await readAll({ storage, geometry }), bytes))
    },
  },
  'a run over several pieces leaves padding alone': {
    geometry: padded,
    async run({ storage, geometry }) {
      const all = Array.from({ length: geometry.pieceCount }, (_, index) => geometry.lengthOf(pieceOf(geometry, index)))
      const bytes = pattern(
        all.reduce((sum, length) => sum + length, 0),
        9,
      )
      await storage.write(pieceOf(geometry, 0), 0, blocksOf(bytes, 16_384))
      bytes.fill(0, 40_000, 65_536)
      ok(equalBytes(await readAll({ storage, geometry }), bytes))
    },
  },
  'a run of thousands of small blocks is written whole': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      const bytes = pattern(geometry.lengthOf(piece), 4)
      await storage.write(piece, 0, blocksOf(bytes, 7))
      ok(equalBytes(await storage.read(piece, 0, bytes.length), bytes))
    },
  },
  'writing again replaces what was there': {
    geometry: aligned,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      const bytes = (await fill(storage, geometry, piece)).slice()
      await storage.read(piece, 0, bytes.length)
      const other = pattern(5_000, 99)
      await storage.write(piece, 16_000, [other])
      bytes.set(other, 16_000)
      ok(equalBytes(await storage.read(piece, 0, bytes.length), bytes))
    },
  },
  'padding reads as zeros, whatever was written there': {
    geometry: padded,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 1)
      const bytes = new Uint8Array(geometry.lengthOf(piece)).fill(255)
      await storage.write(piece, 0, blocksOf(bytes, 16_384))
      bytes.fill(0, 40_000 - 32 * KIB)
      ok(
        equalBytes(await storage.read(piece, 0, bytes.length), bytes),
        'padding is not zeros, or what lies before it is wrong',
      )
    },
  },
  'what was never written rejects with FILE_MISSING or SHORT_READ': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const first = pieceOf(geometry, 0)
      strictEqual(isAbsent(await codeOf(storage.read(first, 0, 16_384))), true)
      await storage.write(first, 0, [pattern(100)])
      strictEqual(isAbsent(await codeOf(storage.read(pieceOf(geometry, 3), 0, 100))), true)
    },
  },
  'bytes beyond 4 GiB are where they belong': {
    geometry: enormous,
    async run({ storage, geometry }) {
      const border = pieceOf(geometry, (5 * KIB ** 3) / (32 * KIB))
      const last = pieceOf(geometry, geometry.pieceCount - 1)
      const near = pattern(geometry.lengthOf(border), 6)
      const far = pattern(geometry.lengthOf(last), 7)
      await storage.write(border, 0, blocksOf(near, 16_384))
      await storage.write(last, 0, blocksOf(far, 16_384))
      ok(equalBytes(await storage.read(border, 0, near.length), near))
      ok(equalBytes(await storage.read(last, 0, far.length), far))
    },
  },
}

async function writeAndReadAll({ storage, geometry }: StorageBench): Promise<void> {
  const written: Uint8Array[] = []
  for (let index = 0; index < geometry.pieceCount; index++) {
    written.push(await fill(storage, geometry, pieceOf(geometry, index)))
  }
  for (const [index, bytes] of written.entries()) {
    const read = await storage.read(pieceOf(geometry, index), 0, bytes.length)
    strictEqual(read.length, bytes.length)
    ok(equalBytes(read, bytes), `piece ${index} differs`)
  }
}
