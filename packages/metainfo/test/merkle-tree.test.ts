import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { equalBytes, toHex } from '@torrential/primitives'
import { assert, constantFrom, gen, integer, nat, property } from 'fast-check'
import {
  climbProof,
  HASH_LENGTH,
  type HashRange,
  merkleRoot,
  MerkleTree,
  parseTorrent,
  paddingHash,
  proofHashes,
  verifyHashes,
} from '../src/index.ts'
import { codeOf, fixture } from './support.ts'

/** `count` different hashes, one behind the other. */
function hashes(count: number, seed = 0): Uint8Array {
  const row = new Uint8Array(count * HASH_LENGTH)
  for (let i = 0; i < count; i++) row.set(createHash('sha256').update(`${seed} ${i}`).digest(), i * HASH_LENGTH)
  return row
}

/** The whole padded tree, layer by layer in hex, as the definition has it: no hash left out. */
function naiveTree(row: Uint8Array, baseLayer: number): string[][] {
  const leaves = 2 ** Math.ceil(Math.log2(row.length / HASH_LENGTH))
  let layer = Array.from({ length: leaves * 2 ** baseLayer }, () => '0'.repeat(64))
  for (let i = 0; i < baseLayer; i++) layer = pairs(layer)
  for (let i = 0; i < row.length / HASH_LENGTH; i++) layer[i] = toHex(row.subarray(i * 32, (i + 1) * 32))
  const layers = [layer]
  for (; layer.length > 1; layers.push(layer)) layer = pairs(layer)
  return layers
}

function pairs(below: readonly string[]): string[] {
  return Array.from({ length: below.length / 2 }, (_, i) =>
    createHash('sha256')
      .update(`${below[2 * i]}${below[2 * i + 1]}`, 'hex')
      .digest('hex'),
  )
}

/** BEP 52, word by word: the hashes, then the uncles of the layers that cannot be computed from them. */
function naiveAnswer(layers: readonly string[][], base: number, range: HashRange): string {
  const answer = (layers[range.baseLayer - base] ?? []).slice(range.index, range.index + range.length)
  let at = range.index
  for (let up = 1; up <= range.proofLayers; up++) {
    at = Math.floor(at / 2)
    if (2 ** up < range.length) continue
    const layer = layers[range.baseLayer - base + up] ?? []
    answer.push(layer[at % 2 === 0 ? at + 1 : at - 1] ?? '')
  }
  return answer.join('')
}

const counts = integer({ min: 1, max: 70 })
const bases = constantFrom(0, 1, 3)

