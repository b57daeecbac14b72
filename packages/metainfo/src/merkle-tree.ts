// The merkle tree of one file (BEP 52), as far as its hashes are known from one layer up to the root: from the blocks (layer 0)
// when the file was hashed, from the pieces when only the piece layer is there. It answers hash requests.
//
// Layers are kept without their padding, as a file's last blocks mostly are: padding is computed when it is asked for.

import { InputError } from '@torrential/primitives'
import { HASH_LENGTH, paddingHash, parentLayer, powerOfTwoFrom } from './merkle.ts'
import { type HashRange, proveRange } from './merkle-proof.ts'

/** Hashes of a file, from one layer up. */
export class MerkleTree {
  /** The lowest layer that is known, counted from the blocks. */
  readonly baseLayer: number
  /** The layer of the root: the number of layers below it. */
  readonly rootLayer: number
  /** 32 bytes: what a torrent calls `pieces root`. */
  readonly root: Uint8Array
  readonly #layers: Uint8Array[] = []

  /**
   * @param hashes of `baseLayer`, 32 bytes each, at least one, without padding
   * @param baseLayer 0 for blocks, log2(pieceLength / 16 KiB) for pieces
   * @throws InputError `MERKLE_HASHES` when that is no row of hashes, `MERKLE_LAYER` when there is no such layer
   */
  constructor(hashes: Uint8Array, baseLayer = 0) {
    if (hashes.length === 0 || hashes.length % HASH_LENGTH !== 0) {
      throw new InputError('MERKLE_HASHES', `${hashes.length} bytes are no row of hashes`)
    }
    if (!Number.isInteger(baseLayer) || baseLayer < 0 || baseLayer > 64) {
      throw new InputError('MERKLE_LAYER', `there is no layer ${baseLayer}`)
    }
    this.baseLayer = baseLayer
    this.rootLayer = baseLayer + Math.log2(powerOfTwoFrom(hashes.length / HASH_LENGTH))
    this.#layers.push(hashes)
    let top = hashes
    for (let layer = baseLayer; layer < this.rootLayer; layer++) {
      top = parentLayer(top, paddingHash(layer))
      this.#layers.push(top)
    }
    this.root = top
  }

  /**
   * All hashes of a layer without padding, 32 bytes each: the piece layer, for example. A view: do not change it.
   * `undefined` below `baseLayer` and above the root.
   */
  layer(layer: number): Uint8Array | undefined {
    return this.#layers[layer - this.baseLayer]
  }

  /** A hash of the padded tree, 32 bytes; `undefined` where there is none or it is not known. */
  hash(layer: number, index: number): Uint8Array | undefined {
    const hashes = this.layer(layer)
    if (hashes === undefined || !Number.isInteger(index) || index < 0) return undefined
    if (index >= 2 ** (this.rootLayer - layer)) return undefined
    const start = index * HASH_LENGTH
    return start < hashes.length ? hashes.subarray(start, start + HASH_LENGTH) : paddingHash(layer)
  }

  /**
   * The answer to a hash request: `length` hashes of the layer, then the uncles that prove them, lowest first, 32 bytes each.
   * `undefined` when the request has to be rejected: it makes no sense for this file, or the layer is not known.
   */
  hashes(range: HashRange): Uint8Array | undefined {
    return proveRange(range, this)
  }
}
