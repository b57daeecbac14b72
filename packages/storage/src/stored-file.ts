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
