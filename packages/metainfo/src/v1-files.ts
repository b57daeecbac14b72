// The file list of v1 (BEP 3): either one `length`, or `files` in order.

import { type BencodeDict, decodeItems, isDict, listAt } from '@torrential/bencode'
import { InputError, toLatin1 } from '@torrential/primitives'
import { type ListedFile, readElements, readListedFile } from './listed-file.ts'

/** Files in the torrent's order; whether they lie in a directory of the torrent's name. */
export interface FileList {
  readonly files: readonly ListedFile[]
  readonly isMultiFile: boolean
}

/**
 * @param list the encoded value of `files`, which `info` is without; `undefined` when there is none
 * @param name raw name of the torrent: the path of a single file
 * @throws InputError `TORRENT_FILES` (no list, an entry that is no dictionary, both forms at once), `TORRENT_FILE_COUNT`, `TORRENT_PATH`,
 * `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function readV1Files(
  info: BencodeDict,
  list: Uint8Array | undefined,
  name: Uint8Array,
  maxFiles: number,
): FileList {
  if (list === undefined) return { files: [readListedFile(info, [toLatin1(name)])], isMultiFile: false }
  if (info.has('length')) throw new InputError('TORRENT_FILES', 'a length of the torrent beside a list of files')
  const files: ListedFile[] = []
  for (const entry of decodeItems(list) ?? []) {
    if (!isDict(entry)) throw new InputError('TORRENT_FILES', 'an entry of files is no dictionary')
    if (files.length >= maxFiles) throw new InputError('TORRENT_FILE_COUNT', `more than ${maxFiles} files`)
    const key = isUtf8PathThere(entry) ? 'path.utf-8' : 'path'
    files.push(readListedFile(entry, readElements(entry, key, 'TORRENT_PATH')))
  }
  if (files.length === 0) throw new InputError('TORRENT_FILES', 'files is no list of files')
  return { files, isMultiFile: true }
}

/** Old clients wrote `path` in the local code page and the right name beside it. */
function isUtf8PathThere(entry: BencodeDict): boolean {
  const list = listAt(entry, 'path.utf-8')
  return list !== undefined && list.length > 0
}
