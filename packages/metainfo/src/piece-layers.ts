// Piece layers (BEP 52): for each file longer than a piece the hashes of its pieces. They lie outside of the info dictionary,
// so nothing vouches for them except the file's root: a layer that does not hash to it is refused, and so is one that
// belongs to no file.

import { type BencodeDict, isBytes } from '@torrential/bencode'
import { BLOCK_LENGTH, equalBytes, InputError, toHex, toLatin1 } from '@torrential/primitives'
import type { ListedFile } from './listed-file.ts'
import { HASH_LENGTH, merkleRoot } from './merkle.ts'

/**
 * The layers that `files` need, by root in latin1. A layer of a file that fits into one piece is left out.
 *
 * @throws InputError `TORRENT_PIECE_LAYER_MISSING` (unless `allowMissing`), `TORRENT_PIECE_LAYER_LENGTH` when one has not a hash
 * for each piece, `TORRENT_PIECE_LAYER` when one does not hash to its root, `TORRENT_PIECE_LAYER_SURPLUS` when no file has the
 * root, `TORRENT_PIECES_ROOT` when files of different lengths have one root
 */
export function checkPieceLayers(
  files: readonly ListedFile[],
  layers: BencodeDict | ReadonlyMap<string, Uint8Array>,
  pieceLength: number,
  allowMissing: boolean,
): ReadonlyMap<string, Uint8Array> {
  const checked = new Map<string, Uint8Array>()
  const lengths = new Map<string, number>()
  const height = Math.log2(pieceLength / BLOCK_LENGTH)
  for (const { length, piecesRoot } of files) {
    if (piecesRoot === undefined) continue
    const key = toLatin1(piecesRoot)
    // Files of the same content share a root, and then a layer that was checked already.
    const known = lengths.get(key)
    if (known === length) continue
    if (known !== undefined) wrong('TORRENT_PIECES_ROOT', piecesRoot, 'belongs to files of different lengths')
    lengths.set(key, length)
    const layer = layers.get(key)
    if (length <= pieceLength || (layer === undefined && allowMissing)) continue
    if (!isBytes(layer)) wrong('TORRENT_PIECE_LAYER_MISSING', piecesRoot, 'has no piece layer')
    if (layer.length !== Math.ceil(length / pieceLength) * HASH_LENGTH) {
      wrong('TORRENT_PIECE_LAYER_LENGTH', piecesRoot, 'has a piece layer of the wrong length')
    }
    if (!equalBytes(merkleRoot(layer, height), piecesRoot)) {
      wrong('TORRENT_PIECE_LAYER', piecesRoot, 'is not what its piece layer hashes to')
    }
    checked.set(key, layer)
  }
  for (const key of layers.keys()) {
    if (!lengths.has(key)) throw new InputError('TORRENT_PIECE_LAYER_SURPLUS', 'a piece layer that no file has')
  }
  return checked
}

function wrong(code: string, root: Uint8Array, what: string): never {
  throw new InputError(code, `the root ${toHex(root)} ${what}`)
}
