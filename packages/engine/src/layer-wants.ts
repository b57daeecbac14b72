// The piece layers that a torrent lacks, as ranges of hashes to ask for. A layer is kept from the first range that proved itself
// on – no peer makes us allocate anything by a claim – and handed over when it is whole.

import {
  type FileTrees,
  HASH_LENGTH,
  type HashRange,
  layerRanges,
  type TreeFile,
  verifyHashes,
} from '@torrential/metainfo'
import type { HashWant } from './hash-asker.ts'

/**
 * What to want to get every layer that `trees` lacks. Each whole layer is added there, then `complete` is told.
 */
export function layerWants(trees: FileTrees, complete: (file: TreeFile, hashes: Uint8Array) => void): HashWant[] {
  return trees.incomplete.flatMap((file) => {
    let hashes: Uint8Array | undefined
    const ranges = layerRanges(file)
    let missing = ranges.length
    const take = (range: HashRange, answer: Uint8Array): boolean => {
      const root = { layer: file.rootLayer, index: 0, hash: file.piecesRoot }
      if (!verifyHashes(range, answer, root)) return false
      hashes ??= new Uint8Array(file.pieceCount * HASH_LENGTH)
      const count = Math.min(range.length, file.pieceCount - range.index)
      hashes.set(answer.subarray(0, count * HASH_LENGTH), range.index * HASH_LENGTH)
      missing--
      if (missing === 0) {
        trees.add(file, hashes)
        complete(file, hashes)
      }
      return true
    }
    return ranges.map((range) => ({ piecesRoot: file.piecesRoot, range, accept: (answer) => take(range, answer) }))
  })
}
