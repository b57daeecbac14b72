// The merkle root of a piece (BEP 52), for the threads: SHA-256 of each block of 16 KiB, and absent leaves are 32 zero bytes. As
// `MerkleHasher` of metainfo, which a thread that starts from `src` cannot load.

import { hash as hashOnce } from 'node:crypto'

const BLOCK = 16_384
const HASH = 32

export class MerkleRoot {
  #count = 0
  #layer

  constructor(leaves) {
    this.#layer = Buffer.alloc(leaves * HASH)
  }

  update(bytes) {
    for (let at = 0; at < bytes.length; at += BLOCK) put(this.#layer, this.#count++, bytes.subarray(at, at + BLOCK))
  }

  digest() {
    // The parents take the place of their children: a parent lies before the pair that follows its own.
    for (let width = this.#layer.length / HASH; width > 1; width /= 2) {
      for (let i = 0; i < width / 2; i++) put(this.#layer, i, this.#layer.subarray(2 * i * HASH, 2 * (i + 1) * HASH))
    }
    return this.#layer.subarray(0, HASH)
  }
}

/** The hash of `bytes` into place `index` of a layer. One call and a string are a third faster than a hash object and a buffer. */
function put(layer, index, bytes) {
  layer.write(hashOnce('sha256', bytes, 'binary'), index * HASH, HASH, 'latin1')
}
