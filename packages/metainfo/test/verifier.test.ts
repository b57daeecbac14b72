import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { encode } from '@torrential/bencode'
import { BLOCK_LENGTH, concatBytes, type PieceIndex, SeededRandom, toLatin1 } from '@torrential/primitives'
import {
  createVerifier,
  digestPlan,
  expectedDigest,
  type Metainfo,
  merkleRoot,
  MerkleHasher,
  paddingHash,
  parseTorrent,
} from '../src/index.ts'
import { codeOf, changed, fixture, v1 } from './support.ts'

const PIECE = 32_768
const sha = (algorithm: string, ...parts: readonly Uint8Array[]) =>
  new Uint8Array(createHash(algorithm).update(concatBytes(parts)).digest())

/** BEP 52 in its plainest form: hash the blocks, fill up with zero hashes, halve until one is left. */
function plainRoot(data: Uint8Array, leaves: number): Uint8Array {
  let layer = Array.from({ length: leaves }, (_, i) => {
    const block = data.subarray(i * BLOCK_LENGTH, (i + 1) * BLOCK_LENGTH)
    return block.length > 0 ? sha('sha256', block) : new Uint8Array(32)
  })
  while (layer.length > 1) {
    layer = Array.from({ length: layer.length / 2 }, (_, i) => sha('sha256', ...layer.slice(2 * i, 2 * i + 2)))
  }
  return layer[0] ?? new Uint8Array()
}

function random(length: number): Uint8Array {
  return new SeededRandom(length).bytes(length)
}

/** A v1 and a v2 torrent of files with these lengths; the second also has what each piece contains. */
function torrents(lengths: readonly number[]): {
  v1: Metainfo
  v2: Metainfo
  v1Pieces: Uint8Array[]
  v2Pieces: Uint8Array[]
} {
  const names = lengths.map((_, i) => `f${String(i).padStart(2, '0')}`)
  const contents = lengths.map(random)
  const whole = concatBytes(contents)
  const cut = (data: Uint8Array) =>
    Array.from({ length: Math.ceil(data.length / PIECE) }, (_, i) => data.subarray(i * PIECE, (i + 1) * PIECE))
  const tree: Record<string, { '': { length: number; 'pieces root'?: Uint8Array } }> = {}
  const layers = new Map<string, Uint8Array>()
  for (const [i, data] of contents.entries()) {
    const blocks = Math.ceil(data.length / BLOCK_LENGTH)
    const root = plainRoot(data, 2 ** Math.ceil(Math.log2(Math.max(1, blocks))))
    tree[names[i] ?? ''] = { '': data.length > 0 ? { length: data.length, 'pieces root': root } : { length: 0 } }
    if (data.length > PIECE) layers.set(toLatin1(root), concatBytes(cut(data).map((piece) => plainRoot(piece, 2))))
  }
  const v2 = { 'file tree': tree, 'meta version': 2, name: 'n', 'piece length': PIECE }
  const files = lengths.map((length, i) => ({ length, path: [names[i] ?? ''] }))
  const pieces = concatBytes(cut(whole).map((piece) => sha('sha1', piece)))
  return {
    v1: parseTorrent(v1({ files, length: undefined, 'piece length': PIECE, pieces })),
    v2: parseTorrent(encode({ info: v2, 'piece layers': layers })),
    v1Pieces: cut(whole),
    v2Pieces: contents.flatMap(cut),
  }
}

const LENGTHS = [
  1,
  0,
  BLOCK_LENGTH,
  BLOCK_LENGTH + 1,
  PIECE,
  PIECE + 1,
  3 * PIECE,
  5 * PIECE - 7,
  9 * PIECE + BLOCK_LENGTH,
]

