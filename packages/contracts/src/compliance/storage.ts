// What every Storage does, whatever it keeps its bytes in. The geometries here are the awkward ones: pieces that span several
// files, empty files, files that are shorter than a piece, v2 gaps, padding, and offsets beyond 32 bits.

import { ok, strictEqual } from 'node:assert/strict'
import type { PieceIndex } from '@torrential/primitives'
import { concatBytes, equalBytes, Geometry } from '@torrential/primitives'
import type { Storage } from '../storage.ts'
import type { ComplianceCase } from './compliance-case.ts'
import { codeOf, pattern } from './transport-fixture.ts'

/** A fresh, empty storage for the files of `geometry`; the case disposes it. */
export type MakeStorage = (geometry: Geometry) => Promise<Storage> | Storage

export interface StorageComplianceOptions {
  /** Reads may be views of a cache, which the caller must not change. @default false */
  readonly sharedReads?: boolean
}

/** One storage and what it stores. */
interface Bench {
  readonly storage: Storage
  readonly geometry: Geometry
}

interface Body {
  readonly geometry: () => Geometry
  run(bench: Bench): Promise<void>
}

const KIB = 1024

/** 100,000 bytes in five files, two of them empty, in pieces of 32 KiB: the second piece lies in three files. */
const spanning = () =>
  new Geometry('v1', 32 * KIB, [{ length: 40_000 }, { length: 0 }, { length: 9 }, { length: 59_991 }, { length: 0 }])
const aligned = () =>
  new Geometry('v2', 32 * KIB, [{ length: 40_000 }, { length: 0 }, { length: 9 }, { length: 70_000 }])
const padded = () =>
  new Geometry('hybrid', 32 * KIB, [{ length: 40_000 }, { length: 25_536, pad: true }, { length: 50_000 }])
const enormous = () => new Geometry('v1', 32 * KIB, [{ length: 5 * KIB ** 3 + 10 }, { length: 3 * KIB ** 3 }])

/** The suite for `Storage`. `make` is called once per case. */
export function storageCompliance(
  make: MakeStorage,
  options: StorageComplianceOptions = {},
): readonly ComplianceCase[] {
  const bodies = options.sharedReads === true ? sharedCases : { ...sharedCases, ...ownedCases }
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => withStorage(make, body) }))
}

const roundTrips: Readonly<Record<string, Body>> = Object.fromEntries(
  Object.entries({
    'v1 torrent whose pieces span files': spanning,
    'v2 torrent': aligned,
    'hybrid torrent': padded,
  }).map(([what, geometry]): [string, Body] => [
    `every piece of a ${what} reads back as written`,
    { geometry, run: writeAndReadAll },
  ]),
)

const sharedCases: Readonly<Record<string, Body>> = {
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
  'blocks may be changed once the write has resolved': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      const bytes = pattern(16_384, 5)
      const expected = bytes.slice()
      await storage.write(piece, 0, [bytes])
      bytes.fill(0)
      ok(equalBytes(await storage.read(piece, 0, expected.length), expected))
    },
  },
  'a write of nothing resolves and writes nothing': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      await storage.write(piece, 0, [])
      strictEqual(isAbsent(await codeOf(storage.read(piece, 0, 1))), true)
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
  'calls may overlap': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const pieces = Array.from({ length: geometry.pieceCount }, (_, index) => pieceOf(geometry, index))
      const written = await Promise.all(pieces.map((piece) => fill(storage, geometry, piece)))
      await Promise.all([
        storage.flush(),
        ...pieces.map(async (piece) => {
          const read = await storage.read(piece, 0, geometry.lengthOf(piece))
          ok(equalBytes(read, written[piece] as Uint8Array), `piece ${piece} differs`)
        }),
      ])
    },
  },
  'flush resolves with nothing written, and changes nothing': {
    geometry: aligned,
    async run({ storage, geometry }) {
      await storage.flush()
      const piece = pieceOf(geometry, 0)
      const bytes = await fill(storage, geometry, piece)
      await storage.flush()
      ok(equalBytes(await storage.read(piece, 0, bytes.length), bytes))
    },
  },
  'a fired signal rejects with its reason, and nothing is written': {
    geometry: aligned,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      const reason = Object.assign(new Error('not today'), { code: 'NOT_TODAY' })
      const options = { signal: AbortSignal.abort(reason) }
      strictEqual(await codeOf(storage.write(piece, 0, [pattern(100)], options)), 'NOT_TODAY')
      strictEqual(isAbsent(await codeOf(storage.read(piece, 0, 100))), true)
      strictEqual(await codeOf(storage.read(piece, 0, 100, options)), 'NOT_TODAY')
      strictEqual(await codeOf(storage.flush(options)), 'NOT_TODAY')
    },
  },
  'disposing twice is the same as once, and afterwards every call rejects with STORAGE_CLOSED': {
    geometry: aligned,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 0)
      await fill(storage, geometry, piece)
      await Promise.all([storage[Symbol.asyncDispose](), storage[Symbol.asyncDispose]()])
      strictEqual(await codeOf(storage.read(piece, 0, 100)), 'STORAGE_CLOSED')
      strictEqual(await codeOf(storage.write(piece, 0, [pattern(100)])), 'STORAGE_CLOSED')
      strictEqual(await codeOf(storage.flush()), 'STORAGE_CLOSED')
    },
  },
}

const ownedCases: Readonly<Record<string, Body>> = {
  'what was read belongs to the caller: changing it changes nothing else': {
    geometry: spanning,
    async run({ storage, geometry }) {
      const piece = pieceOf(geometry, 1)
      const bytes = await fill(storage, geometry, piece)
      const first = await storage.read(piece, 0, bytes.length)
      first.fill(0)
      ok(equalBytes(await storage.read(piece, 0, bytes.length), bytes))
    },
  },
}

async function withStorage(make: MakeStorage, body: Body): Promise<void> {
  const geometry = body.geometry()
  const storage = await make(geometry)
  try {
    await body.run({ storage, geometry })
  } finally {
    await storage[Symbol.asyncDispose]()
  }
}

async function writeAndReadAll({ storage, geometry }: Bench): Promise<void> {
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

/** Every piece, one behind the other. */
async function readAll({ storage, geometry }: Bench): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = pieceOf(geometry, index)
    pieces.push(await storage.read(piece, 0, geometry.lengthOf(piece)))
  }
  return concatBytes(pieces)
}

/** Writes a piece of bytes that no other piece has, in blocks of 16 KiB, and returns them; padding is zeros. */
async function fill(storage: Storage, geometry: Geometry, piece: PieceIndex): Promise<Uint8Array> {
  const bytes = pattern(geometry.lengthOf(piece), piece + 1)
  let at = 0
  for (const { file, length } of geometry.slices(piece, 0, bytes.length)) {
    if (geometry.files[file]?.pad === true) bytes.fill(0, at, at + length)
    at += length
  }
  await storage.write(piece, 0, blocksOf(bytes, 16_384))
  return bytes
}

function blocksOf(bytes: Uint8Array, length: number): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += length) blocks.push(bytes.subarray(at, at + length))
  return blocks
}

function pieceOf(geometry: Geometry, index: number): PieceIndex {
  const piece = geometry.piece(index)
  ok(piece !== undefined, `the suite has a wrong piece number: ${index}`)
  return piece
}

function isAbsent(code: unknown): boolean {
  return code === 'FILE_MISSING' || code === 'SHORT_READ'
}
