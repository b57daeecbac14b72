// The file list of v1 (BEP 3): either one `length`, or `files` in order.

import { type BencodeDict, isDict, listAt } from '@torrential/bencode'
import { InputError } from '@torrential/primitives'
import { type ListedFile, readElements, readListedFile } from './listed-file.ts'

/** Files in the torrent's order; whether they lie in a directory of the torrent's name. */
export interface FileList {
  readonly files: readonly ListedFile[]
  readonly isMultiFile: boolean
}

/**
 * @param name raw name of the torrent: the path of a single file
 * @throws InputError `TORRENT_FILES` (no list, an entry that is no dictionary, both forms at once), `TORRENT_PATH`,
 * `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function readV1Files(info: BencodeDict, name: Uint8Array): FileList {
  if (!info.has('files')) return { files: [readListedFile(info, [name])], isMultiFile: false }
  if (info.has('length')) throw new InputError('TORRENT_FILES', 'a length of the torrent beside a list of files')
  const entries = listAt(info, 'files')
  if (entries === undefined || entries.length === 0) throw new InputError('TORRENT_FILES', 'files is no list of files')
  const files = entries.map((entry) => {
    if (!isDict(entry)) throw new InputError('TORRENT_FILES', 'an entry of files is no dictionary')
    const key = isUtf8PathThere(entry) ? 'path.utf-8' : 'path'
    return readListedFile(entry, readElements(entry, key, 'TORRENT_PATH'))
  })
  return { files, isMultiFile: true }
}

/** Old clients wrote `path` in the local code page and the right name beside it. */
function isUtf8PathThere(entry: BencodeDict): boolean {
  const list = listAt(entry, 'path.utf-8')
  return list !== undefined && list.length > 0
}
