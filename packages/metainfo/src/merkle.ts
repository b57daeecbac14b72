// Merkle trees of BEP 52: SHA-256, leaves are blocks of 16 KiB, every tree is padded to a power of two. A missing leaf is 32
// zero bytes (not the hash of zeros), so the padding of a higher layer is the root of a subtree of such leaves.

import { createHash, type Hash, hash as hashOnce } from 'node:crypto'
import { BLOCK_LENGTH, fromLatin1 } from '@torrential/primitives'

/** Bytes of a hash. */
export const HASH_LENGTH = 32

const paddings: Uint8Array[] = [new Uint8Array(HASH_LENGTH)]

/** Root of a subtree of 2^`height` missing leaves, 32 bytes. */
export function paddingHash(height: number): Uint8Array {
  for (let known = paddings.length; known <= height; known++) {
    const below = paddings[known - 1] as Uint8Array
    paddings.push(hashPair(below, below))
  }
  return paddings[height] as Uint8Array
}

/** The smallest power of two that is at least `count`; 1 for 0. */
export function powerOfTwoFrom(count: number): number {
  let power = 1
  while (power < count) power *= 2
  return power
}

/**
 * Root over the `hashes` of one layer (32 bytes each, at least one), padded at their end up to a power of two.
 * @param height of the layer: 0 for blocks, log2(pieceLength / 16 KiB) for pieces
 * @param width hashes in the padded layer: a power of two @default the next from the number of hashes
 */
export function merkleRoot(hashes: Uint8Array, height = 0, width?: number): Uint8Array {
  let layer = hashes
  let level = height
  let wanted = width ?? powerOfTwoFrom(hashes.length / HASH_LENGTH)
  for (; wanted > 1; wanted /= 2) {
    layer = parentLayer(layer, paddingHash(level))
    level++
  }
  return layer.slice(0, HASH_LENGTH)
}

/** The layer above `layer`, whose last hash is paired with `padding` when it is alone. */
export function parentLayer(layer: Uint8Array, padding: Uint8Array): Uint8Array {
  const parents = Math.ceil(layer.length / (2 * HASH_LENGTH))
  const above = new Uint8Array(parents * HASH_LENGTH)
  for (let i = 0; i < parents; i++) {
    const start = i * 2 * HASH_LENGTH
    const pair = layer.subarray(start, start + 2 * HASH_LENGTH)
    const hash = pair.length === 2 * HASH_LENGTH ? sha256(pair) : hashPair(pair, padding)
    above.set(hash, i * HASH_LENGTH)
  }
  return above
}

/** Merkle root of a stream of bytes that is fed in any cut: of a piece, or of a file not longer than one. */
export class MerkleHasher {
  readonly #leaves: Uint8Array
  #count = 0
  /** Of a block that comes in parts: whole ones, as peers send them, need none. */
  #hash: Hash | undefined
  #filled = 0

  /** @param leaves of the padded tree, a power of two */
  constructor(leaves: number) {
    this.#leaves = new Uint8Array(leaves * HASH_LENGTH)
  }

  /** More than `leaves` × 16 KiB in all give a digest that matches nothing. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      // Whole blocks, as peers send them, take the short way: it is a third faster.
      if (this.#filled === 0 && bytes.length - at >= BLOCK_LENGTH) {
        this.#addLeaf(sha256(bytes.subarray(at, at + BLOCK_LENGTH)))
        at += BLOCK_LENGTH
        continue
      }
      const end = Math.min(bytes.length, at + BLOCK_LENGTH - this.#filled)
      this.#hash ??= createHash('sha256')
      this.#hash.update(bytes.subarray(at, end))
      this.#filled += end - at
      at = end
      if (this.#filled === BLOCK_LENGTH) this.#endLeaf()
    }
  }

  /** 32 bytes. Call once, and not beside `leaves`. */
  digest(): Uint8Array {
    const leaves = this.leaves()
    return leaves.length === 0 ? leaves : merkleRoot(leaves)
  }

  /** The hashes of the blocks, 32 bytes each, padded with zeros; empty when there was too much. Call once. */
  leaves(): Uint8Array {
    if (this.#filled > 0) this.#endLeaf()
    return this.#count * HASH_LENGTH > this.#leaves.length ? new Uint8Array() : this.#leaves
  }

  #endLeaf(): void {
    if (this.#hash !== undefined) this.#addLeaf(this.#hash.digest())
    this.#hash = undefined
    this.#filled = 0
  }

  #addLeaf(hash: Uint8Array): void {
    if ((this.#count + 1) * HASH_LENGTH <= this.#leaves.length) this.#leaves.set(hash, this.#count * HASH_LENGTH)
    this.#count++
  }
}

/** The parent of two hashes, 32 bytes. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(left).update(right).digest()
}

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return fromLatin1(hashOnce('sha256', bytes, 'binary'))
}