describe('the verifier', () => {
  test.each(['v1', 'v2'] as const)('of %s accepts every right piece, in any cut, and nothing else', (version) => {
    const made = torrents(LENGTHS)
    const metainfo = made[version]
    const pieces = version === 'v1' ? made.v1Pieces : made.v2Pieces
    const verifier = createVerifier(metainfo)
    expect(pieces).toHaveLength(metainfo.geometry.pieceCount)
    for (const [i, data] of pieces.entries()) {
      const piece = i as PieceIndex
      const cut = 1 + ((i * 7919) % Math.max(1, data.length - 1))
      expect(verifier.verify(piece, [data])).toBe(true)
      expect(verifier.verify(piece, [data.subarray(0, cut), data.subarray(cut)])).toBe(true)
      const running = verifier.begin(piece)
      for (let at = 0; at < data.length; at += 5000) running.update(data.subarray(at, at + 5000))
      expect(running.matches()).toBe(true)
      const flipped = data.slice()
      flipped.set([(flipped.at(-1) ?? 0) ^ 0x80], data.length - 1)
      expect(verifier.verify(piece, [flipped])).toBe(false)
      expect(verifier.verify(piece, [data.subarray(0, -1)])).toBe(false)
      expect(verifier.verify(piece, [data, Uint8Array.of(0)])).toBe(false)
      expect(verifier.verify(piece, [])).toBe(false)
    }
  })

  test('of v2 tells a short piece from the same bytes filled up with zeros', () => {
    const { v2, v2Pieces } = torrents([PIECE + 100])
    const filled = new Uint8Array(PIECE)
    filled.set(v2Pieces[1] ?? [])
    expect(createVerifier(v2).verify(1 as PieceIndex, [v2Pieces[1] ?? filled])).toBe(true)
    expect(createVerifier(v2).verify(1 as PieceIndex, [filled])).toBe(false)
  })

  test('of v2 refuses more bytes than a piece can have', () => {
    const { v2, v2Pieces } = torrents([2 * PIECE])
    expect(createVerifier(v2).verify(0 as PieceIndex, [...v2Pieces, ...v2Pieces])).toBe(false)
  })

  test('accepts nothing for a piece that does not exist', () => {
    for (const metainfo of [torrents([5]).v1, torrents([5]).v2]) {
      expect(createVerifier(metainfo).verify(99 as PieceIndex, [random(5)])).toBe(false)
    }
  })

  test('cannot be made while a piece layer is missing', () => {
    const torrent = changed('multi-v2', ['piece layers'], undefined)
    const metainfo = parseTorrent(torrent, { allowMissingPieceLayers: true })
    expect(codeOf(() => createVerifier(metainfo))).toBe('TORRENT_PIECE_LAYER_MISSING')
  })
})

describe('the digest plan', () => {
  test('is the hashes of v1 without a copy, for hybrids too', () => {
    for (const name of ['multi-v1', 'multi-hybrid']) {
      const metainfo = parseTorrent(fixture(name))
      const plan = digestPlan(metainfo)
      expect(plan).toMatchObject({ kind: 'sha1', digestLength: 20 })
      expect(plan.digests).toBe(metainfo.pieceHashes)
      expect(expectedDigest(plan, 1 as PieceIndex)).toEqual(metainfo.pieceHashes?.subarray(20, 40))
    }
  })

  test('of v2 is enough to hash pieces by hand, also after a structured clone', () => {
    const { v2, v2Pieces } = torrents(LENGTHS)
    const plan = structuredClone(digestPlan(v2))
    expect(plan).toMatchObject({ kind: 'merkle-sha256', digestLength: 32 })
    for (const [i, data] of v2Pieces.entries()) {
      expect(plainRoot(data, plan.leafCounts[i] ?? 0)).toEqual(expectedDigest(plan, i as PieceIndex))
    }
  })
})

describe('merkle trees', () => {
  test.each([1, 2, 3, 5, 8, 13])('over %i blocks are those of BEP 52', (blocks) => {
    const data = random(blocks * BLOCK_LENGTH - 17)
    const leaves = 2 ** Math.ceil(Math.log2(blocks))
    const hasher = new MerkleHasher(leaves)
    hasher.update(data)
    expect(hasher.digest()).toEqual(plainRoot(data, leaves))
  })

  test('pad a higher layer with the root of a subtree of missing leaves', () => {
    expect(paddingHash(0)).toEqual(new Uint8Array(32))
    expect(paddingHash(3)).toEqual(plainRoot(new Uint8Array(), 8))
    const data = random(6 * BLOCK_LENGTH)
    const layer = [0, 1, 2].map((i) => plainRoot(data.subarray(i * PIECE, (i + 1) * PIECE), 2))
    expect(merkleRoot(concatBytes(layer), 1)).toEqual(plainRoot(data, 8))
    expect(merkleRoot(concatBytes(layer), 1, 8)).toEqual(plainRoot(data, 16))
  })
})
