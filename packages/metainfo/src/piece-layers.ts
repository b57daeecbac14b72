// Piece layers (BEP 52): for each file longer than a piece the hashes of its pieces. They lie outside of the info dictionary,
// so nothing vouches for them except the file's root: a layer that does not hash to it is refused.

import { type BencodeDict, isBytes } from '@torrential/bencode'
import { BLOCK_LENGTH, equalBytes, InputError, toHex, toLatin1 } from '@torrential/primitives'
import type { ListedFile } from './listed-file.ts'
import { HASH_LENGTH, merkleRoot } from './merkle.ts'

/**
 * The layers that `files` need, by root in latin1. What no file needs is left out.
 * @throws InputError `TORRENT_PIECE_LAYER` when one is missing (unless `allowMissing`), has the wrong length or the wrong root
 */
export function checkPieceLayers(
  files: readonly ListedFile[],
  layers: BencodeDict | ReadonlyMap<string, Uint8Array>,
  pieceLength: number,
  allowMissing: boolean,
): ReadonlyMap<string, Uint8Array> {
  const checked = new Map<string, Uint8Array>()
  const height = Math.log2(pieceLength / BLOCK_LENGTH)
  for (const { length, piecesRoot } of files) {
    if (piecesRoot === undefined || length <= pieceLength) continue
    const key = toLatin1(piecesRoot)
    const layer = layers.get(key)
    if (layer === undefined && allowMissing) continue
    if (!isBytes(layer)) wrong(piecesRoot, 'is missing')
    if (layer.length !== Math.ceil(length / pieceLength) * HASH_LENGTH) wrong(piecesRoot, 'has the wrong length')
    // Files of the same content share a root, and then a layer that was checked already.
    if (!checked.has(key) && !equalBytes(merkleRoot(layer, height), piecesRoot)) wrong(piecesRoot, 'has another root')
    checked.set(key, layer)
  }
  return checked
}

function wrong(root: Uint8Array, what: string): never {
  throw new InputError('TORRENT_PIECE_LAYER', `the piece layer of ${toHex(root)} ${what}`)
}
