// A hybrid torrent lists its files twice. Both lists must be the same files in the same order, and padding must put every
// file on a piece of its own, otherwise v1 and v2 peers would be given different data under one name (BEP 52).

import { InputError } from '@torrential/primitives'
import type { ListedFile } from './listed-file.ts'
import type { FileList } from './v1-files.ts'

/**
 * The v1 list (padding included) with the pieces roots of the v2 tree.
 * @throws InputError `TORRENT_HYBRID` when the lists differ or a file does not start on a piece
 */
export function mergeHybrid(v1: FileList, v2: FileList, pieceLength: number): FileList {
  // The other way round says nothing: v2 cannot tell a folder with one file of its own name from that file alone.
  if (!v1.isMultiFile && v2.isMultiFile) disagree('v1 is a single file and v2 is not')
  let at = 0
  let position = 0
  const files = v1.files.map((file): ListedFile => {
    const start = at
    at += file.length
    if (file.pad) return file
    const twin = v2.files[position++]
    if (twin === undefined || !isSameFile(file, twin)) disagree(`file ${position - 1} is not the same in both`)
    if (file.length > 0 && start % pieceLength !== 0) disagree(`file ${position - 1} does not start on a piece`)
    return twin.piecesRoot === undefined ? file : { ...file, piecesRoot: twin.piecesRoot }
  })
  if (position !== v2.files.length) disagree('v2 lists more files')
  return { files, isMultiFile: v1.isMultiFile }
}

function isSameFile(a: ListedFile, b: ListedFile): boolean {
  if (a.length !== b.length || (a.symlink === undefined) !== (b.symlink === undefined)) return false
  return isSamePath(a.elements, b.elements) && isSamePath(a.symlink ?? [], b.symlink ?? [])
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((element, i) => element === b[i])
}

function disagree(what: string): never {
  throw new InputError('TORRENT_HYBRID', `the file lists of v1 and v2 disagree: ${what}`)
}
