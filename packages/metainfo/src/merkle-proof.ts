// Ranges of hashes that peers ask for and prove to one another (BEP 52, messages 21 and 22).
//
// A range is an aligned subtree: its own root follows from its hashes, so of the `proofLayers` layers above the base layer the
// first log2(length) − 1 need no uncle. From there on, each layer's uncle turns the hash so far into its parent. Nothing is
// believed before a hash is reached that was known already: the root of the file, or a hash of its piece layer.

import { equalBytes } from '@torrential/primitives'
import { HASH_LENGTH, hashPair, merkleRoot } from './merkle.ts'

/** What a hash request asks for. All of it is a stranger's choice. */
export interface HashRange {
  /** Layer of the hashes, 0 being the blocks. */
  readonly baseLayer: number
  /** First hash in that layer: a multiple of `length`. */
  readonly index: number
  /** Hashes of that layer: a power of two, at least 2. */
  readonly length: number
  /** Layers above the base layer that the proof covers. */
  readonly proofLayers: number
}

/** A hash at its place in a file's tree. */
export interface PlacedHash {
  /** 0 being the blocks. */
  readonly layer: number
  readonly index: number
  /** 32 bytes */
  readonly hash: Uint8Array
}

/** Where hashes of a padded tree are looked up. */
export interface HashLookup {
  /** The layer of the root: the number of layers below it. */
  readonly rootLayer: number
  /** 32 bytes; `undefined` where there is none or it is not known. */
  hash(layer: number, index: number): Uint8Array | undefined
}

/** Layers that a tree can have: 2^53 bytes in blocks of 16 KiB have 39. */
const MAX_LAYERS = 64

/** How many uncles follow the hashes of a range; `undefined` when the range is malformed. */
export function proofHashes({ baseLayer, index, length, proofLayers }: HashRange): number | undefined {
  const height = Math.log2(length)
  if (!Number.isInteger(height) || height < 1 || !isRange({ baseLayer, index, length, proofLayers })) return undefined
  return Math.max(0, proofLayers - (height - 1))
}

/**
 * The answer to a hash request: `length` hashes of the layer, then the uncles that prove them, lowest first, 32 bytes each.
 * `undefined` when the request makes no sense for this tree, or a hash that it takes is not known. A length of 1, which BEP 52
 * does not allow, is answered all the same: libtorrent asks so for the last piece of a file of 513, 1,025 … pieces.
 */
export function proveRange(range: HashRange, tree: HashLookup): Uint8Array | undefined {
  const { baseLayer, index, length, proofLayers } = range
  const count = length === 1 && isRange(range) ? proofLayers + 1 : proofHashes(range)
  if (count === undefined || index + length > 2 ** (tree.rootLayer - baseLayer)) return undefined
  // The highest uncle has to lie below the root.
  if (count > 0 && baseLayer + proofLayers >= tree.rootLayer) return undefined
  const answer = new Uint8Array((length + count) * HASH_LENGTH)
  const height = Math.log2(length)
  for (let i = 0; i < length + count; i++) {
    const layer = i < length ? baseLayer : baseLayer + height + i - length
    const at = i < length ? index + i : Math.floor(index / 2 ** (layer - baseLayer)) ^ 1
    const hash = tree.hash(layer, at)
    if (hash === undefined) return undefined
    answer.set(hash, i * HASH_LENGTH)
  }
  return answer
}

/**
 * The hash that `hashes` (of a range, then its uncles) lead up to, and its place. `undefined` when they are malformed. It proves
 * nothing by itself: compare it with a known hash, see `verifyHashes`.
 */
export function climbProof(range: HashRange, hashes: Uint8Array): PlacedHash | undefined {
  const count = proofHashes(range)
  const { baseLayer, index, length } = range
  if (count === undefined || hashes.length !== (length + count) * HASH_LENGTH) return undefined
  const height = Math.log2(length)
  let hash = merkleRoot(hashes.subarray(0, length * HASH_LENGTH))
  let at = index / length
  for (let i = 0; i < count; i++) {
    const start = (length + i) * HASH_LENGTH
    const uncle = hashes.subarray(start, start + HASH_LENGTH)
    hash = at % 2 === 0 ? hashPair(hash, uncle) : hashPair(uncle, hash)
    at = Math.floor(at / 2)
  }
  return { layer: baseLayer + height + count, index: at, hash }
}

/**
 * Whether `hashes`, an answer to a request for `range`, belong to the tree that has `known` in it: the root, or for blocks of a
 * piece its hash in the piece layer. The proof has to end at exactly that place.
 */
export function verifyHashes(range: HashRange, hashes: Uint8Array, known: PlacedHash): boolean {
  const reached = climbProof(range, hashes)
  if (reached === undefined || reached.layer !== known.layer || reached.index !== known.index) return false
  return equalBytes(reached.hash, known.hash)
}

function isRange({ baseLayer, index, length, proofLayers }: HashRange): boolean {
  return isLayer(baseLayer) && isLayer(proofLayers) && Number.isSafeInteger(index) && index >= 0 && index % length === 0
}

function isLayer(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_LAYERS
}