describe('MerkleTree', () => {
  test('has every hash of every layer that the definition gives, padding included', () => {
    assert(
      property(counts, bases, (count, base) => {
        const row = hashes(count)
        const tree = new MerkleTree(row, base)
        const naive = naiveTree(row, base)
        expect(tree.rootLayer).toBe(base + naive.length - 1)
        for (const [up, layer] of naive.entries()) {
          for (const [i, hash] of layer.entries()) expect(toHex(tree.hash(base + up, i) ?? row)).toBe(hash)
          expect(tree.hash(base + up, layer.length)).toBeUndefined()
        }
        expect(toHex(tree.root)).toBe(naive.at(-1)?.[0])
        expect(equalBytes(tree.root, merkleRoot(row, base))).toBe(true)
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('answers every request as the definition says, and each answer proves itself', () => {
    assert(
      property(integer({ min: 2, max: 70 }), bases, gen(), (count, base, draw) => {
        const row = hashes(count)
        const tree = new MerkleTree(row, base)
        const layer = draw(integer, { min: base, max: tree.rootLayer - 1 })
        const height = draw(integer, { min: 1, max: tree.rootLayer - layer })
        const index = draw(nat, { max: 2 ** (tree.rootLayer - layer - height) - 1 }) * 2 ** height
        const proofLayers = draw(nat, { max: tree.rootLayer - layer - 1 })
        const range = { baseLayer: layer, index, length: 2 ** height, proofLayers }
        const answer = tree.hashes(range) ?? new Uint8Array()
        expect(toHex(answer)).toBe(naiveAnswer(naiveTree(row, base), base, range))
        const reached = climbProof(range, answer)
        if (reached === undefined) throw new Error('no proof')
        expect(reached.layer).toBe(layer + Math.max(height, proofLayers + 1))
        expect(toHex(reached.hash)).toBe(toHex(tree.hash(reached.layer, reached.index) ?? row))
        expect(verifyHashes(range, answer, reached)).toBe(true)

        const broken = answer.slice()
        const at = draw(nat, { max: answer.length - 1 })
        broken[at] = (broken[at] ?? 0) ^ (1 << draw(nat, { max: 7 }))
        expect(verifyHashes(range, broken, reached)).toBe(false)
        expect(verifyHashes(range, answer.subarray(32), reached)).toBe(false)
        expect(verifyHashes(range, answer, { ...reached, index: reached.index + 1 })).toBe(false)
        expect(verifyHashes(range, answer, { ...reached, layer: reached.layer + 1 })).toBe(false)
      }),
      { numRuns: 300, seed: 2 },
    )
  })

  test('a range that is moved proves nothing, though its hashes are right', () => {
    const tree = new MerkleTree(hashes(16))
    const range = { baseLayer: 0, index: 4, length: 2, proofLayers: 3 }
    const answer = tree.hashes(range) ?? new Uint8Array()
    const known = { layer: 4, index: 0, hash: tree.root }
    expect(verifyHashes(range, answer, known)).toBe(true)
    for (const index of [0, 2, 6, 12, 20]) expect(verifyHashes({ ...range, index }, answer, known)).toBe(false)
  })

  test.each([
    ['a length of zero', { length: 0 }],
    ['a length that is no power of two', { length: 3 }],
    ['no length', { length: 0 }],
    ['an index that is no multiple of the length', { index: 1 }],
    ['a range behind the end', { index: 16 }],
    ['more than the layer has', { length: 32 }],
    ['a proof that goes beyond the root', { proofLayers: 4 }],
    ['a layer below the base', { baseLayer: 1 }],
    ['a layer above the root', { baseLayer: 7 }],
    ['the layer of the root', { baseLayer: 6 }],
    ['a fraction', { index: 0.5 }],
    ['a negative index', { index: -2 }],
    ['a layer that no tree has', { baseLayer: 4_294_967_295 }],
    ['a proof of too many layers', { proofLayers: 4_294_967_295 }],
    ['not a number', { proofLayers: Number.NaN }],
  ])('rejects a request with %s', (_, change) => {
    const tree = new MerkleTree(hashes(13), 2)
    const range = { baseLayer: 2, index: 0, length: 2, proofLayers: 3, ...change }
    expect(tree.hashes({ ...range })).toBeUndefined()
    expect(tree.hashes({ baseLayer: 2, index: 0, length: 2, proofLayers: 3 })).toHaveLength(5 * HASH_LENGTH)
  })

  test('serves the piece layer of a torrent, up to its root', () => {
    const { pieceLayers, geometry } = parseTorrent(fixture('multi-v2'))
    const base = Math.log2(geometry.pieceLength / 16_384)
    for (const [root, layer] of pieceLayers) {
      const tree = new MerkleTree(layer, base)
      expect(Buffer.from(tree.root).toString('latin1')).toBe(root)
      expect(tree.layer(base)).toBe(layer)
      expect(tree.layer(base - 1)).toBeUndefined()
      const length = 2 ** (tree.rootLayer - base)
      const answer = tree.hashes({ baseLayer: base, index: 0, length, proofLayers: 0 }) ?? new Uint8Array()
      const behind = answer.subarray(layer.length)
      for (let at = 0; at < behind.length; at += 32) {
        expect(equalBytes(behind.subarray(at, at + 32), paddingHash(base))).toBe(true)
      }
    }
  })

  test('takes nothing that is no row of hashes', () => {
    expect(codeOf(() => new MerkleTree(new Uint8Array()))).toBe('MERKLE_HASHES')
    expect(codeOf(() => new MerkleTree(new Uint8Array(33)))).toBe('MERKLE_HASHES')
    for (const layer of [-1, 0.5, 65]) expect(codeOf(() => new MerkleTree(hashes(1), layer))).toBe('MERKLE_LAYER')
  })
})

test('proofHashes counts the uncles of an answer, and none of a malformed request', () => {
  const range = { baseLayer: 0, index: 0, length: 512, proofLayers: 8 }
  expect(proofHashes(range)).toBe(0)
  expect(proofHashes({ ...range, proofLayers: 9 })).toBe(1)
  expect(proofHashes({ ...range, length: 2 })).toBe(8)
  expect(proofHashes({ ...range, length: 2 ** 33, proofLayers: 0 })).toBe(0)
  expect(proofHashes({ ...range, length: Number.POSITIVE_INFINITY })).toBeUndefined()
})
