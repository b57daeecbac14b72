// What a call to a Storage means for others: those beside it, those behind it, and whoever owns the bytes.

import { ok, strictEqual } from 'node:assert/strict'
import { equalBytes } from '@torrential/primitives'
import { aligned, fill, isAbsent, pieceOf, spanning, type StorageBody } from './storage-bench.ts'
import { codeOf, pattern } from './transport-fixture.ts'

export const callCases: Readonly<Record<string, StorageBody>> = {
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

/** Of a storage whose reads belong to the caller. */
export const ownedCases: Readonly<Record<string, StorageBody>> = {
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
