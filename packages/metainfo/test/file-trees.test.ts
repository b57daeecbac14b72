import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { equalBytes, Geometry, type PieceIndex } from '@torrential/primitives'
import { assert, constantFrom, integer, property } from 'fast-check'
import {
  FileTrees,
  HASH_LENGTH,
  layerRanges,
  MerkleTree,
  type MetainfoFile,
  MOST_HASHES,
  parseTorrent,
  verifyHashes,
} from '../src/index.ts'
import { codeOf, fixture } from './support.ts'

const BLOCK = 16_384

function row(count: number, seed = ''): Uint8Array {
  const hashes = Array.from({ length: count }, (_, i) => createHash('sha256').update(`${seed}${i}`).digest())
  return new Uint8Array(Buffer.concat(hashes))
}

/** One file of so many pieces whose layer is known. */
function oneFile(pieces: number, blocks = 2): { trees: FileTrees; layer: Uint8Array; tree: MerkleTree } {
  const layer = row(pieces)
  const tree = new MerkleTree(layer, Math.log2(blocks))
  const geometry = new Geometry('v2', blocks * BLOCK, [{ length: pieces * blocks * BLOCK }])
  const file = { index: 0, path: 'a', length: pieces * blocks * BLOCK, pad: false, executable: false, hidden: false }
  const files: MetainfoFile[] = [{ ...file, piecesRoot: tree.root }]
  return { trees: new FileTrees({ geometry, files, pieceLayers: new Map() }), layer, tree }
}

describe('The ranges in which a piece layer is asked for', () => {
  test('give all of it, once, each proven against the root by what a tree answers', () => {
    assert(
      property(integer({ min: 2, max: 2100 }), constantFrom(1, 2, 16), (pieces, blocks) => {
        const { trees, layer, tree } = oneFile(pieces, blocks)
        const file = trees.files[0]
        if (file === undefined) throw new Error('no file')
        const ranges = layerRanges(file)
        const got = new Uint8Array(layer.length)
        for (const range of ranges) {
          expect(range.length).toBeLessThanOrEqual(MOST_HASHES)
          const answer = tree.hashes(range) ?? new Uint8Array()
          expect(verifyHashes(range, answer, { layer: file.rootLayer, index: 0, hash: file.piecesRoot })).toBe(true)
          const wanted = Math.min(range.length, pieces - range.index) * HASH_LENGTH
          got.set(answer.subarray(0, wanted), range.index * HASH_LENGTH)
        }
        expect(ranges).toHaveLength(Math.ceil(pieces / MOST_HASHES))
        expect(equalBytes(got, layer)).toBe(true)
      }),
      { numRuns: 40, seed: 3 },
    )
  })

  test('are those that libtorrent asks for', () => {
    const file = oneFile(1500, 4).trees.files[0]
    if (file === undefined) throw new Error('no file')
    expect(layerRanges(file)).toEqual([
      { baseLayer: 2, index: 0, length: 512, proofLayers: 10 },
      { baseLayer: 2, index: 512, length: 512, proofLayers: 10 },
      { baseLayer: 2, index: 1024, length: 512, proofLayers: 10 },
    ])
  })
})

test('a tree answers for a single hash, as libtorrent asks for the last piece of 513', () => {
  const { tree, layer } = oneFile(513)
  const answer = tree.hashes({ baseLayer: 1, index: 512, length: 1, proofLayers: 9 }) ?? new Uint8Array()
  expect(answer).toHaveLength(11 * HASH_LENGTH)
  let hash = layer.subarray(512 * HASH_LENGTH)
  expect(equalBytes(answer.subarray(0, HASH_LENGTH), hash)).toBe(true)
  for (let i = 1; i <= 10; i++) {
    const uncle = answer.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)
    const pair = i === 10 ? [uncle, hash] : [hash, uncle]
    hash = createHash('sha256').update(Buffer.concat(pair)).digest()
  }
  expect(equalBytes(hash, tree.root)).toBe(true)
})

describe('FileTrees', () => {
  test('know the hash of every piece of a whole torrent, and that nothing is missing', () => {
    for (const name of ['multi-v2', 'multi-hybrid']) {
      const metainfo = parseTorrent(fixture(name))
      const trees = new FileTrees(metainfo)
      expect(trees.incomplete).toEqual([])
      for (let piece = 0; piece < metainfo.geometry.pieceCount; piece++) {
        expect(trees.pieceHash(piece as PieceIndex)).toHaveLength(HASH_LENGTH)
        const file = trees.fileOf(piece as PieceIndex)?.file ?? -1
        expect(metainfo.files[file]?.pad).toBe(false)
      }
    }
  })

  test('count a layer from the moment it is added, for every file of that content', () => {
    const { trees: one, layer } = oneFile(3)
    const [first] = one.files
    if (first === undefined) throw new Error('no file')
    const geometry = new Geometry('v2', 2 * BLOCK, [{ length: first.length }, { length: first.length }])
    const file = { path: 'a', length: first.length, pad: false, executable: false, hidden: false }
    const files = [0, 1].map((index) => ({ ...file, index, piecesRoot: first.piecesRoot }))
    const trees = new FileTrees({ geometry, files, pieceLayers: new Map() })
    expect(trees.incomplete).toHaveLength(1)
    expect(trees.withRoot(first.piecesRoot)).toHaveLength(2)
    expect(trees.pieceHash(4 as PieceIndex)).toBeUndefined()
    const wrong = layer.map((byte, i) => (i === 40 ? byte ^ 1 : byte))
    for (const hashes of [wrong, layer.subarray(32), row(4)]) {
      expect(codeOf(() => trees.add(first, hashes))).toBe('TORRENT_PIECE_LAYER')
    }
    trees.add(first, layer)
    expect(trees.incomplete).toEqual([])
    expect(trees.pieceHash(4 as PieceIndex)).toEqual(layer.subarray(32, 64))
    expect(trees.pieceLayers.get(first.key)).toBe(layer)
  })
})
