// The files of a torrent as a storage is given them, and which of them are never on disk.

import { type Geometry, InputError } from '@torrential/primitives'
import { extentOf } from './piece-extent.ts'
import { checkRelativePath } from './root-directory.ts'

/** A file of the torrent, at the same index as in `Geometry.files`. */
export interface StoredFile {
  /** Relative to the root, `/` between the elements; safe, as metainfo makes it. Not used for padding. */
  readonly path: string
  /** Padding (BEP 47) is never on disk. @default what the geometry says */
  readonly pad?: boolean
  /** A symbolic link of the torrent (BEP 47): neither made nor followed. Such files are empty. */
  readonly symlink?: string
}

/**
 * 1 for each file that is never on disk: padding, and links.
 * @throws InputError `STORAGE_FILES` (not one file per file of the geometry), `STORAGE_PATH` (not safe)
 */
export function padsOf(files: readonly StoredFile[], geometry: Geometry): Uint8Array {
  if (files.length !== geometry.files.length) {
    throw new InputError('STORAGE_FILES', `${geometry.files.length} files expected, not ${files.length}`)
  }
  const pads = new Uint8Array(files.length)
  for (let index = 0; index < files.length; index++) {
    const { path, pad, symlink } = files[index] as StoredFile
    if (symlink !== undefined || (pad ?? extentOf(geometry, index).pad)) pads[index] = 1
    else checkRelativePath(path)
  }
  return pads
}

/** Whether there is a piece of which no byte is ever on disk. */
export function hasPieceOfPads(pads: Uint8Array, geometry: Geometry): boolean {
  const { kind, pieceCount, pieceLength } = geometry
  // In v2 a file has pieces of its own.
  const least = kind === 'v2' ? 1 : pieceLength
  let run = 0
  for (let file = pads.indexOf(1); file >= 0 && file < pads.length; file++) {
    const { length } = extentOf(geometry, file)
    if (length === 0) continue
    run = pads[file] === 1 ? run + length : 0
    // A run of more than that covers a piece only where it begins with one; to take it for one that does is safe.
    if (run >= least) return true
  }
  const last = geometry.piece(pieceCount - 1)
  return last !== undefined && run >= geometry.lengthOf(last)
}
